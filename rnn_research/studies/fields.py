"""What a study asks of its own fields, ``config.analysis``, before it begins."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import UserError, at_least, one_of
from rnn_research.studies.measuring import STATES
from rnn_research.studies.networks import NETWORKS
from rnn_research.tasks.synthetic.generated import LONGEST
from rnn_research.training.typed import LARGEST, check_value

FLAG = "--config.analysis."
MOST_SEEDS = 1000
MOST_VALUES = 1000  # of a list: each is trained or measured
MOST_SEQUENCES = 100_000


def need(config: ConfigDict, *names: str) -> None:
    """Refuses a config that lacks fields of the study.

    Raises:
      UserError: naming them.
    """
    if lacking := [name for name in names if name not in config.analysis]:
        study = config.analysis.get("study", "anatomy")
        raise UserError(f"{FLAG[:-1]} lacks {', '.join(lacking)}: take configs/gradient_flow.py:{study}")


def whole(config: ConfigDict, name: str, low: int, high: int) -> int:
    """A whole number of ``config.analysis`` within its bounds.

    Raises:
      UserError: for anything else.
    """
    need(config, name)
    value = config.analysis[name]
    check_value(FLAG + name, value, 1)
    at_least(FLAG + name, value, low, high)
    return value


def seeds(config: ConfigDict) -> int:
    """How many seeds each point has."""
    count = whole(config, "seeds", 1, MOST_SEEDS)
    if config.seed + count - 1 >= 2**31:
        raise UserError(f"--config.seed={config.seed} with {FLAG}seeds={count} goes beyond {2**31 - 1}: lower it")
    return count


def numbers(flag: str, values: Any, low: float = -LARGEST, high: float = LARGEST) -> list[float]:
    """A list of different numbers within bounds.

    Raises:
      UserError: for anything else, naming the flag and the value at fault.
    """
    found = listed(flag, values, 1.0)
    for value in found:
        at_least(flag, value, low, high)
    return found


def wholes(flag: str, values: Any, low: int, high: int = LONGEST) -> list[int]:
    """A list of different whole numbers within bounds.

    Raises:
      UserError: for anything else, naming the flag and the value at fault.
    """
    found = listed(flag, values, 1)
    for value in found:
        at_least(flag, value, low, high)
    return found


def names(flag: str, values: Any, known: Iterable[str]) -> list[str]:
    """A list of different known names.

    Raises:
      UserError: for anything else, naming the flag and the value at fault.
    """
    found, known = listed(flag, values, ""), list(known)
    for value in found:
        one_of(flag, value, known)
    return found


def networks(config: ConfigDict) -> list[str]:
    """The networks that are set side by side."""
    need(config, "networks")
    return names(f"{FLAG}networks", config.analysis.networks, NETWORKS)


def pairs(flag: str, values: Any, known: Iterable[str], low: float = 0.0) -> dict[str, float]:
    """A list of pairs of a known name and a number, no name twice; it may be empty.

    Raises:
      UserError: for anything else, naming the flag and the pair at fault.
    """
    example = f"as in {flag}=(('{next(iter(known := list(known)))}', 0.1),)"
    if not isinstance(values, tuple | list):
        raise UserError(f"{flag}={values!r} must be a list of pairs, {example}")
    for pair in values:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise UserError(f"{flag}: {pair!r} must be a pair of a name and a number, {example}")
        one_of(flag, pair[0], known)
        check_value(f"{flag}: {pair[0]}", pair[1], 1.0)
        at_least(f"{flag}: {pair[0]}", pair[1], low)
    found = dict(values)
    if len(found) < len(values):
        raise UserError(f"{flag}={_shown(values)} has a name twice: leave one out")
    return found


def listed(flag: str, values: Any, like: Any) -> list[Any]:
    """A list that is not empty, of values of one type, none of them twice.

    Raises:
      UserError: for anything else, naming the flag and the value at fault.
    """
    example = {str: "('elman', 'gru')", int: "(10, 20)", float: "(0.5, 1.0)"}[type(like)]
    if not isinstance(values, tuple | list):
        raise UserError(f"{flag}={str(values)[:80]!r} must be a list, as in {flag}={example}")
    if not values:
        raise UserError(f"{flag}=() is empty: give at least one, as in {flag}={example}")
    if len(values) > MOST_VALUES:
        raise UserError(f"{flag} has {len(values):,} values, at most {MOST_VALUES:,} can be had")
    for value in values:
        check_value(flag, value, like)
    if len(set(values)) < len(values):
        raise UserError(f"{flag}={_shown(values)} has a value twice: leave one out")
    return list(values)


def share(flag: str, value: Any) -> None:
    """Refuses what is not above 0 and at most 1.

    Raises:
      UserError: naming the flag.
    """
    check_value(flag, value, 1.0)
    if not 0 < value <= 1:
        raise UserError(f"{flag}={value} must be above 0 and at most 1")


def measured(config: ConfigDict) -> None:
    """The fields of the sequences that are measured.

    Raises:
      UserError: naming the field.
    """
    need(config, "state", "sequences_seed")
    whole(config, "length", 0, LONGEST)
    whole(config, "sequences", 1, MOST_SEQUENCES)
    check_value(f"{FLAG}sequences_seed", config.analysis.sequences_seed, 1)
    check_value(f"{FLAG}state", config.analysis.state, "h")
    one_of(f"{FLAG}state", config.analysis.state, STATES)


@contextlib.contextmanager
def within(flag: str) -> Iterator[None]:
    """What is refused within comes of a value of this list."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{flag}: {error}") from error


def cadence(config: ConfigDict, steps: int, flag: str = "--config.training.steps") -> None:
    """Refuses training that would end before it is first looked at.

    Raises:
      UserError: naming both numbers.
    """
    every = config.evaluation.every
    at_least("--config.evaluation.every", every, 1)
    if steps < every:
        raise UserError(
            f"{flag}={steps} is below --config.evaluation.every={every}, so that nothing would be measured: "
            "raise it, or evaluate more often"
        )


def _shown(values: Sequence[Any]) -> str:
    text = repr(tuple(values))
    return text if len(text) <= 80 else text[:80] + "..."
