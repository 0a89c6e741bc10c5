"""What the runs of a sweep are called: what each varies, safe as the name of a folder, and readable in TensorBoard."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

LONGEST = 120  # characters; most file systems allow 255 bytes
UNSAFE = re.compile(r"[^A-Za-z0-9._+=,-]+")


def names_of(points: Sequence[dict[str, Any]]) -> list[str]:
    """A name for each point, as in ``cell=lstm,learning_rate=0.001,seed=0``.

    A field is called by its last name, or by the shortest ending that tells it
    from the other swept fields; ``optimizer.clip.name`` is ``clip``. Names that would be too long or the same get a
    checksum of the point's values.
    """
    short = short_fields({field for point in points for field in point})
    names = [",".join(f"{short[field]}={_value(value)}" for field, value in point.items()) for point in points]
    names = [UNSAFE.sub("-", name).strip(".") or "default" for name in names]
    counts = Counter(name.lower() for name in names)  # not every file system tells cases apart
    return [
        _bounded(name, point) if len(name) > LONGEST or counts[name.lower()] > 1 else name
        for name, point in zip(names, points, strict=True)
    ]


def short_fields(fields: set[str]) -> dict[str, str]:
    """The shortest ending of each dotted field that no other ends in."""
    short = {}
    for field in fields:
        parts = field.split(".")
        fewest = 2 if parts[-1] == "name" and len(parts) > 1 else 1  # "name" alone tells nothing
        endings = [".".join(parts[-n:]) for n in range(fewest, len(parts) + 1)]
        others = fields - {field}
        ending = next(e for e in endings if e == field or not any(f".{o}".endswith(f".{e}") for o in others))
        short[field] = ending.removesuffix(".name")
    return short


def _value(value: Any) -> str:
    if isinstance(value, float):
        brief = f"{value:g}"
        return brief if float(brief) == value else repr(value)
    return str(value)


def _bounded(name: str, point: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(point, sort_keys=True).encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9]}-{digest}"
