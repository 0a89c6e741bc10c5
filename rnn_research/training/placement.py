"""Where the arrays of members lie, and the functions of a run as programs over all of them.

Devices share the batch of one member, or the members of a pack are dealt out to
them; the host loop knows neither. The program is always that of all members,
whoever is still at work: what a member computes does not depend on which of its
neighbours have ended.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from rnn_research.runs.checkpoints import flat
from rnn_research.tasks import Task
from rnn_research.training.added.gradient_watch import Measured
from rnn_research.training.machines import devices
from rnn_research.training.members import Members
from rnn_research.training.numbers import Numbers, stacked
from rnn_research.training.state import TrainState
from rnn_research.training.step import Program
from rnn_research.training.walk import Sums
from rnn_research.types import Array


@runtime_checkable
class Placement(Protocol):
    """Members are numbered from 0. Results stay on the devices, where ``apart`` can read them, until it does.

    Attributes:
      members: how many there are.
    """

    members: int

    def place(self, trees: Mapping[int, Any]) -> Any:
        """States or parameters of members by their numbers; whoever has none may not be active."""

    def chunk(self, states: Any, active: Collection[int], n: int) -> tuple[Any, Mapping[str, Array]]:
        """n steps of the active members, the others stand still; states are donated; the metrics of every step."""

    def score(self, split: str, params: Any, active: Collection[int]) -> Sums:
        """The sums of a split for the active members, ``[batches, B]`` of each."""

    def measure(self, states: Any, member: int) -> Measured:
        """The reach of one member's gradient."""

    def copy(self, states: Any) -> Mapping[str, Array]:
        """The states, flat, as a checkpoint wants them; safe from donation."""

    def apart(self, tree: Any) -> Sequence[Any]:
        """Of every member its own part of such a result, on the host."""

    def agreed(self, number: Callable[[], int]) -> Callable[[], int]:
        """The largest of what ``number`` gives now on all processes, once it is asked for."""


class SharedBatch:
    """One member: every device of every process computes its rows of each batch."""

    def __init__(self, program: Program, task: Task, numbers: Numbers, over: Mesh | None = None):
        """Places the data.

        Args:
          program: of the run.
          task: for its splits.
          numbers: of the run.
          over: devices in a row; by default all that there are.
        """
        self.members = 1
        self._program, self._task, self._numbers = program, task, numbers
        self._over = devices.mesh() if over is None else over
        train = task.splits["train"]
        scored = {name: split.data for name, split in task.splits.items() if name != "train"}
        self._data = {name: devices.share(self._over, data) for name, data in scored.items()}
        self._data["train"] = devices.spread_data(self._over, train.data, train.batch_axis)
        self._copy = jax.jit(lambda state: jax.tree.map(jnp.copy, flat(state)))

    def place(self, trees: Mapping[int, Any]) -> Any:
        """See ``Placement``."""
        (tree,) = trees.values()
        spread = devices.spread_state if isinstance(tree, TrainState) else devices.share
        return spread(self._over, tree)

    def chunk(self, states: TrainState, active: Collection[int], n: int) -> tuple[TrainState, Mapping[str, Array]]:
        """See ``Placement``."""
        state, metrics = _waited_for(self._program.chunk(states, self._data["train"], self._numbers, n))
        return state, devices.gather(self._over, metrics)

    def score(self, split: str, params: Any, active: Collection[int]) -> Sums:
        """See ``Placement``."""
        part = self._task.splits[split]
        sums = self._program.evaluate(params, self._data[split], part.batches, part.batch_size)
        return devices.gather(self._over, sums)

    def measure(self, states: TrainState, member: int) -> Measured:
        """See ``Placement``."""
        return devices.gather(self._over, _waited_for(self._program.measure(states, self._data["train"])))

    def copy(self, states: TrainState) -> Mapping[str, Array]:
        """See ``Placement``."""
        return devices.gather(self._over, self._copy(states))

    def apart(self, tree: Any) -> Sequence[Any]:
        """See ``Placement``."""
        return (jax.device_get(tree),)

    def agreed(self, number: Callable[[], int]) -> Callable[[], int]:
        """See ``Placement``."""
        return devices.largest(self._over, number)


class DealtMembers(Members):
    """M members, each on one of the devices of this process.

    One that stands still costs nothing where members walk one after another (CPU),
    and a lane of the arrays where they run side by side.
    """

    def __init__(
        self, program: Program, task: Task, numbers: Sequence[Numbers], devices: Sequence[jax.Device] | None = None
    ):
        """Places data and numbers.

        Args:
          program: of any of the members: they are of one shape.
          task: for its splits.
          numbers: of each member.
          devices: all local ones by default.
        """
        super().__init__(len(numbers), devices)
        self._program, self._task = program, task
        self._numbers_M = self.lay(stacked(numbers))
        self._data = {name: self.lay_everywhere(split.data) for name, split in task.splits.items()}
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self._copy = jax.jit(lambda states: jax.tree.map(jnp.copy, flat(states)))

    def init(self) -> TrainState:
        """The first states of all members by one program; those of runs alone but for rounding."""
        return self.each(lambda _, numbers: self._program.init(numbers))(None, self._numbers_M)

    def place(self, trees: Mapping[int, Any]) -> Any:
        """See ``Placement``; whoever has none stands still, whatever it is given."""
        other = next(iter(trees.values()))
        every = [trees.get(member, other) for member in range(self.members)]
        return self.lay(jax.tree.map(lambda *leaves: jnp.stack(leaves), *every))

    def chunk(self, states: TrainState, active: Collection[int], n: int) -> tuple[TrainState, Mapping[str, Array]]:
        """See ``Placement``; metrics are ``[M, n]``, zero for who is not active."""

        def steps(data: Any, state: TrainState, numbers: Numbers, works: Array) -> Any:
            go = lambda state: self._program.chunk(state, data, numbers, n)  # noqa: E731
            return jax.lax.cond(works, go, lambda state: (state, _zeros(jax.eval_shape(go, state)[1])), state)

        if n not in self._compiled:
            self._compiled[n] = self.each(steps, donate=(1,))
        return self._compiled[n](self._data["train"], states, self._numbers_M, self.only(active))

    def score(self, split: str, params: Any, active: Collection[int]) -> Sums:
        """See ``Placement``; sums are ``[M, batches, B]``, zero for who is not active."""
        part = self._task.splits[split]

        def sums(data: Any, params: Any, works: Array) -> Any:
            go = lambda: self._program.evaluate(params, data, part.batches, part.batch_size)  # noqa: E731
            return jax.lax.cond(works, go, lambda: _zeros(jax.eval_shape(go)))

        size = (part.batches, part.batch_size)  # splits of equal size share a program
        if size not in self._compiled:
            self._compiled[size] = self.each(sums)
        return self._compiled[size](self._data[split], params, self.only(active))

    def measure(self, states: TrainState, member: int) -> Measured:
        """See ``Placement``; as it would be measured alone."""
        data = jax.device_put(self._task.splits["train"].data, self._mesh.devices.flat[0])
        return self._program.measure(self.one(states, member), data)

    def copy(self, states: TrainState) -> Mapping[str, Array]:
        """See ``Placement``."""
        return self._copy(states)

    def apart(self, tree: Any) -> Sequence[Any]:
        """See ``Placement``."""
        host_M = self.to_host(tree)
        return [jax.tree.map(lambda x, m=member: x[m], host_M) for member in range(self.members)]

    def agreed(self, number: Callable[[], int]) -> Callable[[], int]:
        """See ``Placement``; there is one process."""
        return number


def _waited_for(result: Any) -> Any:
    return jax.block_until_ready(result) if devices.host_must_wait() else result


def _zeros(shapes: Any) -> Any:
    return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
