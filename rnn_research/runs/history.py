"""history.jsonl of a run: what was true of it before it went on with another config, code or machine.

A line for each stretch that has ended, the oldest first: ``until_step``, and the
``config``, ``overrides``, ``provenance`` and ``results`` (None where it was not DONE)
of the steps up to there. What holds now stands in the files of those names.
"""

import json
from collections.abc import Mapping
from typing import Any

from rnn_research.errors import UserError
from rnn_research.config.flat import difference, normal
from rnn_research.runs.directory import RunDirectory, read_json, write_text
from rnn_research.runs.files import read_bytes, there
from rnn_research.runs.migrations import migrated, read_stored

Stretch = dict[str, Any]


def keep(run: RunDirectory, step: int, now: Mapping[str, Any]) -> None:
    """Adds what the run's files say, if something of it is about to be overwritten with something else.

    Args:
      run: its directory, locked.
      step: up to which it was true.
      now: ``config``, ``overrides`` and ``provenance`` as they will be.
    """
    if not run.used():
        return
    before = {name: _stored(run, name) for name in now}
    if before == normal(now):
        return
    stretch = {"until_step": step, **before, "results": _stored(run, "results") if there(run.done) else None}
    past = read(run)
    if not past or past[-1] != stretch:  # a process may have been killed between this and what comes after it
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in [*past, stretch]]
        write_text(run.history, "".join(lines))


def read(run: RunDirectory) -> list[Stretch]:
    """All stretches that have ended, the oldest first.

    Raises:
      UserError: if the file is damaged.
    """
    if not there(run.history):
        return []
    try:
        stretches = [json.loads(line) for line in read_bytes(run.history).splitlines()]
    except (ValueError, RecursionError) as error:
        raise UserError(f"{run.history} is damaged ({error}): remove it, or choose another directory") from error
    if not all(isinstance(stretch, dict) and {"until_step", "config"} <= stretch.keys() for stretch in stretches):
        raise UserError(f"{run.history} is damaged, it is of something else: remove it, or choose another directory")
    return stretches


def changes(run: RunDirectory) -> list[tuple[int, list[str]]]:
    """At which step the config was changed, and a line for each field."""
    stretches = read(run)
    # A field that only came with a later version of the code was not changed by anybody.
    configs = [migrated(config) for config in (*(s["config"] or {} for s in stretches), read_stored(run))]
    pairs = zip(stretches, configs[:-1], configs[1:], strict=True)
    found = [(stretch["until_step"], difference(before, after)) for stretch, before, after in pairs]
    return [(step, lines) for step, lines in found if lines]


def _stored(run: RunDirectory, name: str) -> Any:
    """What a file of the run holds; None where a killed process had not written it yet."""
    path = run.path / f"{name}.json"
    return read_json(path) if there(path) else None
