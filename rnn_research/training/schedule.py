"""When a run logs, evaluates, saves, measures: a pure function of the config, so that resuming keeps the same steps."""

from typing import Any, NamedTuple

from rnn_research.config import Field, Section
from rnn_research.errors import UserError

MOST_IN_ONE_CALL = 1_000_000  # steps, whose metrics are all kept until its end

TRAINING: Section = {
    "steps": Field(0, "of training; 0: as many as the epochs need", low=0),
    "epochs": Field(1, "passes over the training data, where no steps are given", low=0),
    "log_every": Field(50, "steps in one compiled call", low=1, high=MOST_IN_ONE_CALL),
    "checkpoint_every": Field(0, "steps; a checkpoint is also written at every evaluation", low=0),
    "stop_below": Field(0.0, "validation objective below which training stops, its task learned; 0: never", low=0),
    "patience": Field(0, "evaluations without a better validation objective before stopping; 0: never", low=0),
}
EVALUATION: Section = {"every": Field(500, "steps between evaluations; 0: only at the end", low=0)}


class Schedule(NamedTuple):
    """The steps at which the host does something; 0 is never, where nothing else is said.

    Attributes:
      steps: in all.
      log_every: steps in one compiled call.
      evaluate_every: steps between evaluations.
      save_every: steps between checkpoints.
      measure_every: steps between measurements of the gradient's reach; 0: at every evaluation; None: never.
    """

    steps: int
    log_every: int
    evaluate_every: int
    save_every: int
    measure_every: int | None = None

    def next(self, step: int) -> int:
        """The next step after ``step`` at which the host has something to do."""
        every = (self.log_every, self.evaluate_every, self.save_every, self.measure_every)
        periods = [p for p in every if p]
        return min([self.steps, *((step // p + 1) * p for p in periods)])

    def evaluates(self, step: int) -> bool:
        """Whether the validation split is scored after this step."""
        return step == self.steps or _due(step, self.evaluate_every)

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is written after this step: at every evaluation too, since it may be the best."""
        return self.evaluates(step) or _due(step, self.save_every)

    def measures(self, step: int) -> bool:
        """Whether the reach of the gradient is measured after this step."""
        if self.measure_every is None:
            return False
        return _due(step, self.measure_every) if self.measure_every else self.evaluates(step)


def _due(step: int, period: int) -> bool:
    return period > 0 and step % period == 0


def schedule_of(config: Any, steps_per_epoch: int) -> Schedule:
    """From ``config.training``, ``config.evaluation`` and ``config.analysis``.

    Raises:
      UserError: for numbers that are negative, or no steps at all.
    """
    training, evaluation, analysis = config.training, config.evaluation, config.analysis
    steps = training.steps or round(training.epochs * steps_per_epoch)
    if steps < 1:
        raise UserError("training.steps=0 and training.epochs=0 leave nothing to do: raise one of them")
    measure_every = analysis.gradient_flow_every if analysis.gradient_flow else None
    return Schedule(steps, training.log_every, evaluation.every, training.checkpoint_every, measure_every)
