"""Successive halving: at every rung only the best third goes on (Jamieson and Talwalkar 2016).

Rungs lie at 1, 3, 9 ... times the first evaluation. A run is compared with all
that have come to the same rung before it or with it, so that no run waits for
others (Li et al. 2020, ASHA); what they reached is read from their metrics files.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from rnn_research.runs import metrics
from rnn_research.runs.directory import RunDirectory
from rnn_research.training.loop import Judge

REDUCTION = 3
PRUNED = "pruned at step"  # how the reason of a run that was stopped begins


def is_rung(step: int, every: int) -> bool:
    """Whether ``step`` is 1, 3, 9 ... times ``every``."""
    while every and step > every and step % REDUCTION == 0:
        step //= REDUCTION
    return every > 0 and step == every


def judge(objective: str, every: int, others: Callable[[], Iterable[RunDirectory]]) -> Judge:
    """Stops members of a pack that are not among the best third at a rung.

    Args:
      objective: the validation figure that is wanted least.
      every: steps between evaluations.
      others: gives the directories of the runs that members are compared with; a member's own may be among them.
    """

    def decide(step: int, found: Mapping[str, float]) -> Mapping[str, str]:
        if not is_rung(step, every):
            return {}
        seen = [
            record[objective]
            for run in others()
            if run.path.name not in found
            for record in metrics.read(run.metrics)
            if record["kind"] == "validation" and record["step"] == step
        ]
        bar, kept = bar_of([*seen, *found.values()])
        count = len(seen) + len(found)
        return {
            name: f"{PRUNED} {step}: a validation {objective} of {value:.4g} is not among the best {kept} of {count}"
            for name, value in found.items()
            if not value <= bar or not math.isfinite(value)
        }

    return decide


def bar_of(values: Iterable[float]) -> tuple[float, int]:
    """The worst value that still goes on, and how many do (at least one); what is not finite is behind all others."""
    ranked = sorted(value if math.isfinite(value) else math.inf for value in values)
    kept = -(-len(ranked) // REDUCTION)
    return ranked[kept - 1], kept
