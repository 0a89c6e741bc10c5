"""Errors that a user can cause, told apart from errors that we cause."""

import difflib
import math
from collections.abc import Iterable


class UserError(Exception):
    """The call was wrong: one line with the flag, the value and the remedy; exit status 2."""


class RunFailed(Exception):
    """The run itself failed (say, a loss that is not finite): one line; exit status 1."""


def one_of(flag: str, value: str, known: Iterable[str]) -> str:
    """Returns ``value`` if it is known.

    Raises:
      UserError: otherwise, with the nearest known name and the whole list.
    """
    names = sorted(known)
    if value in names:
        return value
    raise UserError(f"{flag}={value!r} is unknown{nearest(value, names)}; known: {', '.join(names)}")


def nearest(value: str, known: Iterable[str]) -> str:
    """``", did you mean 'lstm'?"``, or nothing when no known name is near."""
    matches = difflib.get_close_matches(str(value), list(known), n=1, cutoff=0.5)
    return f", did you mean {matches[0]!r}?" if matches else ""


def nearest_field(field: str, known: Iterable[str]) -> str:
    """As ``nearest``, for dotted names: where the section is left out or wrong, last names are compared."""
    fields = list(known)
    if suggestion := nearest(field, fields):
        return suggestion
    by_name = {name.rsplit(".", 1)[-1]: name for name in fields}
    matches = difflib.get_close_matches(field.rsplit(".", 1)[-1], by_name, n=1, cutoff=0.5)
    return f", did you mean {by_name[matches[0]]!r}?" if matches else ""


def share(flag: str, value: float) -> None:
    """Refuses what is no probability.

    Raises:
      UserError: naming the flag; also for nan.
    """
    if not 0 <= value <= 1:
        raise UserError(f"{flag}={value} must be between 0 and 1")


def at_least(flag: str, value: float, low: float, high: float = math.inf) -> None:
    """Refuses a value below ``low``, above ``high`` or not finite.

    Raises:
      UserError: naming the flag and the bounds.
    """
    if low <= value <= high and value < math.inf:
        return
    most = f" and at most {high:,}" if high < math.inf else " and finite" if value == math.inf else ""
    raise UserError(f"{flag}={value} must be at least {low:,}{most}")
