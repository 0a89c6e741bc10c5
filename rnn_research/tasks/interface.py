"""What kind of answer a task asks for: all that a model must know of it to be built and scored."""

from typing import NamedTuple


class Answer(NamedTuple):
    """Of every step that asks, or of the sequence.

    Attributes:
      kind: ``symbols`` (of the text that is read), ``classes`` or ``numbers``.
      size: how many of them: V, or K.
      whole: of classes, whether a sequence counts as one answer, wrong if any of its answers is.
      tolerance: of numbers: a sequence is right if none is further off than this.
    """

    kind: str
    size: int
    whole: bool = False
    tolerance: float = 0.0


class Interface(NamedTuple):
    """What passes between a task and a model.

    Attributes:
      batch: the type of its batches.
      inputs: features of the input; symbols are read one-hot.
      answer: what is asked for.
    """

    batch: type
    inputs: int
    answer: Answer


def symbols(V: int) -> Answer:
    """The next of V symbols."""
    return Answer("symbols", V)


def classes(K: int, whole: bool = False) -> Answer:
    """One of K classes."""
    return Answer("classes", K, whole=whole)


def numbers(K: int, tolerance: float) -> Answer:
    """K numbers, right within a tolerance."""
    return Answer("numbers", K, tolerance=tolerance)
