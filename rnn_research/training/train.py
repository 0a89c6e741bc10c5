"""One run from a config and a directory: start or resume, train, score, and write the results."""

import contextlib
from functools import partial
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict

from rnn_research.config.flat import difference
from rnn_research.errors import RunFailed, UserError, one_of
from rnn_research.models import MODELS, Model
from rnn_research.models.recurrent import check_kernel
from rnn_research.runs import metrics, owner
from rnn_research.runs.checkpoints import Checkpoints
from rnn_research.runs.directory import RunDirectory, write_text
from rnn_research.runs.files import there
from rnn_research.runs.migrations import read_config, read_stored
from rnn_research.runs.provenance import provenance
from rnn_research.tasks import TASKS, Task
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training import changes, continued, devices, distributed, gradient_watch, loop, typed
from rnn_research.training.logbook import Logbook
from rnn_research.training.member import Member, begun, finish
from rnn_research.training.numbers import Numbers, numbers_of
from rnn_research.training.placement import SharedBatch
from rnn_research.training.schedule import schedule_of
from rnn_research.training.silent import SilentCheckpoints
from rnn_research.training.state import TrainState
from rnn_research.training.step import Program, program
from rnn_research.training.trained import read_vocabulary
from rnn_research.training.writing import encode_priming

RESUME = ("auto", "never", "changed")


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


def train(
    config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any], resume: str = "auto"
) -> dict[str, Any]:
    """Trains a run to its end, from wherever it stands.

    Args:
      config: the whole config.
      directory: its run directory.
      overrides: what the command line changed, for the record.
      resume: auto: go on from the newest checkpoint if the config is the same;
        never: refuse a used directory; changed: go on although the config differs.

    Returns:
      The headline figures, as written to results.json; ``stopped_by_signal``
      instead if a signal stopped the run before its end.

    Raises:
      UserError: for a wrong config or directory.
      RunFailed: if the loss is no longer finite.
    """
    one_of("--resume", resume, RESUME)
    config.lock()
    distributed.check_same("the config", config.to_dict())
    distributed.from_first(lambda: owner.check(directory, "run"))
    older = distributed.from_first(lambda: older_values(config, directory, overrides))
    continued.keep(config, older, lambda line: print(line, flush=True) if distributed.first() else None)

    def look() -> Vocabulary | None:
        check_config(config, directory, resume)
        return _stored_vocabulary(directory)

    built = build(config, distributed.from_first(look))
    distributed.check_same("the corpus", built.task.facts.get("corpus_sha256"))
    if distributed.first():
        for note in built.task.facts.get("corpus_notes", ()):
            print(note, flush=True)
    with contextlib.ExitStack() as held:

        def take() -> dict[str, Any] | None:
            if resume != "changed":
                check_corpus(built.task, directory)
            held.enter_context(owner.taken(directory, "run"))
            return directory.read_results() if directory.done.exists() and resume != "changed" else None

        done = distributed.from_first(take)
        if done is not None:
            return done
        try:
            return _train(config, directory, overrides, built, resume)
        except RunFailed as error:
            if distributed.first():
                write_text(directory.failed, f"{error}\n")
            raise


def _train(
    config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any], built: Built, resume: str
) -> dict[str, Any]:
    task, model, functions, schedule, numbers = built
    figure = model.objective.figure
    checkpoints = Checkpoints(directory.checkpoints, figure) if distributed.first() else SilentCheckpoints()

    def say(line: str) -> None:
        if distributed.first():
            print(line, flush=True)

    def start() -> tuple[TrainState, int]:
        where = (config, directory, overrides, provenance(task.facts), checkpoints)
        return begun(functions, task, schedule.steps, *where, say, changed=resume == "changed")

    try:
        state, step = distributed.from_first(start)
        placement = SharedBatch(functions, task, numbers)
        states = placement.place({0: state})
        del state  # its memory
        with Logbook(task, model, config.training, directory, checkpoints, step) as logbook:
            member = Member(0, "", config, directory, checkpoints, logbook, step, say)
            signal = loop.run(placement, task, schedule, states, [member], partial(finish, placement, functions, task))
    finally:
        checkpoints.close()
    if member.failure is not None:
        raise member.failure
    if member.results is None:
        return {"stopped_by_signal": signal, "step": member.step}
    return member.results


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


def older_values(config: ConfigDict, directory: RunDirectory, overrides: dict[str, Any]) -> dict[str, Any]:
    """What a run that is there had before there was a field for it; see ``continued``."""
    return continued.older_values(config, read_stored(directory), overrides) if directory.used() else {}


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
            f"choose another directory{changes.advice(line.split(':')[0] for line in differing)}"
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


def _stored_vocabulary(directory: RunDirectory) -> Vocabulary | None:
    return read_vocabulary(directory) if there(directory.vocabulary) else None
