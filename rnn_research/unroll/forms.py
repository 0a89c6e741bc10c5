"""A cell over time, in the form that is asked for."""

from functools import partial
from typing import Any

from rnn_research.cells.cell import Cell
from rnn_research.errors import one_of
from rnn_research.types import Array, Carry, Params
from rnn_research.unroll.fast import fast
from rnn_research.unroll.form import Edit, Form, Walk
from rnn_research.unroll.parallel import Solver, parallel
from rnn_research.unroll.persistent import persistent
from rnn_research.unroll.scan import plain
from rnn_research.unroll.segments import in_segments

FORMS: dict[str, Form] = {
    "plain": plain,
    "fast": fast,
    "persistent": persistent,
    "parallel": parallel,
}
"""Ways of computing the same thing; ``"auto"`` stands for the best that a cell can have."""

REMATS = ("none", "gates", "sqrt")


def unroll(
    cell: Cell,
    params: Params,
    carry: Carry,
    x: Array,
    *,
    lengths: Array | None = None,
    reverse: bool = False,
    edit: Edit | None = None,
    edit_xs: Any = None,
    scan_unroll: int = 1,
    form: str = "plain",
    remat: str = "none",
    solver: Solver = Solver(),
) -> tuple[Carry, Array]:
    """Runs ``cell`` over ``x [T, ..., D]``.

    Args:
      cell: any cell of the registry.
      params: its parameters.
      carry: the carry before the first step, ``[..., H]``.
      x: the inputs, time first; or symbols ``[T, ...]``, integers that stand for one-hot vectors.
      lengths: valid steps of each sequence, shape ``[...]``. Beyond its length a
        sequence's carry stands still and its output is zero, so that padding
        never changes a result, in either direction.
      reverse: walk from the last step to the first; ``h[t]`` still belongs to ``x[t]``.
      edit: see ``Edit``.
      edit_xs: a pytree of ``[T, ...]`` arrays, one slice for each call of ``edit``.
      scan_unroll: steps per loop iteration (keep 1 on CPU).
      form: a key of ``FORMS``, or ``"auto"``: ``"fast"`` for a cell in three parts,
        else ``"plain"``. All give the same numbers. Plain is the default since it
        alone has every derivative; the fast one has reverse mode, any number of times.
        ``"persistent"`` is the fast one, as one kernel of a GPU where that can be (see ``persistent``).
      remat: what the way back computes again instead of keeping it: ``"none"``,
        ``"gates"`` (all but the carries), ``"sqrt"`` (all but √T carries).
      solver: of the parallel form, see ``unroll_parallel``.

    Returns:
      The carry after the last step, and the hidden states ``h [T, ..., H]``.

    Raises:
      UserError: for an unknown form or remat, or a form that the cell cannot have.
    """
    one_of("form", form, (*FORMS, "auto"))
    one_of("remat", remat, REMATS)
    chosen = FORMS[best_form(cell) if form == "auto" else form]
    if form == "parallel":
        chosen = partial(parallel, solver=solver)
    if remat == "sqrt":
        chosen = partial(in_segments, chosen)
    return chosen(cell, params, carry, x, Walk(lengths, reverse, edit, edit_xs, scan_unroll, remat))


def best_form(cell: Cell) -> str:
    """The form that ``"auto"`` stands for."""
    return "plain" if cell.recur is None else "fast"
