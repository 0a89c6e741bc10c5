"""What is built from unrolled cells; ``MODELS`` maps each name to its builder."""

from collections.abc import Callable

from rnn_research.models.language_model import language_model
from rnn_research.models.model import Model

MODELS: dict[str, Callable[..., Model]] = {"language_model": language_model}

__all__ = ["MODELS", "Model"]
