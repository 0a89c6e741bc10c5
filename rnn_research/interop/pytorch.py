"""Weights of PyTorch's ``nn.RNN``, ``nn.LSTM`` and ``nn.GRU``, to and from ``Stack`` and ``StackParams``.

PyTorch keeps, for every layer k and direction (``""`` or ``_reverse``)::

    weight_ih_l{k}{direction}   [G*H, D]          bias_ih_l{k}{direction}   [G*H]
    weight_hh_l{k}{direction}   [G*H, H]          bias_hh_l{k}{direction}   [G*H]

with gates in the order i, f, g, o (LSTM) and r, z, n (GRU); here they stand as
i, f, o, g and r, z, n, one ``[D, H]`` matrix each. The two biases of a gate are
one number in effect: they are summed on the way in, and come back as ours and
zero. Only the GRU's inner bias ``b_h_H``, within the reset gate's product, is
truly a second one.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from rnn_research.cells import CELLS
from rnn_research.cells.elman import ElmanParams
from rnn_research.cells.gru import GRUParams
from rnn_research.cells.lstm import LSTMParams
from rnn_research.errors import UserError, one_of
from rnn_research.types import DTypeLike
from rnn_research.unroll import Stack, StackParams


class Counterpart(NamedTuple):
    """How a cell is laid out in PyTorch.

    Attributes:
      module: its name there.
      order: for each of our gates, its place among theirs; its own inverse, so it serves both ways.
    """

    module: str
    order: tuple[int, ...]


COUNTERPARTS = {
    "elman": Counterpart("nn.RNN", (0,)),
    "elman_relu": Counterpart("nn.RNN", (0,)),
    "lstm": Counterpart("nn.LSTM", (0, 1, 3, 2)),
    "gru": Counterpart("nn.GRU", (0, 1, 2)),
}

CELL_OF_GATES = {4: "lstm", 3: "gru"}
CELL_OF_NONLINEARITY = {"tanh": "elman", "relu": "elman_relu"}
PARAMS = {"elman": ElmanParams, "elman_relu": ElmanParams, "lstm": LSTMParams}

TENSOR = re.compile(r"(?P<prefix>.*)(?P<kind>weight|bias)_(?P<side>ih|hh|hr)_l(?P<layer>\d+)(?P<reverse>_reverse)?")


def from_pytorch(
    tensors: Mapping[str, np.ndarray],
    *,
    prefix: str | None = None,
    nonlinearity: str | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Stack, StackParams]:
    """A stack and its parameters from the state dict of an ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``.

    Cell, sizes, layers and directions follow from the names and shapes. Tensors
    of other modules in the same dict are left alone.

    Args:
      tensors: arrays by name, as ``read_tensors`` gives them.
      prefix: what stands before ``weight_ih_l0`` (say ``"rnn."``); None if there is one such module only.
      nonlinearity: of an ``nn.RNN``: ``"tanh"`` or ``"relu"``, which its tensors do not tell.
      dtype: of the parameters; None keeps that of the tensors.

    Raises:
      UserError: a tensor is missing, mis-shaped or not a float; the module is
        not told apart; or it is an ``nn.LSTM`` with projections.
    """
    prefix = _the_prefix(tensors, prefix)
    found = [m for name in tensors if (m := TENSOR.fullmatch(name)) and m["prefix"] == prefix]
    projected = next((m[0] for m in found if m["side"] == "hr"), None)
    if projected is not None:
        raise UserError(f"{projected}: an nn.LSTM with proj_size has no counterpart here; train it without projections")

    top = _tensor(tensors, f"{prefix}weight_hh_l0")
    if (
        top.ndim != 2
        or top.shape[1] == 0
        or top.shape[0] % top.shape[1]
        or top.shape[0] // top.shape[1] not in (1, 3, 4)
    ):
        raise UserError(f"{prefix}weight_hh_l0 has shape {list(top.shape)}; it should be [G*H, H] with G = 1, 3 or 4")
    G, H = top.shape[0] // top.shape[1], top.shape[1]
    name = _cell_name(G, nonlinearity, f"{prefix}weight_hh_l0")

    layers = 1 + max(int(m["layer"]) for m in found)
    directions = ("", "_reverse") if any(m["reverse"] for m in found) else ("",)
    biased = any(m["kind"] == "bias" for m in found)
    first = _tensor(tensors, f"{prefix}weight_ih_l0")
    D = first.shape[-1] if first.ndim == 2 else 0

    cells = []
    for layer in range(layers):
        size = D if layer == 0 else H * len(directions)
        cells.append(
            tuple(
                _layer_from(tensors, prefix, f"l{layer}{direction}", name, (G, size, H), biased, dtype)
                for direction in directions
            )
        )
    stack = Stack(CELLS[name], H, layers, bidirectional=len(directions) == 2)
    return stack, StackParams(tuple(cells), None)


def to_pytorch(stack: Stack, params: StackParams, *, prefix: str = "", bias: bool = True) -> dict[str, np.ndarray]:
    """The state dict of the ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` that computes the same.

    Args:
      stack: the shape.
      params: the numbers.
      prefix: put before every name.
      bias: False for a module made with ``bias=False``; our biases must then be zero.

    Raises:
      UserError: PyTorch has no such module.
    """
    if stack.cell.name not in COUNTERPARTS:
        raise UserError(f"cell={stack.cell.name!r} has no counterpart in PyTorch; known: {', '.join(COUNTERPARTS)}")
    module = COUNTERPARTS[stack.cell.name].module
    if stack.residual:
        raise UserError(f"residual=True has no counterpart in {module}; set residual=False")
    if params.carry is not None:
        raise UserError(f"learned_carry=True has no counterpart in {module}, whose h_0 is an input; hand it over there")

    tensors = {}
    for layer, directions in enumerate(params.cells):
        for cell_params, direction in zip(directions, ("", "_reverse")):
            for kind, tensor in _layer_to(stack.cell.name, cell_params).items():
                name = f"{prefix}{kind}_l{layer}{direction}"
                if bias or not kind.startswith("bias"):
                    tensors[name] = tensor
                elif tensor.any():
                    raise UserError(f"bias=False, but {name} is not zero; use bias=True")
    return tensors


def _the_prefix(tensors: Mapping[str, np.ndarray], prefix: str | None) -> str:
    known = sorted({m["prefix"] for name in tensors if (m := TENSOR.fullmatch(name))})
    if not known:
        raise UserError(
            f"no tensor is named like weight_hh_l0, of an nn.RNN, nn.LSTM or nn.GRU; there are: {_some(tensors)}"
        )
    if prefix is not None:
        return one_of("prefix", prefix, known)
    if len(known) > 1:
        raise UserError(f"several recurrent modules in one file; choose one with prefix, of {known}")
    return known[0]


def _some(names: Mapping[str, np.ndarray], most: int = 5) -> str:
    shown = sorted(names)[:most]
    return ", ".join(shown) + (", ..." if len(names) > most else "") or "none at all"


def _cell_name(G: int, nonlinearity: str | None, tensor: str) -> str:
    if G in CELL_OF_GATES:
        name = CELL_OF_GATES[G]
        if nonlinearity is not None:
            raise UserError(
                f"nonlinearity={nonlinearity!r} is for nn.RNN, but {tensor} is an {COUNTERPARTS[name].module}'s"
            )
        return name
    if nonlinearity is None:
        raise UserError(f"{tensor} is an nn.RNN's, which does not tell its nonlinearity; give 'tanh' or 'relu'")
    return CELL_OF_NONLINEARITY[one_of("nonlinearity", nonlinearity, CELL_OF_NONLINEARITY)]


def _tensor(tensors: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    if name not in tensors:
        raise UserError(f"{name} is missing")
    tensor = np.asarray(tensors[name])
    if not jnp.issubdtype(tensor.dtype, jnp.floating):
        raise UserError(f"{name} has dtype {tensor.dtype}; it should be a float")
    if shape is not None and tensor.shape != shape:
        raise UserError(f"{name} has shape {list(tensor.shape)}; it should be {list(shape)}")
    return tensor


def _layer_from(
    tensors: Mapping[str, np.ndarray],
    prefix: str,
    place: str,
    name: str,
    sizes: tuple[int, int, int],
    biased: bool,
    dtype: DTypeLike | None,
) -> Any:
    G, D, H = sizes
    order = list(COUNTERPARTS[name].order)
    w_x = _tensor(tensors, f"{prefix}weight_ih_{place}", (G * H, D))
    w_h = _tensor(tensors, f"{prefix}weight_hh_{place}", (G * H, H))
    b_x = b_h = np.zeros(G * H, w_x.dtype)
    if biased:
        b_x = _tensor(tensors, f"{prefix}bias_ih_{place}", (G * H,))
        b_h = _tensor(tensors, f"{prefix}bias_hh_{place}", (G * H,))

    dtype = w_x.dtype if dtype is None else dtype
    w_x_GDH = jnp.asarray(w_x.reshape(G, H, D)[order].swapaxes(1, 2), dtype)
    w_h_GHH = jnp.asarray(w_h.reshape(G, H, H)[order].swapaxes(1, 2), dtype)
    b_x_GH, b_h_GH = b_x.reshape(G, H)[order], b_h.reshape(G, H)[order]
    if name == "gru":
        b_GH = np.concatenate([b_x_GH[:2] + b_h_GH[:2], b_x_GH[2:]])
        return GRUParams(w_x_GDH, w_h_GHH, jnp.asarray(b_GH, dtype), jnp.asarray(b_h_GH[2], dtype))
    return PARAMS[name](w_x_GDH, w_h_GHH, jnp.asarray(b_x_GH + b_h_GH, dtype))


def _layer_to(name: str, params: Any) -> dict[str, np.ndarray]:
    order = list(COUNTERPARTS[name].order)
    w_x_GDH, w_h_GHH, b_GH = (np.asarray(p) for p in params[:3])
    G, D, H = w_x_GDH.shape
    b_h_GH = np.zeros_like(b_GH)
    if name == "gru":
        b_h_GH[2] = np.asarray(params.b_h_H)
    return {
        "weight_ih": np.ascontiguousarray(w_x_GDH[order].swapaxes(1, 2)).reshape(G * H, D),
        "weight_hh": np.ascontiguousarray(w_h_GHH[order].swapaxes(1, 2)).reshape(G * H, H),
        "bias_ih": b_GH[order].reshape(G * H),
        "bias_hh": b_h_GH[order].reshape(G * H),
    }
