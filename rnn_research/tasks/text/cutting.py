"""Which part of a text trains, validates and tests."""

from typing import Any

from rnn_research.errors import UserError
from rnn_research.tasks.text import corpus as corpora


def cut(corpus: corpora.Corpus, config: Any) -> dict[str, list[tuple[str, bytes]]]:
    """Contiguous train, validation and test parts, in this order, cut inside documents where need be.

    A cut never falls inside a UTF-8 character unless the level is bytes.
    """
    validation, test = config.validation_fraction, config.test_fraction
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise UserError(
            f"task.validation_fraction={validation} and task.test_fraction={test} "
            "must be at least 0 and leave something to train on"
        )
    total = sum(len(d) for d in corpus.documents)
    bounds = {"train": (0, total - int(total * validation) - int(total * test))}
    if validation:
        bounds["validation"] = (bounds["train"][1], total - int(total * test))
    if test:
        bounds["test"] = (total - int(total * test), total)
    return {name: _between(corpus, low, high, config.level != "bytes") for name, (low, high) in bounds.items()}


def shares(config: Any) -> dict[str, float]:
    """What share of a text each part is; parts that are to be empty are left out."""
    train = {"train": 1 - config.validation_fraction - config.test_fraction}
    return train | {name: config[f"{name}_fraction"] for name in ("validation", "test") if config[f"{name}_fraction"]}


def _between(corpus: corpora.Corpus, low: int, high: int, whole_characters: bool) -> list[tuple[str, bytes]]:
    found, start = [], 0
    for name, document in zip(corpus.names, corpus.documents, strict=True):
        a, b = max(low - start, 0), min(high - start, len(document))
        if whole_characters:
            a, b = _character_start(document, a), _character_start(document, b)
        if a < b:
            found.append((name, document[a:b]))
        start += len(document)
    return found


def _character_start(document: bytes, at: int) -> int:
    while 0 < at < len(document) and document[at] & 0b1100_0000 == 0b1000_0000:
        at -= 1
    return at
