"""Recurrent layers of JAX libraries at one shape, and ours: each the parameters and a pure function of them.

The equations are those of the library's own cell. They differ in two places:
haiku's GRU multiplies by the reset gate before the product, and its plain cell
is a ReLU; equinox has no plain cell.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.case import Case
from rnn_research.cells import CELLS
from rnn_research.types import Array, Params
from rnn_research.unroll import Stack, persistent, stack, unroll_stack

FORMS: dict[str, dict[str, Any]] = {"plain": {"form": "plain"}, "fast": {"form": "fast"}}
"""Fields of ``Stack`` that make each form of our unroll; all are measured, and the last stands for ours in ratios."""

OURS = f"ours, {list(FORMS)[-1]}"

CAPTURED = "FUSION,CUBLAS,CUBLASLT,CUDNN,CUSTOM_CALL,DYNAMIC_SLICE_FUSION"
"""What XLA may record once and launch as one command on a GPU; with ``WHILE`` the loop over time too."""

COMMANDS = "xla_gpu_enable_command_buffer"

FORWARD, BOTH = "forward", "forward + backward"


class Core(NamedTuple):
    """The recurrent layers: ``apply(params, x_TBD) -> h_TBH``, from a zero carry; ``options`` are the compiler's."""

    params: Params
    apply: Callable[[Params, Array], Array]
    options: dict[str, str] | None = None


class Peer(NamedTuple):
    """Who is measured.

    Attributes:
      module: that must be there.
      package: that it comes with.
      cells: that it has.
      build: ``Case -> Core``.
      on_gpu: it is for one NVIDIA GPU alone.
      fits: whether it has a case of such a cell.
    """

    module: str
    package: str
    cells: tuple[str, ...]
    build: Callable[[Case], Core]
    on_gpu: bool = False
    fits: Callable[[Case], bool] = lambda case: True

    def missing(self) -> str:
        """Why it cannot be measured here, or nothing."""
        there = importlib.util.find_spec(self.module) is not None
        return "" if there else f"{self.package} is not installed: pip install -e .[benchmark]"


def ours(fields: dict[str, Any], case: Case) -> Core:
    """This project's unroll; ``fields`` are those of ``Stack`` that make a form of it."""
    shape = Stack(CELLS[case.cell], case.shape.H, case.shape.L, **fields)
    params = _cast(stack.init(shape, jax.random.key(0), case.D), case.dtype)
    carry = stack.initial_carry(shape, params, (case.shape.B,))

    def apply(params: Params, x: Array) -> Array:
        return unroll_stack(shape, params, carry, x)[1].astype(x.dtype)

    return Core(params, apply)


def captured(commands: str, case: Case) -> Core:
    """The fast form with these commands recorded."""
    return ours(FORMS["fast"], case)._replace(options={COMMANDS: commands})


def is_persistent(case: Case) -> bool:
    """Whether a persistent kernel holds every layer."""
    core, x = ours(FORMS["fast"], case), jnp.zeros((case.shape.B, case.D))
    carry = CELLS[case.cell].initial_carry((case.shape.B, case.shape.H))
    return not persistent.why_not(CELLS[case.cell], core.params.cells[0][0], carry, x)


def flax_linen(case: Case) -> Core:
    """``flax.linen.RNN``."""
    from flax import linen as nn

    cell = {"elman": nn.SimpleCell, "gru": nn.GRUCell, "lstm": nn.OptimizedLSTMCell}[case.cell]
    B, H, dtype = case.shape.B, case.shape.H, jnp.dtype(case.dtype)
    layer, key = nn.RNN(cell(H, dtype=dtype), time_major=True), jax.random.key(0)
    zero = _cast(layer.cell.initialize_carry(key, (B, H)), dtype)
    widths = [case.D if n == 0 else H for n in range(case.shape.L)]
    params = [layer.init(key, jnp.zeros((1, B, D)), initial_carry=_cast(zero, jnp.float32)) for D in widths]

    def apply(params: Params, x: Array) -> Array:
        for p in params:
            x = layer.apply(p, x, initial_carry=zero)  # type: ignore[assignment]
        return x

    return Core(_cast(params, dtype), apply)


def flax_nnx(case: Case) -> Core:
    """``flax.nnx.RNN``."""
    from flax import nnx

    cell = {"elman": nnx.SimpleCell, "gru": nnx.GRUCell, "lstm": nnx.OptimizedLSTMCell}[case.cell]
    H, dtype, rngs = case.shape.H, jnp.dtype(case.dtype), nnx.Rngs(0)
    widths = [case.D if n == 0 else H for n in range(case.shape.L)]
    cells = [cell(D, H, dtype=dtype, rngs=rngs) for D in widths]
    zero = _cast(cells[0].initialize_carry((case.shape.B, H), rngs), dtype)
    graph, params, *rest = nnx.split(nnx.List([nnx.RNN(c, time_major=True) for c in cells]), nnx.Param, ...)

    def apply(params: Params, x: Array) -> Array:
        for layer in nnx.merge(graph, params, *rest):
            x = layer(x, initial_carry=zero)
        return x

    return Core(_cast(params, dtype), apply)


def haiku(case: Case) -> Core:
    """``haiku.dynamic_unroll``."""
    import haiku as hk

    cell = {"elman": hk.VanillaRNN, "gru": hk.GRU, "lstm": hk.LSTM}[case.cell]

    def layers(x: Array) -> Array:
        for _ in range(case.shape.L):
            core = cell(case.shape.H)
            x, _ = hk.dynamic_unroll(core, x, _cast(core.initial_state(x.shape[1]), x.dtype))
        return x

    model: Any = hk.without_apply_rng(hk.transform(layers))
    params = model.init(jax.random.key(0), jnp.zeros((1, case.shape.B, case.D), case.dtype))
    return Core(params, model.apply)


def equinox(case: Case) -> Core:
    """``equinox.nn`` cells under ``lax.scan``, batched by ``vmap``."""
    import equinox as eqx

    cell = {"gru": eqx.nn.GRUCell, "lstm": eqx.nn.LSTMCell}[case.cell]
    H, dtype = case.shape.H, jnp.dtype(case.dtype)
    keys = jax.random.split(jax.random.key(0), case.shape.L)
    layers = [cell(case.D if n == 0 else H, H, dtype=dtype, key=key) for n, key in enumerate(keys)]
    params, static = eqx.partition(layers, eqx.is_array)
    zero_BH = jnp.zeros((case.shape.B, H), dtype)
    start = (zero_BH, zero_BH) if case.cell == "lstm" else zero_BH

    def apply(params: Params, x: Array) -> Array:
        for layer in eqx.combine(params, static):

            def step(carry: Any, x_BD: Array, layer: Any = layer) -> Any:
                carry = jax.vmap(layer)(x_BD, carry)
                return carry, carry[0] if case.cell == "lstm" else carry

            _, x = jax.lax.scan(step, start, x)
        return x

    return Core(params, apply)


ALL = ("elman", "gru", "lstm")

PEERS: dict[str, Peer] = {
    **{f"ours, {form}": Peer("jax", "jax", ALL, partial(ours, fields)) for form, fields in FORMS.items()},
    "ours, persistent": Peer("jax", "jax", ALL, partial(ours, {"form": "persistent"}), True, is_persistent),
    "ours, loop captured": Peer("jax", "jax", ALL, partial(captured, f"{CAPTURED},WHILE"), True),
    "ours, loop not captured": Peer("jax", "jax", ALL, partial(captured, CAPTURED), True),
    "flax.linen": Peer("flax", "flax", ALL, flax_linen),
    "flax.nnx": Peer("flax", "flax", ALL, flax_nnx),
    "haiku": Peer("haiku", "dm-haiku", ALL, haiku),
    "equinox": Peer("equinox", "equinox", ("gru", "lstm"), equinox),
}


def candidates() -> dict[str, Peer]:
    """Those of ``PEERS`` that are for the kind of device that is here."""
    return {who: peer for who, peer in PEERS.items() if not peer.on_gpu or persistent.there_is_one()}


def inputs_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Inputs ``[T, B, D]`` and the gradient that comes back to the outputs, ``[T, B, H]``: the same for all."""
    rng = np.random.default_rng(0)
    B, T, H, _ = case.shape
    return rng.standard_normal((T, B, case.D), np.float32), rng.standard_normal((T, B, H), np.float32)


def passes(core: Core, case: Case) -> dict[str, Callable[[], Any]]:
    """Both passes as functions that wait for their results; the gradient is that of all weights and of the inputs."""
    x_TBD, dh_TBH = (jnp.asarray(a, case.dtype) for a in inputs_of(case))
    forward, both = jax.jit(core.apply, compiler_options=core.options), both_of(core)
    return {
        FORWARD: lambda: jax.block_until_ready(forward(core.params, x_TBD)),
        BOTH: lambda: jax.block_until_ready(both(core.params, x_TBD, dh_TBH)),
    }


def both_of(core: Core) -> Any:
    """``(params, x_TBD, dh_TBH) -> (h_TBH, gradients)``, jitted."""

    def both(params: Params, x: Array, dh: Array) -> Any:
        h, pull_back = jax.vjp(core.apply, params, x)
        return h, pull_back(dh)

    return jax.jit(both, compiler_options=core.options)


def _cast(tree: Any, dtype: Any) -> Any:
    return jax.tree.map(lambda a: a.astype(dtype), tree)
