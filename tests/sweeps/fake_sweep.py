"""A sweep's directory whose packs only pretend to train."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnn_research.training.defaults import defaults

SCRIPT = Path(__file__).with_name("fake_pack.py")


def write_sweep(directory: Path, *packs: list[str], steps: int = 10) -> None:
    """sweep.json with the named points of each pack."""
    points = [{"name": n, "overrides": {}, "pack": k} for k, names in enumerate(packs) for n in names]
    base = defaults()
    base.training.steps = steps
    plan = {
        "config": "fake",
        "base": base.to_dict(),
        "overrides": {},
        "fields": [],
        "points": points,
        "packs": len(packs),
    }
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sweep.json").write_text(json.dumps(plan))


def command(directory: Path, behaviours: dict[int, dict[str, Any]] | None = None) -> Callable[[int], list[str]]:
    """What starts a pack; it behaves as told, or well."""

    def of(pack: int) -> list[str]:
        told = json.dumps((behaviours or {}).get(pack, {}))
        return [sys.executable, "-S", str(SCRIPT), str(directory), str(pack), told]

    return of


def log(directory: Path, pack: int) -> str:
    return (directory / "logs" / f"pack-{pack}.log").read_text()
