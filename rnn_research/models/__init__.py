"""What is built from unrolled cells; ``MODELS`` maps each name to its builder and the batches that it reads."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_research.models import classifier, language_model
from rnn_research.models.model import Model


class Kind(NamedTuple):
    """``build(model section, interface, dtype) -> Model``, and the types of batches that it can read."""

    build: Callable[..., Model]
    reads: tuple[type, ...]


MODELS: dict[str, Kind] = {
    "language_model": Kind(language_model.language_model, language_model.READS),
    "classifier": Kind(classifier.classifier, classifier.READS),
}

__all__ = ["MODELS", "Kind", "Model"]
