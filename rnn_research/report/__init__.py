"""Figures and self-contained pages, made from result files alone."""
