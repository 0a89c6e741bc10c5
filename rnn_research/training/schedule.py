"""When a run logs, evaluates and saves: a pure function of the config, so that resuming keeps the same steps."""

from typing import Any, NamedTuple

from rnn_research.errors import UserError, at_least


class Schedule(NamedTuple):
    """The steps at which the host does something; 0 is never.

    Attributes:
      steps: in all.
      log_every: steps in one compiled call.
      evaluate_every: steps between evaluations.
      save_every: steps between checkpoints.
    """

    steps: int
    log_every: int
    evaluate_every: int
    save_every: int

    def next(self, step: int) -> int:
        """The next step after ``step`` at which the host has something to do."""
        periods = [p for p in (self.log_every, self.evaluate_every, self.save_every) if p]
        return min([self.steps, *((step // p + 1) * p for p in periods)])

    def evaluates(self, step: int) -> bool:
        """Whether the validation split is scored after this step."""
        return step == self.steps or _due(step, self.evaluate_every)

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is written after this step: at every evaluation too, since it may be the best."""
        return self.evaluates(step) or _due(step, self.save_every)


def _due(step: int, period: int) -> bool:
    return period > 0 and step % period == 0


def schedule_of(config: Any, steps_per_epoch: int) -> Schedule:
    """From ``config.training`` and ``config.evaluation``.

    Raises:
      UserError: for numbers that are negative, or no steps at all.
    """
    training, evaluation = config.training, config.evaluation
    at_least("--config.training.steps", training.steps, 0)
    at_least("--config.training.epochs", training.epochs, 0)
    at_least("--config.training.log_every", training.log_every, 1)
    at_least("--config.training.checkpoint_every", training.checkpoint_every, 0)
    at_least("--config.training.patience", training.patience, 0)
    at_least("--config.evaluation.every", evaluation.every, 0)
    steps = training.steps or round(training.epochs * steps_per_epoch)
    if steps < 1:
        raise UserError(
            "--config.training.steps=0 and --config.training.epochs=0 leave nothing to do: raise one of them"
        )
    return Schedule(steps, training.log_every, evaluation.every, training.checkpoint_every)
