"""Where sequences come from; ``TASKS`` maps each name to ``(task section, evaluation section) -> Task``."""

from collections.abc import Callable

from rnn_research.tasks.task import Batch, Split, Task
from rnn_research.tasks.text.language_modelling import language_modelling

TASKS: dict[str, Callable[..., Task]] = {"text": language_modelling}

__all__ = ["TASKS", "Batch", "Split", "Task"]
