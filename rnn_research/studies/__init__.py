"""Studies: from a config to results; ``STUDIES`` maps each name to ``(config, say, keep) -> results``."""

from collections.abc import Callable
from typing import Any

from rnn_research.studies import anatomy, clipping, forget_bias, images, memory, radius, trained

STUDIES: dict[str, Callable[..., dict[str, Any]]] = {
    "anatomy": anatomy.run,
    "trained": trained.run,
    "radius": radius.run,
    "forget_bias": forget_bias.run,
    "clipping": clipping.run,
    "memory": memory.run,
    "images": images.run,
}

__all__ = ["STUDIES"]
