"""Which numbers and which devices a run computes with."""

import dataclasses
import functools
import math
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from rnn_research.config import Field, Section
from rnn_research.errors import UserError, counted, one_of
from rnn_research.tasks import Task
from rnn_research.training.state import TrainState

DTYPES = ("float32", "bfloat16", "float64")

TRAINING: Section = {
    "accumulate": Field(1, "parts that a batch is computed in, to save memory", low=1),
    "dtype": Field("float32", "of all that is computed; with bfloat16 parameters stay float32", choices=DTYPES),
}


def parameter_dtype(dtype: str) -> jnp.dtype:
    """Of the stored parameters: float64 needs all of it, bfloat16 is for computing only.

    Raises:
      UserError: for another dtype.
    """
    one_of("training.dtype", dtype, DTYPES)
    if dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    return jnp.dtype("float64" if dtype == "float64" else "float32")


def mesh() -> Mesh:
    """All devices of all processes in one row, along the batch."""
    return jax.make_mesh((jax.device_count(),), ("batch",), axis_types=(AxisType.Auto,))


def check_divides(batch_size: int, accumulate: int, devices: int | None = None) -> None:
    """A batch must split evenly over parts and devices (all there are, by default).

    Raises:
      UserError: if it does not.
    """
    if batch_size % accumulate:
        raise UserError(f"training.accumulate={accumulate} must divide task.batch_size={batch_size}")
    devices = devices or jax.device_count()
    if batch_size // accumulate % devices:
        raise UserError(
            f"task.batch_size={batch_size} in {counted(accumulate, 'part')} does not split over "
            f"{devices} devices: make it a multiple of {accumulate * devices}"
        )


def memory() -> int:
    """Bytes that a device here can hold; of a CPU, those of the machine."""
    stats = jax.local_devices()[0].memory_stats() or {}
    return int(stats.get("bytes_limit", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))


def check_fits(state: Any) -> None:
    """A state that is larger than the memory ends in a crash, not in an error.

    Args:
      state: its shapes, from ``jax.eval_shape``.

    Raises:
      UserError: if it cannot fit.
    """
    leaves = [x for x in jax.tree.leaves(state) if jnp.issubdtype(x.dtype, jnp.number)]
    needed = sum(math.prod(x.shape) * x.dtype.itemsize for x in leaves)
    there = memory()
    if needed > there:
        raise UserError(
            f"parameters and optimiser need {needed / 1e9:,.0f} GB, a device here has {there / 1e9:,.0f} GB: "
            "lower model.hidden, model.layers or model.embedding"
        )


def check_batch_fits(config: Any, task: Task, over: int | None = None) -> None:
    """Refuses a batch whose outputs and hidden states alone are larger than the memory.

    Args:
      config: the whole config.
      task: for the length of its sequences and the number of its outputs.
      over: devices that share a batch; None for all that there are.

    Raises:
      UserError: if it cannot fit.
    """
    B, accumulate = config.task.batch_size, config.training.accumulate
    # What remat=sqrt keeps of the hidden states is small beside them.
    units = 0 if config.model.get("remat", "none") == "sqrt" else config.model.hidden * config.model.layers
    needed = 4 * task.length * (B // accumulate // (over or jax.device_count())) * (task.interface.answer.size + units)
    there = memory()
    if needed > there:
        raise UserError(
            f"task.batch_size={B} with sequences of {counted(task.length, 'step')} needs "
            f"{needed / 1e9:,.0f} GB or more, a device here has {there / 1e9:,.0f}: "
            "lower one of them (task.length or chunk_length), or raise "
            "training.accumulate"
        )


def spread_state(over: Mesh, state: TrainState) -> TrainState:
    """Places the carries of the streams along the batch, and all else on every device."""
    carry = _place(state.carry, NamedSharding(over, PartitionSpec("batch")))
    everywhere = NamedSharding(over, PartitionSpec())
    return dataclasses.replace(_place(dataclasses.replace(state, carry=None), everywhere), carry=carry)


def spread_data(over: Mesh, data: Any, batch_axis: int | None) -> Any:
    """Places training data along the batch, or all of it on every device where it has no such axis."""
    along = PartitionSpec() if batch_axis is None else PartitionSpec(*[None] * batch_axis, "batch")
    return _place(data, NamedSharding(over, along))


def along_batch(batch: Any, over: int | None) -> Any:
    """Within a program: lays every leaf out along the batch, where several devices share it.

    Args:
      batch: every leaf leads with B.
      over: devices that share a batch; None for all that there are.
    """
    if (over or jax.device_count()) == 1:
        return batch
    return jax.lax.with_sharding_constraint(batch, NamedSharding(mesh(), PartitionSpec("batch")))


def share(over: Mesh, tree: Any) -> Any:
    """Places arrays that every process has where all of them can use them."""
    return jax.device_put(tree) if jax.process_count() == 1 else _place(tree, NamedSharding(over, PartitionSpec()))


def _place(tree: Any, sharding: NamedSharding) -> Any:
    """As ``jax.device_put``, also over devices of other processes: each process gives its part of what all have."""
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)

    def place(x: Any) -> jax.Array:
        if jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
            return jax.random.wrap_key_data(place(jax.random.key_data(x)))
        host = np.asarray(x)
        return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])

    return jax.tree.map(place, tree)


def gather(over: Mesh, tree: Any) -> Any:
    """The same arrays, so laid that every process can read them; all processes call it, in the same order."""
    if jax.process_count() == 1:
        return tree
    return jax.block_until_ready(_everywhere(over)(tree)) if host_must_wait() else _everywhere(over)(tree)


@functools.cache
def _everywhere(over: Mesh) -> Callable[[Any], Any]:
    return jax.jit(lambda tree: tree, out_shardings=NamedSharding(over, PartitionSpec()))


def largest(over: Mesh, number: Callable[[], int]) -> Callable[[], int]:
    """The largest of what ``number`` gives now on all processes; the devices find it in their turn.

    Returns:
      A function that waits for it; for a single process, ``number`` itself.
    """
    if jax.process_count() == 1:
        return number
    each = np.full(jax.local_device_count(), number(), np.int32)
    numbers = jax.make_array_from_process_local_data(NamedSharding(over, PartitionSpec("batch")), each)
    found = gather(over, numbers)
    return lambda: int(np.asarray(found).max())


def host_must_wait() -> bool:
    """Programs with collectives on CPU devices hang if the host runs ahead."""
    return jax.default_backend() == "cpu" and jax.device_count() > 1
