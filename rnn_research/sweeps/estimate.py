"""What a sweep is going to take, before it is started: a table of its points, and a time."""

import dataclasses
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
from rich.table import Table
from rich.text import Text

from rnn_research.sweeps.names import short_fields
from rnn_research.sweeps.plan import Sweep
from rnn_research.training.build import Built, build

PATIENCE = 8.0  # seconds after which no further pack is timed
TIMED = 0.5  # seconds that the steps of one pack are timed for
SHOWN = 100  # points in the table


class Estimate(NamedTuple):
    """How long the training steps take.

    Attributes:
      seconds: of all steps of all packs, one pack after another; compiling, evaluating and saving come on top.
      timed: packs whose steps were timed; the others are taken to be as fast as these.
    """

    seconds: float
    timed: int


def estimate(sweep: Sweep) -> Estimate:
    """Times a few steps of a member of each pack, one alone, until ``PATIENCE`` is over.

    On a CPU the members share out the devices; on an accelerator, where they run
    side by side, the time of one after another is an upper bound.
    """
    began = time.monotonic()
    per_step: list[float] = []
    work = []  # steps of each pack, those that no device has to wait for counted once
    devices = jax.local_device_count() if jax.default_backend() == "cpu" else 1
    for pack in range(sweep.packs):
        points = sweep.of_pack(pack)
        if time.monotonic() - began < PATIENCE:
            built = build(sweep.config_of(points[0]), batch_over=1)
            per_step.append(seconds_per_step(built))
            steps = built.schedule.steps
        work.append(steps * -(-len(points) // devices))
    mean = sum(per_step) / len(per_step)
    rest = [mean] * (sweep.packs - len(per_step))
    return Estimate(sum(w * s for w, s in zip(work, [*per_step, *rest], strict=True)), len(per_step))


def seconds_per_step(built: Built) -> float:
    """Of one run alone, without compiling; from a state of zeros, since the numbers do not matter."""
    like = jax.eval_shape(lambda: built.program.init(built.numbers))
    zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), dataclasses.replace(like, key=None))
    state = dataclasses.replace(zeros, key=jax.random.key(0))
    data = jax.device_put(built.task.splits["train"].data)
    chunk = jax.jit(built.program.step)
    jax.block_until_ready(chunk(state, data, built.numbers))
    began, steps = time.monotonic(), 0
    while (spent := time.monotonic() - began) < TIMED:
        state, _ = jax.block_until_ready(chunk(state, data, built.numbers))
        steps += 1
    return spent / steps


def table(sweep: Sweep) -> Table:
    """The points, each with its pack and what it changes."""
    shown = Table(box=None, pad_edge=False)
    short = short_fields(set(sweep.fields))
    shown.add_column("pack", justify="right")
    for field in sweep.fields:
        shown.add_column(Text(short[field]), overflow="fold")
    for point in sweep.points[:SHOWN]:
        shown.add_row(str(point.pack), *(Text(str(point.overrides.get(field, ""))) for field in sweep.fields))
    if len(sweep.points) > SHOWN:
        shown.caption = f"... and {len(sweep.points) - SHOWN} more"
    return shown
