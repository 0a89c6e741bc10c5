"""What a sweep varies: a field of the config and the values that it takes.

model.cell=elman,lstm,gru                 words, numbers or switches, typed as the config's default
task.path="a, b.txt",c.txt                double quotes around a value that holds a comma
seed=0:5                                  whole numbers 0, 1, 2, 3, 4; 0:10:2 is every second
optimizer.learning_rate=log(1e-4,1e-2,5)  5 numbers at equal ratios; lin(a,b,n): at equal distances
optimizer.learning_rate=log(1e-4,1e-2)    any number between, where points are drawn or searched for
"""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rnn_research.errors import UserError, nearest_field
from rnn_research.quoting import listed, parted

DIGITS = 6  # significant ones of a value that is computed, so that it can be read, named and typed again
MOST_VALUES = 100_000  # of an axis
DIGITS_READ = 20  # of a whole number: more are refused all the same
SPAN = re.compile(r"(log|lin)\((.*)\)")
RANGE = re.compile(r"([+-]?\d+):([+-]?\d+)(?::([+-]?\d+))?")


class Span(NamedTuple):
    """Any number from ``low`` to ``high``, evenly spread in itself (lin) or in its logarithm (log)."""

    scale: str
    low: float
    high: float

    def at(self, share: float) -> float:
        """The number at a share of the way, of ``DIGITS`` digits."""
        if self.scale == "log":
            value = math.exp(math.log(self.low) * (1 - share) + math.log(self.high) * share)
        else:
            value = self.low * (1 - share) + self.high * share
        return rounded(value)


class Axis(NamedTuple):
    """A field and its values; ``values`` is empty where only a span is given."""

    field: str
    values: tuple[Any, ...]
    span: Span | None = None
    whole: bool = False


def rounded(value: float) -> float:
    """The number in ``DIGITS`` digits."""
    return float(f"{value:.{DIGITS}g}")


def parse(text: str, defaults: Mapping[str, Any], flag: str = "--axis") -> Axis:
    """Reads ``FIELD=VALUES``.

    Args:
      text: as it was typed.
      defaults: the config's fields, flat, whose types the values must have.
      flag: that it was given with.

    Raises:
      UserError: for a field that is none, values of another type, or none at all.
    """
    shown = f"{flag}={text}"
    field, equals, given = text.partition("=")
    if not equals:
        raise UserError(f"{shown} has no values: give FIELD=VALUES, as in {flag}=seed=0:5")
    default = default_of(field, defaults, shown)
    if not given:
        raise UserError(f"{shown} has no values: give some, as in {flag}=seed=0:5")
    number = isinstance(default, int | float) and not isinstance(default, bool)
    if number and (match := SPAN.fullmatch(given)):
        span, count = _span(match[1], match[2], shown)
        values = [span.at(share) for share in _shares(count)]
        whole = isinstance(default, int)
        if whole:  # rounding may bring two together
            values = list(dict.fromkeys(round(v) for v in values))
        return Axis(field, tuple(values), span, whole)
    if isinstance(default, int) and number and (match := RANGE.fullmatch(given)):
        first, last, step = (int(m[:DIGITS_READ]) if m is not None else 1 for m in match.groups())
        count = max(0, -((first - last) // step)) if step else 0
        if count > MOST_VALUES:
            raise UserError(f"{shown} has {count:,} values, at most {MOST_VALUES:,} are planned: give fewer")
        values = list(range(first, last, step)) if step else []
        if not values:
            raise UserError(f"{shown} is an empty range: the last number is not part of it, as in {flag}=seed=0:5")
        return Axis(field, tuple(typed(v, default, shown) for v in values))
    return Axis(field, tuple(_read(v, default, shown) for v in listed(given)))


def parse_zipped(text: str, defaults: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Reads ``FIELD=VALUES;FIELD=VALUES``: axes that walk together.

    Raises:
      UserError: as ``parse``, and for axes of different lengths.
    """
    axes = tuple(parse(part, defaults, "--zip") for part in parted(text, ";"))
    lengths = [len(axis.values) for axis in axes]
    if len(set(lengths)) > 1:
        counts = ", ".join(f"{axis.field} has {n}" for axis, n in zip(axes, lengths, strict=True))
        raise UserError(f"--zip={text}: axes that walk together need as many values each; {counts}")
    return axes


def default_of(field: str, defaults: Mapping[str, Any], shown: str) -> Any:
    """The default of a field that a sweep may vary.

    Raises:
      UserError: if there is no such field, or it holds a list.
    """
    if field not in defaults:
        if any(known.startswith(f"{field}.") for known in defaults):
            raise UserError(f"{shown}: {field} is a section of the config, not a field: name one of its fields")
        raise UserError(f"{shown}: {field!r} is no field of the config{nearest_field(field, defaults)}")
    if not isinstance(defaults[field], bool | int | float | str):
        raise UserError(f"{shown}: {field} holds a list, a sweep varies numbers, words and switches")
    return defaults[field]


def typed(value: Any, default: Any, shown: str) -> Any:
    """The value in the type of the default; a whole number will do where a number is asked for.

    Raises:
      UserError: for another type.
    """
    if isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default) or value != value:
        raise UserError(f"{shown}: {value!r} must be {_kind(default)}, like {default!r}")
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise UserError(f"{shown}: {value} must lie between {-(2**31)} and {2**31 - 1}")
    return value


def _read(text: str, default: Any, shown: str) -> Any:
    """A value as it was typed on the command line."""
    value: Any = text
    try:
        if isinstance(default, bool):
            value = {"true": True, "false": False}.get(text.lower(), text)
        elif isinstance(default, int | float):
            value = float(text) if isinstance(default, float) else int(text)
    except ValueError:
        pass
    return typed(value, default, shown)


def _kind(default: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    return kinds[type(default)]


def _span(scale: str, inside: str, shown: str) -> tuple[Span, int]:
    """The span of ``scale(low,high[,n])``, and n or 0."""
    parts = inside.split(",")
    try:
        low, high = float(parts[0]), float(parts[1])
        count = int(parts[2]) if len(parts) == 3 else 0
        if count > MOST_VALUES:
            raise UserError(f"{shown} has {count:,} values, at most {MOST_VALUES:,} are planned: give fewer")
        if len(parts) > 3 or not math.isfinite(high - low) or (len(parts) == 3 and count < 1):
            raise ValueError
    except (ValueError, IndexError) as error:
        raise UserError(f"{shown}: give {scale}(LOW,HIGH,N), as in {scale}(1e-4,1e-2,5)") from error
    if not low < high or (scale == "log" and low <= 0):
        above = " and above 0" if scale == "log" else ""
        raise UserError(f"{shown}: the first number of {scale}(LOW,HIGH,N) must be below the second{above}")
    return Span(scale, low, high), count


def _shares(count: int) -> list[float]:
    return [float(s) for s in np.linspace(0, 1, count)]
