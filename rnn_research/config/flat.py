"""Configs as flat fields: how two of them differ, and one with some fields changed."""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

SECTIONS = ("task", "model", "optimizer", "training")
"""What the config of every run has, of whatever age."""


def flatten(config: Mapping[str, Any] | ConfigDict, prefix: str = "") -> dict[str, Any]:
    """``{"model.hidden": 128, ...}``."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping | ConfigDict):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = normal(value)
    return flat


def normal(value: Any) -> Any:
    """A field's value as JSON gives it back: tuples are lists, however deep they lie."""
    if isinstance(value, tuple | list):
        return [normal(entry) for entry in value]
    if isinstance(value, Mapping | ConfigDict):
        return {name: normal(entry) for name, entry in value.items()}
    return value


def difference(before: Mapping[str, Any] | ConfigDict, after: Mapping[str, Any] | ConfigDict) -> list[str]:
    """One line a field that differs: ``model.hidden: 128 -> 256``."""
    old, new = flatten(before), flatten(after)
    lines = []
    for field in sorted(old.keys() | new.keys()):
        if field not in new:
            lines.append(f"{field}: {old[field]!r} -> (gone)")
        elif field not in old:
            lines.append(f"{field}: (new) -> {new[field]!r}")
        elif not _same(old[field], new[field]):
            lines.append(f"{field}: {old[field]!r} -> {new[field]!r}")
    return lines


def _same(old: Any, new: Any) -> bool:
    """Equal, or the same numbers that are none (nan equals nothing, itself included)."""
    return old == new or repr(old) == repr(new)


def changed(base: ConfigDict, overrides: Mapping[str, Any]) -> ConfigDict:
    """A copy of the config with some fields changed."""
    config = base.copy_and_resolve_references()
    config.update_from_flattened_dict(dict(overrides))
    return config
