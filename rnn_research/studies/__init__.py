"""Studies: from a config to results; ``STUDIES`` maps each name to ``(config, say) -> results``."""

from collections.abc import Callable
from typing import Any

from rnn_research.studies import anatomy, memory

STUDIES: dict[str, Callable[..., dict[str, Any]]] = {"anatomy": anatomy.run, "memory": memory.run}

__all__ = ["STUDIES"]
