"""A trained run, read back: the model, its best parameters, its vocabulary. The corpus is not needed."""

from typing import NamedTuple

import jax
from ml_collections import ConfigDict

from rnn_research.errors import UserError
from rnn_research.models import MODELS, Model
from rnn_research.runs.checkpoints import Checkpoints, Damaged
from rnn_research.runs.directory import RunDirectory, read_json
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import devices
from rnn_research.types import Params


class Trained(NamedTuple):
    """A trained language model."""

    config: ConfigDict
    model: Model
    params: Params
    vocabulary: Vocabulary
    step: int


def read(directory: RunDirectory, step: int | None = None) -> Trained:
    """Reads a run.

    Args:
      directory: of the run.
      step: which checkpoint; None for the best by validation.

    Raises:
      UserError: if there is no run, no such checkpoint, or a damaged one.
    """
    directory.trained()
    config = ConfigDict(read_json(directory.config))
    if config.task.name != "text":
        raise UserError(f"--workdir={directory.path} holds no language model: its task is {config.task.name}")
    dtype = devices.parameter_dtype(config.training.dtype)
    vocabulary = Vocabulary.from_json(read_json(directory.vocabulary))
    model = MODELS[config.model.name](config.model, len(vocabulary), len(vocabulary), dtype)
    checkpoints = Checkpoints(directory.checkpoints, "nats_per_token", reading=True)
    try:
        chosen = checkpoints.best_step() if step is None else step
        if chosen is None or chosen not in checkpoints.steps():
            there = ", ".join(map(str, checkpoints.steps())) or "none"
            raise UserError(
                f"--workdir={directory.path}: no checkpoint {step if step is not None else ''} (there: {there})"
            )
        like = model.init(jax.random.key(0), config.model.init)
        params = checkpoints.restore(chosen, like, ".params")
    except Damaged as error:
        raise UserError(f"--workdir={directory.path}: {error}; --step chooses another checkpoint") from error
    finally:
        checkpoints.close()
    return Trained(config, model, params, vocabulary, chosen)
