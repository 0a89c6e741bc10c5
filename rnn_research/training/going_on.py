"""A run that goes on in a directory that is used: as it began, or with another config where that can be.

Fields that came after it keep the value that its code had, unless one is named.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ml_collections import ConfigDict

from rnn_research.config.flat import difference, flatten
from rnn_research.errors import UserError, one_of
from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory, read_json
from rnn_research.runs.files import REMEDY, there
from rnn_research.runs.migrations import later_fields, read_config, read_stored
from rnn_research.tasks import Task
from rnn_research.tasks.text.vocabulary import LEVELS, Vocabulary
from rnn_research.training.defaults import defaults

ANEW = {
    ".opt_state[0]": "the state of the clipping does not fit this config: it starts anew",
    ".opt_state[1]": "the state of the optimizer does not fit this config: it starts anew",
    ".carry": "the carries of the training streams do not fit this config: they start anew",
}
"""Parts of a state without which a run can go on, and what is then said."""

LIVE = (
    *("seed", "optimizer.", "training.", "evaluation.", "analysis.", "model.dropout", "model.init.", "model.unroll"),
    *("model.remat", "model.parallel.", "task.batch_size", "task.chunk_length", "task.length", "task.carry"),
    *("task.path", "task.text", "task.glob", "task.split", "task.validation_fraction", "task.test_fraction"),
    *("task.evaluation_sequences", "task.fresh", "task.reset_at_documents"),
)
"""The fields, or the beginnings of their names, that leave the parameters their shapes."""


def advice(changed: Iterable[str]) -> str:
    """``", or go on with --resume=changed"`` where that would work, else nothing.

    Args:
      changed: the fields that differ.
    """
    live = all(field.startswith(LIVE) and field != "training.dtype" for field in changed)
    return ", or go on with --resume=changed" if live else ""


def refuse_fewer_steps(directory: RunDirectory, done: int, wanted: int) -> None:
    """A run cannot go back.

    Raises:
      UserError: if it has come further than it should.
    """
    if done > wanted:
        raise UserError(
            f"--workdir={directory.path} has come to step {done:,}, and the config ends at step {wanted:,}: "
            f"ask for at least as many (training.steps={done}), or choose another directory"
        )


def said(config: ConfigDict, directory: RunDirectory, resumed: bool) -> str:
    """A line on changes that have no effect on a run that has begun, or nothing."""
    if not resumed:
        return ""
    lines = [line for line in difference(read_config(directory), config.to_dict()) if line.startswith("model.init.")]
    return f"the parameters are there already, so this does nothing: {'; '.join(lines)}" if lines else ""


def older_values(config: ConfigDict, stored: Mapping[str, Any], named: Collection[str]) -> dict[str, Any]:
    """What a config must take from a stored one to go on as that began.

    Args:
      config: the whole config that is given now.
      stored: the config of the run as it was written down.
      named: fields that the command line sets; those are the user's own.

    Returns:
      The fields that came later and that ``config`` has at a default other than what
      the older code did, with that older value.
    """
    given, usual = flatten(config), flatten(defaults(config.task.name, config.model.name))
    return {
        field: value
        for field, value in later_fields(stored).items()
        if field in given and field not in named and given[field] == usual.get(field) and given[field] != value
    }


def keep(config: ConfigDict, older: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Puts older values into the config, and says so in a line."""
    if older:
        config.update_from_flattened_dict(dict(older))
        values = ", ".join(f"{field}={value!r}" for field, value in older.items())
        say(f"going on as it began, before there was this choice: {values} (name it on the command line to change it)")


def older_of_run(config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any]) -> dict[str, Any]:
    """What a run that is there had before there was a field for it; see ``older_values``."""
    return older_values(config, read_stored(directory), overrides) if directory.used() else {}


def check_config(config: ConfigDict, directory: RunDirectory, resume: str) -> None:
    """Refuses a directory that belongs to another config.

    Raises:
      UserError: with the fields that differ, or naming a file of the run that is damaged.
    """
    if not directory.used():
        return
    if resume == "never":
        raise UserError(f"--workdir={directory.path} is used and --resume=never: choose another directory")
    differing = difference(read_config(directory), config.to_dict())
    if differing and resume == "auto":
        raise UserError(
            f"--workdir={directory.path} belongs to another config ({'; '.join(differing)}): "
            f"choose another directory{advice(line.split(':')[0] for line in differing)}"
        )
    metrics.read(directory.metrics)  # damage is named before anything is written


def check_corpus(task: Task, directory: RunDirectory) -> None:
    """Refuses to go on with other text than the run began with.

    Raises:
      UserError: if the corpus has changed, or provenance.json is damaged.
    """
    if not there(directory.provenance):
        return
    before = directory.read_provenance()["corpus"].get("corpus_sha256")
    now = task.facts.get("corpus_sha256")
    if before != now:
        raise UserError(
            f"--workdir={directory.path} was trained on another text (sha256 {str(before)[:12]}, now {str(now)[:12]}): "
            "restore the text, choose another directory, or go on with --resume=changed"
        )


def read_vocabulary(directory: RunDirectory) -> Vocabulary:
    """The symbols of a run.

    Raises:
      UserError: if the file is missing, damaged, or holds something else.
    """
    stored = read_json(directory.vocabulary, {"level": str, "symbols": [str]})
    one_of(f"{directory.vocabulary}: level", stored["level"], LEVELS)
    symbols = stored["symbols"]
    character = {"bytes": lambda s: len(s) == 1 and ord(s) < 256, "codepoints": lambda s: len(s) == 1}
    fits = character.get(stored["level"], bool)
    if odd := [s for s in symbols if not fits(s)]:
        raise UserError(f"{directory.vocabulary} is damaged, {odd[0]!r} is none of its {stored['level']}: {REMEDY}")
    if not symbols or len(set(symbols)) < len(symbols):
        raise UserError(f"{directory.vocabulary} is damaged, it has no symbols or one of them twice: {REMEDY}")
    return Vocabulary.from_json(stored)
