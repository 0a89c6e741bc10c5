"""Where a result comes from: code, versions, machine, command, corpus."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "ml-collections", "numpy")


def provenance(corpus: Mapping[str, Any]) -> dict[str, Any]:
    """Ready for JSON."""
    return {
        "command": command(),
        "git": git(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "backend": jax.default_backend(),
        "processes": jax.process_count(),
        "devices": [str(device.device_kind) for device in jax.devices()],
        "corpus": dict(corpus),
    }


def command() -> str:
    """The command line as one would type it."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    program = f"python -m {spec.name}" if spec is not None else Path(sys.argv[0]).name
    return shlex.join([*program.split(), *sys.argv[1:]])


def git() -> dict[str, Any]:
    """Commit and whether the tree differs from it; empty outside a checkout."""

    def ask(*args: str) -> str:
        return subprocess.run(
            ["git", "-C", str(Path(__file__).parent), *args], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return {}


def processor() -> str:
    """The model's name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
