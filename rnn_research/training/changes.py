"""A run that goes on with another config: what it can keep, what starts anew, and what it cannot do."""

from collections.abc import Iterable

from ml_collections import ConfigDict

from rnn_research.config.flat import difference
from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory
from rnn_research.runs.migrations import read_config

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
