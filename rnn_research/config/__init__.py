"""Configs: fields that are declared once, beside the code that reads them, and the flat form in which they are told."""

from rnn_research.config.field import Field, Section, check, declared, values

__all__ = ["Field", "Section", "check", "declared", "values"]
