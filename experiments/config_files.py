"""Config files: ``get_config()`` and ``sweep()`` of a Python file that the user names."""

import importlib.util
import inspect
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ml_collections import ConfigDict

from rnn_research.errors import UserError, nearest


@cache
def load_config(given: str) -> ConfigDict:
    """The config of ``FILE[:arg]``, unchanged by the command line; not to be changed: every caller gets this one.

    Raises:
      UserError: if the file is missing or fails.
    """
    module = _module(given)
    file, colon, argument = given.partition(":")
    if not callable(getattr(module, "get_config", None)):
        raise UserError(f"--config={given}: {file} defines no function get_config(): write one, as in configs/hello.py")
    try:
        if colon and not inspect.signature(module.get_config).parameters:
            raise UserError(f"--config={given}: this config takes no argument, leave out {':' + argument!r}")
        config = module.get_config(argument) if colon else module.get_config()
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"--config={given} fails: {type(error).__name__}: {error}") from error
    if not isinstance(config, ConfigDict):
        raise UserError(f"--config={given}: get_config() gives {type(config).__name__}, it must give a ConfigDict")
    return config


def forget() -> None:
    """A file that is named again is executed again: another command begins."""
    load_config.cache_clear()
    _module.cache_clear()


def load_points(given: str) -> list[dict[str, Any]]:
    """What the file's ``sweep()`` yields, a flat dictionary of changed fields each.

    Raises:
      UserError: if it has none, or it fails or yields something else.
    """
    module = _module(given)
    if not hasattr(module, "sweep"):
        raise UserError(f"--config={given} has no sweep() of its own: name what is to vary, as in --axis=seed=0:5")
    try:
        points = list(module.sweep())
    except (Exception, SystemExit) as error:
        raise UserError(f"--config={given}: sweep() fails: {type(error).__name__}: {error}") from error
    for point in points:
        if not isinstance(point, dict):
            raise UserError(f"--config={given}: sweep() yields a {type(point).__name__}, it must yield dictionaries")
    return points


@cache
def _module(given: str) -> ModuleType:
    name = given.partition(":")[0]
    path = Path(name)
    try:
        there = path.is_file()
    except OSError as error:  # too long a name, or a folder that may not be read
        raise UserError(f"--config={given} cannot be read ({error.strerror}): name another file") from error
    if name and path.is_dir():
        raise UserError(f"--config={given} is a folder: name a file in it, as in configs/char_lm.py:tiny")
    if not there:
        close = nearest(name, map(str, path.parent.glob("*.py")))
        raise UserError(f"--config={given}: no such file{close or ': name a config, as in configs/char_lm.py:tiny'}")
    spec = importlib.util.spec_from_file_location("given_config", path)
    if spec is None or spec.loader is None:
        raise UserError(f"--config={given}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"--config={given} fails: {type(error).__name__}: {error}") from error
    return module
