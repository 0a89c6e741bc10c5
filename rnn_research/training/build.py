"""What a config asks for, built and checked, before anything is trained."""

from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

from rnn_research.decoding.writing import encode_priming
from rnn_research.errors import UserError
from rnn_research.models import MODELS, Model
from rnn_research.models.recurrent import check_kernel
from rnn_research.tasks import TASKS, Task
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import typed
from rnn_research.training.added import gradient_watch
from rnn_research.training.machines import devices
from rnn_research.training.numbers import Numbers, numbers_of
from rnn_research.training.schedule import schedule_of
from rnn_research.training.step import Program, program


class Built(NamedTuple):
    """All that a config asks for, before anything is trained."""

    task: Task
    model: Model
    program: Program
    schedule: Any
    numbers: Numbers


def build(config: ConfigDict, vocabulary: Vocabulary | None = None, batch_over: int | None = None) -> Built:
    """Builds task, model and program; checks every field on the way.

    Args:
      config: the whole config.
      vocabulary: that the text must have, or None.
      batch_over: devices that share a batch; None for all that there are.

    Raises:
      UserError: for a value that cannot be, naming its flag.
    """
    typed.check(config)
    dtype = devices.parameter_dtype(config.training.dtype)
    devices.check_divides(config.task.batch_size, config.training.accumulate, batch_over)
    numbers = numbers_of(config)
    # Only text has a vocabulary to hold on to.
    held = () if vocabulary is None else (vocabulary,)
    task = TASKS[config.task.name].build(config.task, config.evaluation, *held)
    check_pair(config, task)
    model = MODELS[config.model.name].build(config.model, task.interface, dtype)
    check_kernel(config.model, config.training.dtype)
    schedule = schedule_of(config, task.splits["train"].batches)
    _check_sample(config, task.symbols)
    gradient_watch.check(config, task)
    functions = program(config, model, task, schedule.steps, batch_over)
    devices.check_fits(jax.eval_shape(lambda: functions.init(numbers)))
    devices.check_batch_fits(config, task, batch_over)
    return Built(task, model, functions, schedule, numbers)


def check_pair(config: ConfigDict, task: Task) -> None:
    """Refuses a model that cannot read the batches of the task.

    Raises:
      UserError: naming the models that can.
    """
    batch = task.interface.batch
    if batch not in MODELS[config.model.name].reads:
        able = ", ".join(name for name, kind in MODELS.items() if batch in kind.reads)
        raise UserError(
            f"model.name={config.model.name} cannot read task.name={config.task.name}, whose batches "
            f"are {batch.__name__}: take {able or 'a model that reads them'}"
        )


def _check_sample(config: ConfigDict, symbols: Vocabulary | None) -> None:
    """Refuses, before anything is trained, what could not be written at the end.

    Raises:
      UserError: naming the flag.
    """
    if symbols is not None and config.evaluation.sample_length and config.evaluation.sample_prime:
        encode_priming(symbols, config.evaluation.sample_prime, "evaluation.sample_prime")
    if config.evaluation.show_scores and not config.task.get("text"):
        raise UserError("evaluation.show_scores=True shows a short text: give it as task.text")
