"""Fields that studies have in common in ``config.analysis``, and what is asked of them together."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config import Field, Section, check
from rnn_research.errors import UserError, at_least
from rnn_research.studies.networks import NETWORKS
from rnn_research.tasks.synthetic.generated import LONGEST

MOST_SEQUENCES = 100_000
STATES = ("h", "c")


def seeds_of_each(count: int) -> Section:
    """How many seeds every point has."""
    return {"seeds": Field(count, "of every point", low=1, high=1000)}


def sequences(length: int, count: int) -> Section:
    """The sequences that are measured, and how.

    Args:
      length: of each.
      count: how many.
    """
    return {
        "length": Field(length, "time steps of the sequences that are measured", low=0, high=LONGEST),
        "sequences": Field(count, "that are measured", low=1, high=MOST_SEQUENCES),
        "sequences_seed": Field(0, "that they are drawn with"),
        "state": Field("h", "whose gradient is followed", choices=STATES),
    }


def networks(*names: str, rates: tuple[tuple[str, float], ...]) -> Section:
    """The networks that are set side by side.

    Args:
      names: keys of ``NETWORKS``.
      rates: learning rates of those that need one of their own.
    """
    return {
        "networks": Field(names, "that are set side by side", choices=NETWORKS),
        "rates": Field(
            rates,
            "learning rates of those that need one of their own",
            choices=NETWORKS,
            pairs=True,
            may_be_empty=True,
            low=0,
        ),
    }


def solved(value: float, help: str) -> Section:
    """Below which validation objective a network has learned its task."""
    return {"solved": Field(value, help, above=0, high=1)}


def checked(study: str, section: Section, analysis: Mapping[str, Any] | ConfigDict) -> None:
    """Refuses an ``analysis`` section that lacks a field of the study, or has one that cannot be.

    Raises:
      UserError: naming the field, its value and what would be right.
    """
    if lacking := [f"analysis.{name}" for name in section if name not in analysis]:
        raise UserError(f"the config lacks {', '.join(lacking)}: take configs/gradient_flow.py:{study}")
    check(section, analysis, "analysis.")


def seeds(config: ConfigDict) -> None:
    """Refuses seeds beyond those that there are."""
    count = config.analysis.seeds
    if config.seed + count - 1 >= 2**31:
        raise UserError(f"seed={config.seed} with analysis.seeds={count} goes beyond {2**31 - 1}: lower it")


@contextlib.contextmanager
def within(name: str) -> Iterator[None]:
    """What is refused within comes of a value of this list."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{name}: {error}") from error


def cadence(config: ConfigDict, steps: int, name: str = "training.steps") -> None:
    """Refuses training that would end before it is first looked at.

    Raises:
      UserError: naming both numbers.
    """
    every = config.evaluation.every
    at_least("evaluation.every", every, 1)
    if steps < every:
        raise UserError(
            f"{name}={steps} is below evaluation.every={every}, so that nothing would be measured: "
            "raise it, or evaluate more often"
        )
