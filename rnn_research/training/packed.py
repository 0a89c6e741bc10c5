"""The functions of a run for all members of a pack at once; a member that is not active stands still.

The program is always that of the whole pack, whoever is still at work: what a
member computes does not depend on which of its neighbours have ended. A member
that stands still costs nothing where members walk one after another (CPU), and a
lane of the arrays where they run side by side.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from rnn_research.runs.checkpoints import flat
from rnn_research.tasks import Task
from rnn_research.training.population import Members
from rnn_research.training.state import TrainState
from rnn_research.training.step import Program
from rnn_research.training.walk import Sums
from rnn_research.types import Array


class PackedProgram(Members):
    """Members are dealt out to the devices in turn, so that neighbours which fail together are spread."""

    def __init__(self, program: Program, task: Task, members: int, devices: Sequence[jax.Device] | None = None):
        super().__init__(members, devices)
        self._program, self._task = program, task
        self.model = program.model
        size = self._mesh.size
        slots = -(-members // size) * size
        self._member_of_slot = np.arange(slots).reshape(-1, size).T.ravel()
        self._slot_of_member = np.argsort(self._member_of_slot)[:members]
        everywhere = NamedSharding(self._mesh, PartitionSpec())
        self._data = {name: jax.device_put(split.data, everywhere) for name, split in task.splits.items()}
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self._copy = jax.jit(lambda states: jax.tree.map(jnp.copy, flat(states)))

    def lay(self, tree_M: Any) -> Any:
        """Places member-leading arrays on the devices, filled up by repeating the last."""
        order = np.minimum(self._member_of_slot, self.members - 1)
        sharding = NamedSharding(self._mesh, PartitionSpec("member"))
        return jax.tree.map(lambda x: jax.device_put(jnp.asarray(x)[order], sharding), tree_M)

    def to_host(self, tree_M: Any) -> Any:
        """NumPy arrays of the members, in their order."""
        return jax.tree.map(lambda x: np.asarray(x)[self._slot_of_member], tree_M)

    def chunk(
        self, states_M: TrainState, hypers_M: Any, active: Collection[int], n: int
    ) -> tuple[TrainState, dict[str, Array]]:
        """n steps of the active members; states are donated, the metrics ``[M, n]`` of the others are zero."""

        def steps(data: Any, state: TrainState, hyper: Any, works: Array) -> Any:
            def go(state: TrainState) -> Any:
                return jax.lax.scan(lambda s, _: self._program.step(s, data, hyper), state, length=n)

            return jax.lax.cond(works, go, lambda state: (state, _zeros(jax.eval_shape(go, state)[1])), state)

        if n not in self._compiled:
            self._compiled[n] = self.each(steps, donate=(1,))
        return self._compiled[n](self._data["train"], states_M, hypers_M, self._mask(active))

    def score(self, split: str, params_M: Any, active: Collection[int]) -> Sums:
        """The sums of a split ``[M, batches, B]``; zero for members that are not active."""
        part = self._task.splits[split]

        def sums(data: Any, params: Any, works: Array) -> Any:
            go = lambda: self._program.evaluate(params, data, part.batches, part.batch_size)  # noqa: E731
            return jax.lax.cond(works, go, lambda: _zeros(jax.eval_shape(go)))

        size = (part.batches, part.batch_size)  # splits of equal size share a program
        if size not in self._compiled:
            self._compiled[size] = self.each(sums)
        return self._compiled[size](self._data[split], params_M, self._mask(active))

    def measure(self, states_M: TrainState, member: int) -> Any:
        """The reach of one member's gradient, as it would be measured alone."""
        first = self._mesh.devices.flat[0]
        one = jax.tree.map(lambda x: jax.device_put(x[self._slot_of_member[member]], first), states_M)
        return self._program.measure(one, jax.device_put(self._task.splits["train"].data, first))

    def copy(self, states_M: TrainState) -> dict[str, Array]:
        """The states, flat, as a checkpoint wants them; safe from donation."""
        return self._copy(states_M)

    def _mask(self, active: Collection[int]) -> Array:
        works = np.isin(self._member_of_slot, list(active))
        return jax.device_put(works, NamedSharding(self._mesh, PartitionSpec("member")))


def _zeros(shapes: Any) -> Any:
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
