"""A field of a config, declared once: its default, a line of help, what it may be, and whether it may differ in a pack.

    FIELDS = {
        "cell": Field("lstm", "what stands at every step", choices=CELLS),
        "dropout": Field(0.0, "share of a layer's outputs that is left out", low=0, below=1, free=True),
        "init": {"forget_bias": Field(1.0, "added to the forget gate's bias", free=True)},
    }

A section is a dictionary of fields and of sections. From it come the defaults,
the checks, the help and what a pack may vary.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rnn_research.config.flat import flatten
from rnn_research.errors import UserError, nearest_field, one_of

LARGEST = float(np.finfo(np.float32).max)
MOST_ENTRIES = 1000  # of a list: each is trained or measured
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
EXAMPLES = {str: "('elman', 'gru')", int: "(10, 20)", float: "(0.5, 1.0)"}


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
      default: its value where nothing else is said; what is given must be of its type. A tuple is a list of
        different values of the type of its first, or of pairs of a name and a number.
      help: what it is, in one line.
      low, above: numbers below ``low``, or not above ``above``, are refused.
      high, below: numbers above ``high``, or not below ``below``, are refused.
      choices: the names that it may have; of a list, that its entries may have.
      pairs: whether it is a list of pairs of a name and a number, within the bounds.
      may_be_empty: whether a list may have no entry.
      free: whether members of a pack may differ in it, since it is an argument of the program.
      zero_apart: of a free number, whether zero makes a program of its own.
    """

    default: Any
    help: str
    _: KW_ONLY
    low: float = -math.inf
    above: float = -math.inf
    high: float = math.inf
    below: float = math.inf
    choices: Iterable[str] | None = None
    pairs: bool = False
    may_be_empty: bool = False
    free: bool = False
    zero_apart: bool = False

    def check(self, name: str, value: Any) -> None:
        """Refuses a value that the field cannot have.

        Args:
          name: of the field.
          value: that it is given.

        Raises:
          UserError: with the name, the value and what would be right.
        """
        self.check_type(name, value)
        if not isinstance(self.default, tuple | list):
            self._check_one(name, value)
            return
        example = f"as in {name}={_written(self.default) if self.default else self._example()}"
        if not value and not self.may_be_empty:
            raise UserError(f"{name}=() is empty: give at least one, {example}")
        if len(value) > MOST_ENTRIES:
            raise UserError(f"{name} has {len(value):,} values, at most {MOST_ENTRIES:,} can be had")
        for entry in value:
            if self.pairs:
                if not (isinstance(entry, tuple | list) and len(entry) == 2 and isinstance(entry[0], str)):
                    raise UserError(f"{name}: {entry!r} must be a pair of a name and a number, {example}")
                one_of(name, entry[0], self.choices or (entry[0],))
                check_type(f"{name}: {entry[0]}", entry[1], 1.0)
                self._check_bounds(f"{name}: {entry[0]}", entry[1])
            else:
                check_type(name, entry, self.default[0])
                self._check_one(name, entry)
        distinct = {entry[0] for entry in value} if self.pairs else set(value)
        if len(distinct) < len(value):
            raise UserError(f"{name}={_written(value)} has a {'name' if self.pairs else 'value'} twice: leave one out")

    def check_type(self, name: str, value: Any) -> None:
        """Refuses a value of another type than the default's.

        Raises:
          UserError: as ``check``.
        """
        if not isinstance(self.default, tuple | list):
            check_type(name, value, self.default)
        elif not isinstance(value, tuple | list):
            raise UserError(f"{name}={str(value)[:80]!r} must be a list, as in {name}={self._example()}")

    def _example(self) -> str:
        if not self.pairs:
            return EXAMPLES[type(self.default[0])]
        return f"(({next(iter(self.choices or ('name',)))!r}, 0.1),)"

    def _check_one(self, name: str, value: Any) -> None:
        if self.choices is not None and isinstance(value, str):
            one_of(name, value, self.choices)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._check_bounds(name, value)

    def _check_bounds(self, name: str, value: float) -> None:
        if self.low <= value <= self.high and (value > self.above or self.above == -math.inf) and value < self.below:
            return
        ends = [f"{word} {end:,}" for word, end in _named(self) if math.isfinite(end)]
        raise UserError(f"{name}={value} must be {' and '.join(ends)}")


Section = Mapping[str, "Field | Section"]
"""Fields and sections by their names."""


def check_type(name: str, value: Any, default: Any) -> None:
    """Refuses a value of another type than a default's, and a number that float32 or int32 cannot hold.

    Raises:
      UserError: with the name, the value and what would be right.
    """
    shown = f"{name}={str(value)[:80]!r}" if isinstance(value, str) else f"{name}={str(value)[:80]}"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if isinstance(default, float) else type(value) is type(default)
    if not fits:
        like = "" if default == "" else f", like {default!r}"
        raise UserError(f"{shown} must be {KINDS[type(default)]}{like}")
    if number and not math.isfinite(value):
        raise UserError(f"{shown} must be finite, like {default!r}")
    if isinstance(default, float) and abs(value) > LARGEST:
        raise UserError(f"{shown} must be at most {LARGEST:.1e} in size, the largest number in float32")
    if isinstance(default, int) and not isinstance(default, bool) and not -(2**31) <= value < 2**31:
        raise UserError(f"{shown} must lie between {-(2**31)} and {2**31 - 1}")


def declared(section: Section, prefix: str = "") -> dict[str, Field]:
    """``{"model.hidden": its field, ...}``."""
    return dict(_walk(section, prefix))


def values(section: Section) -> ConfigDict:
    """The defaults of a section, as a config."""
    return ConfigDict(
        {name: part.default if isinstance(part, Field) else values(part) for name, part in section.items()}
    )


def check(section: Section, config: Mapping[str, Any] | ConfigDict, prefix: str = "") -> None:
    """Refuses a config that lacks a field of a section, or has one that cannot be; of others nothing is said.

    Args:
      section: the fields.
      config: that is to have them.
      prefix: of their names, ``"task."`` say.

    Raises:
      UserError: naming the field, its value and what would be right.
    """
    given = flatten(config, prefix)
    for name, field in declared(section, prefix).items():
        if name not in given:
            raise UserError(f"{prefix.rstrip('.') or 'the config'} lacks {name}: begin with the defaults")
        field.check(name, given[name])


def refuse_unknown(section: Section, config: Mapping[str, Any] | ConfigDict, prefix: str = "") -> None:
    """Refuses fields that nothing reads.

    Raises:
      UserError: naming the first, and the field that may be meant.
    """
    known = declared(section, prefix)
    for name in flatten(config, prefix):
        if name not in known:
            raise UserError(f"{name} is a field that nothing reads{nearest_field(name, known)}: leave it out")


def _walk(section: Section, prefix: str) -> Iterator[tuple[str, Field]]:
    for name, part in section.items():
        if isinstance(part, Field):
            yield prefix + name, part
        else:
            yield from _walk(part, f"{prefix}{name}.")


def _named(field: Field) -> Iterator[tuple[str, float]]:
    yield from (("at least", field.low), ("above", field.above), ("at most", field.high), ("below", field.below))


def _written(values: Iterable[Any]) -> str:
    text = repr(tuple(values))
    return text if len(text) <= 80 else text[:80] + "..."
