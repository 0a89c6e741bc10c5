"""A loop over time as one kernel of a GPU: the recurrent matrices stay on the chip through all steps.

A loop of separate kernels reads the matrices from memory and waits for a launch at
every step, which for small networks is nearly all its time; here each program of one
kernel holds them, and walks all of time for some examples of the batch (Diamos et al.
2016, "Persistent RNNs"). Any cell in three parts can have it, since its pointwise part
is traced into the kernel; its linear one is read off as matrices, what ``recur`` makes
of the identity. Written in Pallas for Triton, which JAX means to replace by another
compiler (0.10 to 0.12 have it): it is imported where it is used, and nothing else
needs it. On a CPU the kernel can be interpreted, for tests.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import backend

from rnn_research.cells.cell import Cell, Streams
from rnn_research.cells.linear import accumulator
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.added_streams import reads_of_combine
from rnn_research.unroll.fast import Engine, fast
from rnn_research.unroll.form import Walk
from rnn_research.unroll.pure import opened
from rnn_research.unroll.rows import First, Second

EXAMPLES = 16  # that a program walks through time: the fewest rows of a matrix unit's product
MOST_BYTES = 128 * 1024  # of matrices that a program can hold beside the states


def why_not(cell: Cell, params: Params, carry: Carry, x: Array) -> str:
    """Why no kernel can hold this layer, or nothing; of arrays or of their shapes and types, ``x [B, D]``."""
    if cell.recur is None or cell.combine is None:
        return f"{cell.name} is not given in three parts"
    h, dtype = jax.eval_shape(cell.hidden, carry), precision(params)
    H = h.shape[-1]
    matrices = jax.eval_shape(cell.recur, params, h)
    if not matrices:
        return f"{cell.name} has no recurrent matrix"
    if H < 16 or not _power_of_two(H):
        return f"{H} units are no power of two from 16"
    read = reads_of_combine(cell, params, carry, x).params
    if not all(_power_of_two(p.size) for p, seen in zip(jax.tree.leaves(params), read, strict=True) if seen):
        return f"{cell.name} reads parameters beside its matrices whose number is no power of two"
    if dtype not in (jnp.float32, jnp.bfloat16):
        return f"matrices of {dtype.name} are neither float32 nor bfloat16"
    size = len(matrices) * H * H * dtype.itemsize
    if size <= MOST_BYTES:
        return ""
    most = f"the {MOST_BYTES // 1024} that a chip's unit holds"
    return f"the recurrent matrices of {H} units in {dtype.name} take {size // 1024} KiB, more than {most}"


def persistent(cell: Cell, params: Params, carry: Carry, x: Array, walk: Walk) -> tuple[Carry, Array]:
    """The fast form of ``unroll``, as one kernel where that can be."""
    return fast(cell, params, carry, x, walk, on_chip)


def on_chip(cell: Cell, params: Params, carry: Carry, x: Array) -> Engine | None:
    """The kernel as the engine of the fast form, if it takes this unroll."""
    if not takes(cell, params, carry, x):
        return None
    return Engine(_products, loop_on_chip)


def there_is_one() -> bool:
    """Whether this process computes on one NVIDIA GPU; a batch spread over several would be gathered for a kernel."""
    return (
        jax.default_backend() == "gpu"
        and jax.device_count() == 1
        and "cuda" in backend.get_backend().platform_version.lower()
    )


def _products(recur: Callable[[Array], Streams], params: Params, H: int) -> tuple[Any, Any]:
    return products(recur, precision(params), H)


def takes(cell: Cell, params: Params, carry: Carry, x: Array) -> bool:
    """Whether this unroll can be the kernel, here: ``x [T, B, D]`` on one NVIDIA GPU, of a layer that it can hold."""
    some = cell.hidden(carry).ndim == 2 and min(x.shape) > 0
    return there_is_one() and some and not why_not(cell, params, carry, x[0])


def precision(params: Params) -> jnp.dtype:
    """The coarsest of the parameters' types: that of the matrices."""
    return min((jnp.dtype(leaf.dtype) for leaf in jax.tree.leaves(params)), key=lambda dtype: dtype.itemsize)


def _power_of_two(n: int) -> bool:
    return n > 0 and n & (n - 1) == 0


def products(recur: Callable[[Array], Streams], dtype: jnp.dtype, H: int) -> tuple[Any, Any]:
    """``recur`` of any number of rows, and its transpose, by matrices of this dtype that a kernel can hold."""
    with jax.default_matmul_precision("highest"):  # the identity leaves every weight as it is
        matrices = [w_HH.astype(dtype) for w_HH in recur(jnp.eye(H, dtype=jnp.float32))]
    turned = [w_HH.T for w_HH in matrices]

    def product(a: Array, w: Array) -> Array:
        return jnp.dot(a.astype(dtype), w, preferred_element_type=accumulator(dtype))

    def forwards(h: Array) -> Streams:
        return tuple(product(h, w_HH) for w_HH in matrices)

    def backwards(d_v: Streams) -> tuple[Array]:
        return (sum(product(d, w_HH) for d, w_HH in zip(d_v, turned, strict=True)),)  # type: ignore[return-value]

    return forwards, backwards


def loop_on_chip(
    first: First, second: Second, start: tuple[Carry, Any], xs_T: Any, rows_T: Any, *, reverse: bool
) -> tuple[tuple[Carry, Any], Any, Any]:
    """``rows.loop`` in place, in one kernel.

    Args:
      first: see ``loop``; for any number of examples.
      second: the same. What both close over is read once; nothing there may have a batch axis.
      start: the carry, ``(state, totals)``: ``[B, H]`` in each place of the state; totals are numbers
        without a batch axis that the steps only add to, zero at the start.
      xs_T: ``[T, B, H]`` in each place, or ``[T]``.
      rows_T: ``[T, B, H]`` in each place.
      reverse: walk from the last step to the first.

    Returns:
      ``(state, totals)`` after the last step, every ``y``, and the new rows.
    """
    from jax.experimental import pallas as pl

    state, totals = start
    B = len(jax.tree.leaves(state)[0])
    programs = -(-B // EXAMPLES)
    T = len(jax.tree.leaves(xs_T)[0])

    def step(state: Carry, totals: Any, xs: Any, rows: Any) -> tuple[Any, Any, Any, Any]:
        rows, more = first((state, totals), xs, rows)
        (state, totals), y = second((state, totals), xs, rows, more)
        return state, totals, y, rows

    inputs = (_filled(state, 0, B), totals, _filled(xs_T, 1, B), _filled(rows_T, 1, B))
    examples = (_tile(inputs[0], 0), totals, _tile(inputs[2], 1), _tile(inputs[3], 1))
    pure, closed = opened(step, *examples)
    outputs = jax.eval_shape(step, *examples)
    whole = lambda s: jax.ShapeDtypeStruct((T, programs * EXAMPLES, *s.shape[1:]), s.dtype)  # noqa: E731
    shapes = (
        inputs[0],
        jax.tree.map(lambda s: jax.ShapeDtypeStruct((programs, *s.shape), s.dtype), totals),
        *jax.tree.map(whole, outputs[2:]),
    )

    def kernel(read: Any, written: Any) -> None:
        held, (state, totals, xs_T, rows_T) = read
        mine = pl.ds(pl.program_id(0) * EXAMPLES, EXAMPLES)
        closed = [ref[...] for ref in held]

        def body(n: Array, carry: tuple[Carry, Any]) -> tuple[Carry, Any]:
            t = T - 1 - n if reverse else n
            at = lambda ref: ref[t] if len(ref.shape) == 1 else ref[t, mine, :]  # noqa: E731
            *carry, y, rows = pure(closed, *carry, jax.tree.map(at, xs_T), jax.tree.map(at, rows_T))
            jax.tree.map(partial(_put, (t, mine)), written[2:], (y, rows))
            return tuple(carry)

        start = (
            jax.tree.map(lambda ref: ref[mine, :], state),
            jax.tree.map(lambda ref: jnp.zeros(ref.shape, ref.dtype), totals),
        )
        state, totals = jax.lax.fori_loop(0, T, body, start)
        jax.tree.map(partial(_put, (mine,)), written[0], state)
        jax.tree.map(partial(_put, (pl.program_id(0),)), written[1], totals)

    places = len(jax.tree.leaves((closed, inputs[:3])))
    outs = len(jax.tree.leaves(shapes[:3]))
    state, totals, y_T, rows_T = _call(
        kernel,
        (closed, inputs),
        shapes,
        programs,
        {places + n: outs + n for n in range(len(jax.tree.leaves(rows_T)))},
    )
    y_T, rows_T = jax.tree.map(lambda a: a[:, :B], (y_T, rows_T))
    totals = jax.tree.map(lambda each: each.sum(0), totals)
    return (jax.tree.map(lambda a: a[:B], state), totals), y_T, rows_T


def _call(kernel: Any, inputs: Any, shapes: Any, programs: int, aliases: dict[int, int]) -> Any:
    """The kernel of trees of references, run ``programs`` times side by side."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    leaves, structure = jax.tree.flatten(inputs)
    out_leaves, out_structure = jax.tree.flatten(shapes)

    def flat(*refs: Any) -> None:
        kernel(
            jax.tree.unflatten(structure, refs[: len(leaves)]), jax.tree.unflatten(out_structure, refs[len(leaves) :])
        )

    H = out_leaves[0].shape[-1]
    outputs = pl.pallas_call(
        flat,
        out_shape=[jax.ShapeDtypeStruct(s.shape, s.dtype) for s in out_leaves],
        grid=(programs,),
        input_output_aliases=aliases,
        compiler_params=triton.CompilerParams(num_warps=4 if H <= 64 else 8, num_stages=1),
        interpret=jax.default_backend() == "cpu",
        name="persistent",
    )(*leaves)
    return jax.tree.unflatten(out_structure, outputs)


def _put(place: Any, ref: Any, value: Array) -> None:
    ref[(*place, *[slice(None)] * (len(ref.shape) - len(place)))] = value


def _filled(tree: Any, axis: int, B: int) -> Any:
    """With zeros for the examples that are missing in the last program."""
    missing = -B % EXAMPLES

    def one(a: Array) -> Array:
        if missing == 0 or a.ndim == 1:
            return a
        return jnp.pad(a, [(0, missing if n == axis else 0) for n in range(a.ndim)])

    return jax.tree.map(one, tree)


def _tile(tree: Any, axis: int) -> Any:
    """What a step sees of each array, by shape."""

    def one(a: Array) -> jax.ShapeDtypeStruct:
        after = a.shape[axis + 1 :]
        return jax.ShapeDtypeStruct((EXAMPLES, *after) if a.ndim > 1 else (), a.dtype)

    return jax.tree.map(one, tree)
