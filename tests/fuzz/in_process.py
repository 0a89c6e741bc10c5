"""Commands called in this very process: a case costs milliseconds, not the start of a Python.

What lies behind the checks is cut off by ``Passed``: a command that gets so far has taken the values it was given.
"""

import contextlib
import importlib
import io
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

import jax
from absl import flags

from experiments import launch


class Passed(BaseException):
    """All checks are behind."""


def passed(*args: object, **kwargs: object) -> None:
    """Stands for what would now be computed."""
    raise Passed


class Ended(NamedTuple):
    """How a call ended: its exit status (None where it has passed all checks) and what it said."""

    status: int | None
    err: str


Call = Callable[..., Ended]


@contextlib.contextmanager
def command(name: str) -> Iterator[Call]:
    """``experiments.NAME`` as a function of its arguments, alone with its flags."""
    hidden = {flag: flags.FLAGS[flag] for flag in launch.OURS if flag != "debug" and flag in flags.FLAGS}
    ours = list(launch.OURS)
    launch.OURS[:] = ["debug"]
    for flag in hidden:
        delattr(flags.FLAGS, flag)
    before = set(flags.FLAGS)
    sys.modules.pop(f"experiments.{name}", None)
    try:
        module = importlib.import_module(f"experiments.{name}")
        yield lambda *arguments: _call(module, name, arguments)
    finally:
        for flag in set(flags.FLAGS) - before:
            delattr(flags.FLAGS, flag)
        for flag, kept in hidden.items():
            flags.FLAGS[flag] = kept
        launch.OURS[:] = ours
        sys.modules.pop(f"experiments.{name}", None)


def _call(module: object, name: str, arguments: tuple[str, ...]) -> Ended:
    argv, sys.argv = sys.argv, [f"{name}.py", *arguments]
    err = io.StringIO()
    sigint = signal.getsignal(signal.SIGINT)
    try:
        # What libraries say of each other is for their makers.
        with _streams(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            launch.run(module.main, module.__doc__ or "")  # type: ignore[attr-defined]
    except SystemExit as exit:
        return Ended(exit.code if isinstance(exit.code, int) else 0, err.getvalue())
    except Passed:
        return Ended(None, err.getvalue())
    except Exception as error:
        return Ended(1, f"{err.getvalue()}{type(error).__name__}: {str(error)[:300]}")
    finally:
        sys.argv = argv
        signal.signal(signal.SIGINT, sigint)
        jax.config.update("jax_enable_x64", False)
        for flag in [flag for flag in flags.FLAGS if flag.startswith("config.")]:
            delattr(flags.FLAGS, flag)
        for flag in launch.OURS:
            flags.FLAGS[flag].unparse()
    return Ended(0, err.getvalue())


@contextlib.contextmanager
def _streams(err: io.StringIO) -> Iterator[None]:
    """Output into memory: the launcher's own outlets and signals are of a whole process."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(err),
        mock.patch.object(launch.output, "install", return_value=SimpleNamespace(lost=None)),
        mock.patch.object(launch, "end_on_signals"),
    ):
        yield


def fault(ended: Ended, *names: str) -> str:
    """What is wrong with the way in which a call ended, or the empty string.

    It passes, it succeeds, or it is refused in one line that has all these names.
    """
    if ended.status in (None, 0):
        return ""
    if ended.status != 2:
        return f"status {ended.status}: {ended.err[-300:]}"
    if ended.err.count("\n") != 1 or not ended.err.startswith("error: "):
        return f"not one line: {ended.err[:300]!r}"
    return next((f"{name!r} is not named: {ended.err[:300]!r}" for name in names if name not in ended.err), "")
