"""Many members of one shape in one compiled program: seeds, rates, forget biases, clip limits.

On an accelerator members run side by side (``vmap``). On a CPU ``vmap`` over
members is slower than one after another, so there each device takes its share
of the members and walks through them (``lax.map`` under ``shard_map``); with one
virtual device a core all cores work, and no collective is needed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from rnn_research.training.step import Program
from rnn_research.types import Array

# Numbers that change nothing about the program: members may differ in them.
FREE = (
    "seed",
    "model.dropout",
    "model.init.input_scale",
    "model.init.recurrent_scale",
    "model.init.output_scale",
    "model.init.bias_half_width",
    "model.init.forget_bias",
    "model.init.ring_least",
    "model.init.ring_most",
    "model.init.ring_phase",
    "optimizer.learning_rate",
    "optimizer.momentum",
    "optimizer.decay",
    "optimizer.epsilon",
    "optimizer.weight_decay",
    "optimizer.clip.limit",
    "training.label_noise",
    "training.regularizer.weight",
)

# Of these zero is a program of its own, which does without them.
FREE_ABOVE_ZERO = ("model.dropout", "training.label_noise")


class Members:
    """Members laid over devices; arrays have a leading member axis."""

    def __init__(self, members: int, devices: Sequence[jax.Device] | None = None):
        """Chooses the devices: all local ones by default, never more than members."""
        self.members = members
        devices = devices or jax.local_devices()
        chosen = np.array(devices[: max(1, min(members, len(devices)))])
        self._mesh = Mesh(chosen, ("member",), axis_types=(AxisType.Auto,))

    def lay(self, tree_M: Any) -> Any:
        """Places member-leading arrays on the devices, filled up to a multiple of them by repeating the last."""
        short = -self.members % self._mesh.size
        sharding = NamedSharding(self._mesh, PartitionSpec("member"))

        def place(x: Array) -> Array:
            x = jnp.asarray(x) if not isinstance(x, jax.Array) else x
            return jax.device_put(jnp.concatenate([x, jnp.repeat(x[-1:], short, axis=0)]) if short else x, sharding)

        return jax.tree.map(place, tree_M)

    def each(self, f: Callable[..., Any], donate: tuple[int, ...] = ()) -> Callable[..., Any]:
        """``f(shared, *args)`` of one member's arguments, as a jitted function of all members' laid ones.

        ``shared`` is the same for all members: data is an argument of the program, not a constant in it.
        ``donate`` numbers the arguments whose memory the results may take.
        """
        return _each_member(self._mesh, f, donate)

    def to_host(self, tree_M: Any) -> Any:
        """NumPy arrays of the members alone."""
        return jax.tree.map(lambda x: np.asarray(x)[: self.members], tree_M)


class Population(Members):
    """Trains all members together."""

    def __init__(self, program: Program, members: int, devices: Sequence[jax.Device] | None = None):
        """Takes the program of a run; its config's numbers are overruled by each member's own."""
        super().__init__(members, devices)
        self._program = program
        self._chunks: dict[int, Callable[..., Any]] = {}

    def init(self, keys_M: Array, starts_M: Any, hypers_M: Any) -> Any:
        """The states of all members."""
        init = self.each(lambda _, *args: self._program.init(*args))
        return init(None, self.lay(keys_M), self.lay(starts_M), self.lay(hypers_M))

    def chunk(self, states_M: Any, data: Any, hypers_M: Any, n: int) -> tuple[Any, dict[str, np.ndarray]]:
        """n steps of every member; metrics are ``[M, n]``. ``hypers_M`` comes from ``lay``."""
        if n not in self._chunks:

            def steps(data: Any, state: Any, hyper: Any) -> Any:
                return jax.lax.scan(lambda s, _: self._program.step(s, data, hyper), state, length=n)

            self._chunks[n] = self.each(steps)
        states_M, metrics = self._chunks[n](data, states_M, hypers_M)
        return states_M, self.to_host(metrics)


def _each_member(mesh: Mesh, f: Callable[..., Any], donate: tuple[int, ...]) -> Callable[..., Any]:
    if jax.default_backend() == "cpu":

        def local(shared: Any, *args_M: Any) -> Any:
            return jax.lax.map(lambda args: f(shared, *args), args_M)

    else:

        def local(shared: Any, *args_M: Any) -> Any:
            return jax.vmap(partial(f, shared))(*args_M)

    member, everywhere = PartitionSpec("member"), PartitionSpec()

    def all_members(shared: Any, *args_M: Any) -> Any:
        specs = (everywhere, *(member for _ in args_M))
        return jax.shard_map(local, mesh=mesh, in_specs=specs, out_specs=member, check_vma=False)(shared, *args_M)

    return jax.jit(all_members, donate_argnums=donate)
