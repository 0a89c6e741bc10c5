"""Concepts that are one measurement in a text are counted once, and said to be one."""

from collections.abc import Sequence
from typing import Any

Entries = Sequence[dict[str, Any]]


def distinct(entries: Entries) -> list[dict[str, Any]]:
    """The entries without those that an earlier one already measures."""
    return [entry for entry in entries if not entry.get("same_as")]


def one_measurement_sentence(entries: Entries) -> str:
    """Which concepts are one; nothing where all are different."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if twin := entry.get("same_as"):
            groups.setdefault(twin, [twin]).append(entry["concept"])
    return " ".join(
        f"{', '.join(names[:-1])} and {names[-1]} are one measurement in this text (the same labels but for a constant "
        "or a shift by one symbol), and counted once."
        for names in groups.values()
    )
