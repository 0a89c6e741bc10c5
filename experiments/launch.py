"""What every command shares: the flags that mean the same everywhere, readable help, exit statuses.

0 done; 1 the run failed; 2 the call was wrong, in one line; 128 + the signal's
number when a signal stopped a run that then saved its state.
"""

import errno
import math
import re
import signal
import sys
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from absl import app, flags
from absl import logging as absl_logging
from ml_collections import ConfigDict, config_flags

from experiments import config_files, output
from experiments.config_files import load_config
from rnn_research.config import Field
from rnn_research.config.flat import flatten
from rnn_research.errors import RunFailed, UserError, nearest, nearest_field
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.machines.stop import Stopped, came, end_on_signals

OURS: list[str] = []  # the flags of this command, in the order in which help shows them


MAY_BE_EMPTY: set[str] = set()

DECLARED: list[Callable[[ConfigDict], Mapping[str, "Field"]]] = []
"""The fields that a config of this command has beside those of every config."""

WIDTH, COLUMN = 120, 46  # of help: of a line, and where it says what a field is


def define(kind: Callable[..., Any], name: str, default: Any, text: str, *more: Any, may_be_empty: bool = False) -> Any:
    """Defines a flag that ``--help`` shows; ``kind`` is one of absl's ``DEFINE_*``.

    ``may_be_empty``: ``--NAME=`` says something; of other flags it is a slip, unless that is the default.
    """
    OURS.append(name)
    if may_be_empty or default == "":
        MAY_BE_EMPTY.add(name)
    return kind(name, default, *more, text) if more else kind(name, default, text)


class _ConfigFile(flags.ArgumentParser):
    """Reads what ``--config`` names: our own reader, so that it is executed once and its faults are said in a line."""

    def parse(self, argument: Any) -> Any:
        """The config, with the sections of the task and the model that the command line names."""
        return argument if argument is None else loaded(argument, sys.argv).copy_and_resolve_references().lock()


def config_flag(own: Callable[[ConfigDict], Mapping[str, Field]] = lambda config: {}) -> Any:
    """``--config=FILE[:arg]`` and ``--config.any.field=value``.

    Args:
      own: the fields that a config of this command has beside those of every config.
    """
    OURS.append("config")
    DECLARED.append(own)
    try:
        flag = config_flags.DEFINE_config_file(
            "config", None, "a config file, FILE[:arg]; --config.FIELD=VALUE changes a field"
        )
    except flags.CantOpenFlagFileError as error:  # it reads the command line already
        fail(2, f"--flagfile cannot be read ({error.__cause__ or error.__context__}): give the flags themselves")
    flags.FLAGS["config"].parser = _ConfigFile()
    return flag


def loaded(given: str, argv: Sequence[str]) -> ConfigDict:
    """The config of ``FILE[:arg]`` with the sections of the task and the model that the command line names.

    Raises:
      UserError: if the file is missing or fails, or there is no such task or model.
    """
    config = load_config(given)
    names = {name: argument(argv, f"config.{name}.name") for name in ("task", "model")}
    if not any(names.values()):
        return config
    from rnn_research.training.defaults import rebuilt  # the config's own file has imported it already

    return rebuilt(config, **{name: value or "" for name, value in names.items()})


def workdir_flag(text: str) -> Any:
    """``--workdir=DIR``."""
    return define(flags.DEFINE_string, "workdir", None, text)


DEBUG = define(flags.DEFINE_boolean, "debug", False, "show the traceback of an error")


def run(main: Callable[[], int | None], doc: str, ends_unread: bool = False) -> None:
    """Parses the flags, calls ``main`` and exits with its status.

    Args:
      main: the command.
      doc: its own words, for ``--help``.
      ends_unread: it ends where nobody reads its output any more (``| head``), since it leaves nothing else.
    """
    end_on_signals()  # until here, see ``experiments/__init__.py``
    stdout = output.install(ends_unread)

    def parse(argv: list[str]) -> list[str]:
        if any(a in ("--help", "-h", "-help", "--helpfull", "--helpshort") for a in argv[1:]):
            print(help_text(doc, argv))
            leave(0)
        config_files.forget()
        try:
            check_flags(argv)
            sys.argv[:] = config_first(argv)
            return flags.FLAGS(sys.argv)
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
            leave(main() or 0)
        except UserError as error:
            _show_traceback()
            fail(2, str(error))
        except RunFailed as error:
            _show_traceback()
            fail(1, str(error))
        except BrokenPipeError:
            if stdout.lost is None:
                raise
            sys.exit(0)  # the reader of our output is gone (| head): not an error of the call
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            fail(2, f"{written_to()}: the disk is full; free some space and give the same command again")

    def leave(status: int) -> NoReturn:
        """Ends well, if what was said could be said."""
        if (lost := output.failure(stdout)) and status == 0:
            fail(2, f"{lost}; send it elsewhere")
        sys.exit(status)

    try:
        app.run(guarded, flags_parser=parse)
    except (KeyboardInterrupt, Stopped, Exception) as error:
        # What a signal raised within a library's import comes out of it as an error of the library's own.
        number: int | None = signal.SIGINT if isinstance(error, KeyboardInterrupt) else came()
        if isinstance(error, Stopped):
            number = error.number
        if number is None:
            raise
        if number == signal.SIGINT:
            fail(130, "interrupted")
        stays = "what it had written stays, and the same command may be given again"
        fail(128 + number, f"ended by {signal.Signals(number).name}: {stays}")


def fail(status: int, message: str) -> NoReturn:
    """Says one line on stderr and exits."""
    line = " ".join(flagged(message).split())
    print(f"error: {line}", file=sys.stderr, flush=True)
    sys.exit(status)


def written_to() -> str:
    """The flag that says where the command writes, as it was given."""
    given = [f"--{name}={flags.FLAGS[name].value}" for name in ("out", "workdir") if name in OURS]
    return next((flag for flag in given if not flag.endswith("=None")), "--workdir")


def _show_traceback() -> None:
    if DEBUG.value:
        traceback.print_exc()


def directory(workdir: str | None, flag: str = "--workdir") -> RunDirectory:
    """The directory that a flag names.

    Raises:
      UserError: if the flag is missing.
    """
    if not workdir:
        raise UserError(f"{flag} is missing: name the run directory, as in {flag}=runs/first")
    try:
        workdir.encode()
        Path(workdir).expanduser().exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{flag}={workdir!r} cannot be a directory ({error}): choose another") from error
    return RunDirectory(workdir)


def refuse_idle(why: str, *names: str) -> None:
    """Refuses flags that would do nothing beside the others.

    Args:
      why: they would do nothing, in a few words.
      names: of the flags.

    Raises:
      UserError: for the first that is given.
    """
    for name in names:
        if flags.FLAGS[name].present:
            raise UserError(f"--{name}={flags.FLAGS[name].value} does nothing here, since {why}: leave it out")


def required_config(flag: Any) -> ConfigDict:
    """The config given.

    Raises:
      UserError: if the flag is missing.
    """
    if flag.value is None:
        raise UserError("--config is missing: name a config, as in --config=configs/char_lm.py:tiny")
    return flag.value


def config_or(flag: Any, given: str) -> ConfigDict:
    """The config given, or the one of this file where none is."""
    return load_config(given) if flag.value is None else flag.value


def check_flags(argv: Sequence[str]) -> None:
    """Refuses, in a sentence, what is no flag of this command, no field of its config, or of another type.

    Raises:
      UserError: naming the flag, its value and what would be right.
    """
    given = config_argument(argv)
    flat = {} if given is None else flatten(loaded(given, argv))
    seen = set()
    rest = iter(argv[1:])
    for argument in rest:
        if not argument.startswith("--") or argument == "--":
            raise UserError(f"{argument!r} is not a flag: every argument is --FLAG=VALUE")
        name, equals, value = argument[2:].partition("=")
        default = _default(name, given, flat)
        if name in seen and not (name in flags.FLAGS and isinstance(flags.FLAGS[name], flags.MultiFlag)):
            raise UserError(f"--{name} is given twice: leave one out")
        seen.add(name)
        if equals or not isinstance(default, bool):
            given_value = value if equals else next(rest, None)  # it may stand apart, as in --workdir DIR
            if given_value is None:
                raise UserError(f"--{name} has no value: give one, as in --{name}=VALUE")
            check_type(name, given_value, default)
            if name in OURS and not given_value and name not in MAY_BE_EMPTY:
                raise UserError(f"--{name}= is empty: give it a value, or leave it out")


def _default(name: str, given: str | None, flat: dict[str, Any]) -> Any:
    """What a flag or field is where it is not given.

    Raises:
      UserError: if there is no such flag or field.
    """
    for known in (name, name.removeprefix("no")):
        field = known.removeprefix("config.")
        if known in OURS and (known == name or isinstance(flags.FLAGS[known].default, bool)):
            return _typed_default(flags.FLAGS[known])
        if field != known and field in flat and (known == name or isinstance(flat[field], bool)):
            return flat[field]
    if not name.startswith("config.") or "config" not in OURS:
        names = ", ".join(f"--{ours}" for ours in OURS)
        raise UserError(f"--{name} is no flag of this command{nearest(name, OURS)}; known: {names}")
    if given is None:
        raise UserError(f"--{name} is given without --config=FILE")
    field = name.removeprefix("config.")
    if any(known.startswith(field + ".") for known in flat):
        raise UserError(f"--{name} is a section, not a field: name one of its fields")
    raise UserError(f"--{name} is no field of {given}{nearest_field(field, flat)}")


def _typed_default(flag: Any) -> Any:
    """The default, or where it is None, a value of the flag's type."""
    return {"int": 1, "float": 1.0, "bool": False}.get(flag.flag_type(), "") if flag.default is None else flag.default


def check_type(name: str, value: str, default: Any) -> None:
    """Refuses a value of another type than the default's.

    Raises:
      UserError: naming the type that is wanted.
    """
    shown = f"--{name}={value if len(value) <= 80 else value[:80] + '...'}"
    try:
        if isinstance(default, bool):
            if value.lower() not in ("true", "t", "1", "false", "f", "0"):
                raise UserError(f"{shown} must be true or false")
        elif isinstance(default, int):
            if not -(2**31) <= flags.IntegerParser().convert(value) < 2**31:
                raise UserError(f"{shown} must lie between {-(2**31)} and {2**31 - 1}")
        elif isinstance(default, float) and math.isnan(float(value)):
            raise UserError(f"{shown} must be a number, like {default}")
    except ValueError as error:
        kind = "whole number" if isinstance(default, int) else "number"
        raise UserError(f"{shown} must be a {kind}, like {default}") from error


def config_first(argv: Sequence[str]) -> list[str]:
    """The same arguments with ``--config`` in front, since its fields are only known once it is read."""
    given = config_argument(argv)
    if given is None:
        return list(argv)
    rest: list[str] = []
    arguments = iter(argv[1:])
    for argument in arguments:
        if argument == "--config":
            next(arguments)
        elif not argument.startswith("--config="):
            rest.append(argument)
    return [argv[0], f"--config={given}", *rest]


def config_argument(argv: Sequence[str]) -> str | None:
    """The value of ``--config`` on a command line."""
    return argument(argv, "config")


def argument(argv: Sequence[str], flag: str) -> str | None:
    """The value of a flag on a command line, before it is parsed."""
    for i, word in enumerate(argv):
        if word.startswith(f"--{flag}="):
            return word.split("=", 1)[1]
        if word == f"--{flag}" and i + 1 < len(argv):
            return argv[i + 1]
    return None


def flagged(message: str) -> str:
    """A message of the library's with fields as they are given on this command line.

    The library says ``model.hidden=0 must be at least 1``; whoever gave ``--config`` gives that as
    ``--config.model.hidden``.
    """
    given = config_argument(sys.argv) if "config" in OURS else None
    if given is None:
        return message
    try:
        fields = flatten(loaded(given, sys.argv))
    except UserError:  # it is what the message is about
        fields = {"task.name": "", "model.name": ""}
    message = message.replace("the config lacks", f"--config={given} lacks")
    names = sorted((re.escape(field) for field in fields if "." in field), key=len, reverse=True)
    return re.sub(rf"(?<![\w./=,'-])({'|'.join([*names, 'seed(?==)'])})(?!\w)", r"--config.\1", message)


def help_of_fields(config: ConfigDict) -> list[str]:
    """A line or more for each field of a config: its value, what it is, and the names that it may have."""
    from rnn_research.training.defaults import fields_of_config

    known = {**fields_of_config(config), **DECLARED[-1](config)}
    lines = []
    for name, value in flatten(config).items():
        given, field = f"  --config.{name}={value}", known.get(name)
        said = "" if field is None else field.help
        if field is not None and field.choices is not None and not all(choice in said for choice in field.choices):
            said += f" ({', '.join(field.choices)})"
        width = max(COLUMN, len(given) + 2)
        lines += textwrap.wrap(
            said, WIDTH, initial_indent=f"{given:<{width}}", subsequent_indent=" " * COLUMN, break_on_hyphens=False
        ) or [given]
    return lines


def help_text(doc: str, argv: Sequence[str]) -> str:
    """The command's own words, its flags, and the fields of the config if one is named."""
    lines = [doc.strip(), "", "Flags:"]
    for name in [n for n in OURS if n != "debug"] + ["debug"]:
        flag = flags.FLAGS[name]
        default = "" if flag.default in (None, False, "", []) else f" (default {flag.default})"
        said, *_ = flag.help.split(";\n")  # absl adds, with spaces of its own, that a flag may be given often
        text = f"{said}{default}"
        lines += textwrap.wrap(text, 100, initial_indent=f"  --{name:<14} ", subsequent_indent=" " * 19)
    given = config_argument(argv)
    if given is not None:
        try:
            lines += ["", f"Fields of {given}:"]
            lines += help_of_fields(loaded(given, argv))
        except UserError as error:
            lines += [f"  {error}"]
    elif "config" in OURS:
        lines += ["", "--help together with --config=FILE also lists the fields of the config."]
    return "\n".join(lines)
