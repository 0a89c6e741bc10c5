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
    """As ``nearest``, for dotted names: of those whose last names are near, that which is nearest as a whole."""
    last = lambda name: name.rsplit(".", 1)[-1]  # noqa: E731
    fields = list(known)
    near = set(difflib.get_close_matches(last(field), {last(name) for name in fields}, n=3, cutoff=0.5))
    alike = difflib.get_close_matches(field, [name for name in fields if last(name) in near], n=1, cutoff=0.0)
    return f", did you mean {alike[0]!r}?" if alike else ""


def counted(number: int, thing: str) -> str:
    """``1 symbol``, ``2 symbols``, ``4,402 symbols``: how things are counted in every message and sentence.

    Args:
      number: of things.
      thing: one of them, in a word that takes an s.
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def some_of(number: int, of: int, thing: str, one: str = "is", more: str = "are") -> str:
    """``1 of 6 settings is``, ``3 of 6 settings are``.

    Args:
      number: of them that are meant.
      of: how many there are.
      thing: one of them, in a word that takes an s.
      one: the verb of one.
      more: the verb of none or several.
    """
    return f"{number:,} of {counted(of, thing)} {one if number == 1 else more}"


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
