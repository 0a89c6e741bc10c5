"""What every command shares: the flags that mean the same everywhere, readable help, exit statuses.

0 done; 1 the run failed; 2 the call was wrong, in one line; 128 + the signal's
number when a signal stopped a run that then saved its state.
"""

import errno
import importlib.util
import os
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import app, flags
from absl import logging as absl_logging
from ml_collections import ConfigDict, config_flags

from rnn_research.errors import RunFailed, UserError, nearest
from rnn_research.runs.configs import flatten
from rnn_research.runs.directory import RunDirectory

OURS: list[str] = []  # the flags of this command, in the order in which help shows them


def define(kind: Callable[..., Any], name: str, default: Any, text: str, *more: Any) -> Any:
    """Defines a flag that ``--help`` shows; ``kind`` is one of absl's ``DEFINE_*``."""
    OURS.append(name)
    return kind(name, default, *more, text) if more else kind(name, default, text)


def config_flag() -> Any:
    """``--config=FILE[:arg]`` and ``--config.any.field=value``."""
    OURS.append("config")
    return config_flags.DEFINE_config_file(
        "config", None, "a config file, FILE[:arg]; --config.FIELD=VALUE changes a field"
    )


def workdir_flag(text: str) -> Any:
    """``--workdir=DIR``."""
    return define(flags.DEFINE_string, "workdir", None, text)


DEBUG = define(flags.DEFINE_boolean, "debug", False, "show the traceback of an error")


def run(main: Callable[[], int | None], doc: str) -> None:
    """Parses the flags, calls ``main`` and exits with its status."""

    def parse(argv: list[str]) -> list[str]:
        if any(a in ("--help", "-h", "-help", "--helpfull", "--helpshort") for a in argv[1:]):
            print(help_text(doc, argv))
            sys.exit(0)
        try:
            check_config(argv)
            rest = flags.FLAGS(argv)
            if len(rest) > 1:
                raise UserError(f"{rest[1]!r} is not a flag: every argument is --FLAG=VALUE")
            return rest
        except (UserError, flags.Error, AttributeError, KeyError, TypeError, ValueError) as error:
            if "--debug" in argv:
                traceback.print_exc()
            return fail(2, str(error))

    def guarded(argv: Sequence[str]) -> None:
        del argv
        absl_logging.set_verbosity(
            absl_logging.WARNING
        )  # what libraries say of their own doings is not for the terminal
        try:
            sys.exit(main() or 0)
        except UserError as error:
            _show_traceback()
            fail(2, str(error))
        except RunFailed as error:
            _show_traceback()
            fail(1, str(error))
        except BrokenPipeError:
            # The reader of our output is gone (| head): not an error of the call.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            fail(
                2,
                f"--workdir: the disk is full ({error.filename or 'while writing'}); "
                "free some space and give the same command again",
            )
        except KeyboardInterrupt:
            fail(130, "interrupted")

    app.run(guarded, flags_parser=parse)


def fail(status: int, message: str) -> NoReturn:
    """Says one line on stderr and exits."""
    line = " ".join(message.split())
    print(f"error: {line}", file=sys.stderr, flush=True)
    sys.exit(status)


def _show_traceback() -> None:
    if DEBUG.value:
        traceback.print_exc()


def directory(workdir: str | None) -> RunDirectory:
    """The run directory that ``--workdir`` names.

    Raises:
      UserError: if the flag is missing.
    """
    if not workdir:
        raise UserError("--workdir is missing: name the run directory, as in --workdir=runs/first")
    return RunDirectory(workdir)


def required_config(flag: Any) -> ConfigDict:
    """The config given.

    Raises:
      UserError: if the flag is missing.
    """
    if flag.value is None:
        raise UserError("--config is missing: name a config, as in --config=configs/char_lm.py:tiny")
    return flag.value


def check_config(argv: Sequence[str]) -> None:
    """Refuses, in a sentence, a config file that cannot be read and a field that it does not have.

    Raises:
      UserError: naming the nearest field.
    """
    given = config_argument(argv)
    fields = [a[len("--config.") :].split("=", 1)[0] for a in argv if a.startswith("--config.")]
    if given is None:
        if fields:
            raise UserError(f"--config.{fields[0]} is given without --config=FILE")
        return
    config = load_config(given)
    flat = flatten(config)
    for field in fields:
        if field not in flat:
            if any(known.startswith(field + ".") for known in flat):
                raise UserError(f"--config.{field} is a section, not a field: name one of its fields")
            raise UserError(f"--config.{field} is no field of {given}{_nearest_field(field, flat)}")


def _nearest_field(field: str, flat: dict[str, Any]) -> str:
    suggestion = nearest(field, flat)
    if not suggestion:  # perhaps the section is left out or wrong: compare last names
        by_name = {known.rsplit(".", 1)[-1]: known for known in flat}
        close = nearest(field.rsplit(".", 1)[-1], by_name)
        for name, known in by_name.items():
            if repr(name) in close:
                return f", did you mean {known!r}?"
    return suggestion


def config_argument(argv: Sequence[str]) -> str | None:
    """The value of ``--config`` on a command line."""
    for i, argument in enumerate(argv):
        if argument.startswith("--config="):
            return argument.split("=", 1)[1]
        if argument == "--config" and i + 1 < len(argv):
            return argv[i + 1]
    return None


def load_config(given: str) -> ConfigDict:
    """The config of ``FILE[:arg]``, unchanged by the command line.

    Raises:
      UserError: if the file is missing or fails.
    """
    name, _, argument = given.partition(":")
    path = Path(name)
    if not path.is_file():
        raise UserError(f"--config={given}: no such file")
    spec = importlib.util.spec_from_file_location("given_config", path)
    if spec is None or spec.loader is None:
        raise UserError(f"--config={given}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return module.get_config(argument) if argument else module.get_config()
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"--config={given} fails: {type(error).__name__}: {error}") from error


def help_text(doc: str, argv: Sequence[str]) -> str:
    """The command's own words, its flags, and the fields of the config if one is named."""
    lines = [doc.strip(), "", "Flags:"]
    for name in [n for n in OURS if n != "debug"] + ["debug"]:
        flag = flags.FLAGS[name]
        default = "" if flag.default in (None, False, "") else f" (default {flag.default})"
        text = f"{flag.help}{default}"
        lines += textwrap.wrap(text, 100, initial_indent=f"  --{name:<14} ", subsequent_indent=" " * 19)
    given = config_argument(argv)
    if given is not None:
        try:
            lines += ["", f"Fields of {given}:"]
            lines += [f"  --config.{field}={value}" for field, value in flatten(load_config(given)).items()]
        except UserError as error:
            lines += [f"  {error}"]
    elif "config" in OURS:
        lines += ["", "--help together with --config=FILE also lists the fields of the config."]
    return "\n".join(lines)
