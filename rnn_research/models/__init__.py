"""What is built from unrolled cells; ``MODELS`` maps each name to its builder, the batches and the fields it reads."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_research.config import Section
from rnn_research.models import classifier, language_model, recurrent
from rnn_research.models.model import Model


class ModelKind(NamedTuple):
    """A model as it is registered.

    Attributes:
      build: ``(model section, interface, dtype) -> Model``.
      reads: the types of batches that it can read.
      fields: of its section, but for its name.
    """

    build: Callable[..., Model]
    reads: tuple[type, ...]
    fields: Section = recurrent.FIELDS


MODELS: dict[str, ModelKind] = {
    "language_model": ModelKind(language_model.language_model, language_model.READS),
    "classifier": ModelKind(classifier.classifier, classifier.READS),
}


def reader_of(batch: type) -> str:
    """The model that reads batches of a type, the first of those that can; empty where there is none."""
    return next((name for name, kind in MODELS.items() if batch in kind.reads), "")


__all__ = ["MODELS", "Model", "ModelKind", "reader_of"]
