"""A function of one member as one compiled program of many: seeds, rates, forget biases, clip limits.

On an accelerator members run side by side (``vmap``). On a CPU ``vmap`` over
members is slower than one after another, so there each device takes its share
of the members and walks through them (``lax.map`` under ``shard_map``); with one
virtual device a core all cores work, and no collective is needed.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from rnn_research.types import Array


class Members:
    """M members laid over devices; arrays have a leading member axis.

    They are dealt out to the devices in turn, so that neighbours which fail together are spread.
    """

    def __init__(self, members: int, devices: Sequence[jax.Device] | None = None):
        """Chooses the devices: all local ones by default, never more than members."""
        self.members = members
        devices = devices or jax.local_devices()
        chosen = np.array(devices[: max(1, min(members, len(devices)))])
        self._mesh = Mesh(chosen, ("member",), axis_types=(AxisType.Auto,))
        size = self._mesh.size
        slots = -(-members // size) * size
        self._member_of_slot = np.arange(slots).reshape(-1, size).T.ravel()
        self._slot_of_member = np.argsort(self._member_of_slot)[:members]

    def lay(self, tree_M: Any) -> Any:
        """Places member-leading arrays on the devices, filled up to a multiple of them by repeating the last."""
        order = np.minimum(self._member_of_slot, self.members - 1)
        sharding = NamedSharding(self._mesh, PartitionSpec("member"))
        return jax.tree.map(lambda x: jax.device_put(jnp.asarray(x)[order], sharding), tree_M)

    def lay_everywhere(self, tree: Any) -> Any:
        """Places what all members share on every device."""
        return jax.device_put(tree, NamedSharding(self._mesh, PartitionSpec()))

    def only(self, members: Collection[int]) -> Array:
        """Laid booleans: which members are among these."""
        is_member = np.isin(self._member_of_slot, list(members))
        return jax.device_put(is_member, NamedSharding(self._mesh, PartitionSpec("member")))

    def each(self, f: Callable[..., Any], donate: tuple[int, ...] = ()) -> Callable[..., Any]:
        """``f(shared, *args)`` of one member's arguments, as a jitted function of all members' laid ones.

        ``shared`` is the same for all members: data is an argument of the program, not a constant in it.
        ``donate`` numbers the arguments whose memory the results may take.
        """
        return _each_member(self._mesh, f, donate)

    def one(self, tree_M: Any, member: int) -> Any:
        """One member's part of laid arrays, on the first device; read where it lies, so that no device waits."""
        slot, first = self._slot_of_member[member], self._mesh.devices.flat[0]
        device, place = divmod(int(slot), len(self._member_of_slot) // self._mesh.size)

        def part(x: Array) -> Array:
            lies = next(shard for shard in x.addressable_shards if shard.device == self._mesh.devices.flat[device])
            return jax.device_put(lies.data[place], first)

        return jax.tree.map(part, tree_M)

    def to_host(self, tree_M: Any) -> Any:
        """NumPy arrays of the members alone, in their order."""
        return jax.tree.map(lambda x: np.asarray(x)[self._slot_of_member], tree_M)


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
