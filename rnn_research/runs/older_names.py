"""Checkpoints of older versions, as this version would name their arrays: nothing else knows the older names.

As with ``MIGRATIONS``, what is there is never changed: checkpoints of every age are read through all of it.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

Leaf = TypeVar("Leaf")

RENAMED = (
    # The readout of a network that answers once, which was a language model with one target.
    (".w_HV", ".w_HK"),
    (".b_V", ".b_K"),
)
"""Ends of names, then and now; right where today's name is wanted and the older one is not."""

GONE = (".carry",)
"""Parts that were stored for every model and are wanted of some alone."""


def of_today(stored: Mapping[str, Leaf], wanted: Collection[str]) -> dict[str, Leaf]:
    """Arrays by the names that are wanted, without those that nothing reads any more.

    Args:
      stored: by their path in the state, or in a part of it.
      wanted: the paths that this version looks for.
    """
    gone = tuple(part for part in GONE if not any(name.startswith(part) for name in wanted))
    return {_now(name, wanted): leaf for name, leaf in stored.items() if not (gone and name.startswith(gone))}


def _now(name: str, wanted: Collection[str]) -> str:
    for then, now in RENAMED:
        today = name.removesuffix(then) + now
        if name.endswith(then) and name not in wanted and today in wanted:
            return today
    return name
