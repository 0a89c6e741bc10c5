"""A trained run, read back: the model, its best parameters, its vocabulary. Of a language model no corpus is needed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from rnn_research.decoding.writing import begins_at_mean
from rnn_research.errors import UserError, one_of
from rnn_research.models import MODELS, Model
from rnn_research.runs.checkpoints import Checkpoints, Damaged
from rnn_research.runs.directory import TRAINS_AGAIN, RunDirectory
from rnn_research.runs.migrations import read_config
from rnn_research.tasks import TASKS
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import typed
from rnn_research.training.going_on import read_vocabulary
from rnn_research.training.machines import devices
from rnn_research.types import Carry, Params

MEAN_CARRY = (
    "note: trained with task.fresh_probability=0, this network hardly ever met its initial carry and may not "
    "be able to read from there: the text begins from the mean carry of its training streams"
)


CHOOSES = {"--workdir": "--step", "--run": "analysis.step"}
"""What chooses the checkpoint of a run, by the flag that names it; of the runs of sweeps nothing does."""


class Trained(NamedTuple):
    """A trained language model.

    Attributes:
      config: of the run.
      model: as the config says.
      params: of the checkpoint.
      vocabulary: of its text.
      step: of the checkpoint.
      start: where a text of its own begins, ``[H]`` in each place of the carry; None for the model's initial carry.
        A network that met that only at the beginnings of passes begins at the mean carry of its training streams.
    """

    config: ConfigDict
    model: Model
    params: Params
    vocabulary: Vocabulary
    step: int
    start: Carry | None = None


class Restored(NamedTuple):
    """A trained model of any task; ``vocabulary`` is None where its task has no symbols that are text."""

    config: ConfigDict
    model: Model
    params: Params
    vocabulary: Vocabulary | None
    step: int
    start: Carry | None = None


def read(directory: RunDirectory, step: int | None = None, flag: str = "--workdir") -> Trained:
    """Reads a language model.

    Args:
      directory: of the run.
      step: which checkpoint; None for the best by validation.
      flag: that named the directory.

    Raises:
      UserError: if there is no run, no such checkpoint, a damaged one, or no language model.
    """
    run = read_any(directory, step, flag)
    if run.vocabulary is None:
        raise UserError(f"{flag}={directory.path} holds no language model: its task is {run.config.task.name}")
    return Trained(run.config, run.model, run.params, run.vocabulary, run.step, run.start)


@contextlib.contextmanager
def naming(file: Path) -> Iterator[None]:
    """What is refused within is the fault of what is stored in ``file``."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def stored_config(directory: RunDirectory) -> ConfigDict:
    """The config of a run that is to be read: every field is there and of its type.

    Raises:
      UserError: naming the file and the field.
    """
    stored = read_config(directory)
    typed.check_stored(stored, directory.config)
    return ConfigDict(stored)


def read_any(directory: RunDirectory, step: int | None = None, flag: str = "--workdir") -> Restored:
    """Reads a run of any task.

    Args:
      directory: of the run.
      step: which checkpoint; None for the best by validation.
      flag: that named the directory; empty for one that a command has made itself.

    Raises:
      UserError: if there is no run, no such checkpoint, or a damaged one.
    """
    directory.trained(flag)
    chooses, where = CHOOSES.get(flag), f"{flag}={directory.path}".lstrip("=")
    config = stored_config(directory)
    with naming(directory.config):
        dtype = devices.parameter_dtype(config.training.dtype)
    with naming(directory.config):
        kind = TASKS[one_of("task.name", config.task.name, TASKS)]
    vocabulary = None
    if kind.from_symbols is not None:
        vocabulary = read_vocabulary(directory)
        reads = kind.from_symbols(len(vocabulary))
    else:
        with naming(directory.config):
            reads = kind.build(config.task, config.evaluation).interface
    with naming(directory.config):
        one_of("model.name", config.model.name, MODELS)
        model = MODELS[config.model.name].build(config.model, reads, dtype)
    checkpoints = Checkpoints(directory.checkpoints, model.objective.figure, reading=True)
    try:
        best = _best_of_results(directory)
        chosen = step if step is not None else best if best is not None else checkpoints.best_step()
        if chosen is None or chosen not in checkpoints.steps():
            there = "; ".join([", ".join(map(str, checkpoints.steps())) or "none", *checkpoints.set_aside])
            which = "no checkpoint" if chosen is None else f"no checkpoint {chosen}"
            if step is not None:
                which += f", asked for by {chooses}={step}," if chooses else ""
            elif best is not None:
                which += ", the best as results.json has it,"
            remedy = f"; {_instead(chooses)}" if step is None and checkpoints.steps() else ""
            raise UserError(f"{where}: {which} in {directory.checkpoints} (there: {there}){remedy}")
        like = model.init(jax.random.key(0), config.model.init)
        params = checkpoints.restore(chosen, like, ".params")
        start = None
        if begins_at_mean(config):
            start = _mean_carry(checkpoints, chosen, model.carry(like, config.task.batch_size))
    except Damaged as error:
        raise UserError(f"{where}: {error}; {_instead(chooses)}") from error
    finally:
        checkpoints.close()
    return Restored(config, model, params, vocabulary, chosen, start)


def _best_of_results(directory: RunDirectory) -> int | None:
    """The checkpoint that the results of a finished run are of, if they say so."""
    if not directory.done.exists():
        return None
    try:
        return directory.read_results().get("best_step")
    except UserError:  # whoever reads the results will say so
        return None


def _instead(chooses: str | None) -> str:
    if chooses is None:
        return TRAINS_AGAIN
    return f"{chooses} chooses another checkpoint"


def _mean_carry(checkpoints: Checkpoints, step: int, like: Carry) -> Carry | None:
    """Over the streams of a checkpoint; None where its batch size is not the config's, which a run may change."""
    try:
        return jax.tree.map(lambda c: c.mean(axis=0), checkpoints.restore(step, like, ".carry"))
    except UserError:
        return None
