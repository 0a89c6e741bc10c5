"""Which tensor is what in the file of a PyTorch language model; each has a place, or the file is refused naming it.

The recurrent part is one ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``, or several of one
layer whose names count on (``net.0``, ``net.1``), which are a stack. Around it stand
an output layer ``[V, H]`` and, unless symbols are read one-hot, an embedding
``[V, D]``. What tells them apart, in this order: a name with ``emb`` or ``wte`` is an
embedding's; a bias beside a weight makes it an ``nn.Linear``; a first layer that
reads other than V numbers has an embedding. Where both are ``[V, H]`` and the file
holds one, they are tied.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError, one_of
from rnn_research.interop.pytorch import TENSOR

Tensors = Mapping[str, np.ndarray]
EMBEDDING = ("emb", "wte")


class OuterLayers(NamedTuple):
    """The embedding ``[V, D]`` or None, the output's weight ``[V, H]`` and bias ``[V]``, and the names of all these."""

    embedding_VD: np.ndarray | None
    w_VH: np.ndarray
    b_V: np.ndarray
    names: frozenset[str]


def recurrent_tensors(tensors: Tensors, module: str | None, source: str) -> tuple[dict[str, np.ndarray], str]:
    """The tensors of the recurrent part as those of one module, and what to say of them where several make a stack.

    Args:
      tensors: all of the file.
      module: the name of the one to read (``--module``), or None where there is one, or a stack.
      source: the file, for errors.

    Raises:
      UserError: if there is none, no such, or several that are no stack.
    """
    prefixes = sorted({m["prefix"] for name in tensors if (m := TENSOR.fullmatch(name))}, key=_counted)
    names = [prefix.removesuffix(".") for prefix in prefixes]
    if not prefixes:
        there = ", ".join(sorted(tensors)[:5]) or "none at all"
        raise UserError(
            f"{source}: no tensor is named like weight_hh_l0, of an nn.RNN, nn.LSTM or nn.GRU; there are: {there}"
        )
    if module is not None:
        prefixes = [prefixes[names.index(one_of("--module", module, names))]]
    if len(prefixes) == 1:
        (prefix,) = prefixes
        return {name.removeprefix(prefix): tensors[name] for name in tensors if _is_of(name, prefix)}, ""
    layers = [{m["layer"] for name in tensors if (m := TENSOR.fullmatch(name)) and m["prefix"] == p} for p in prefixes]
    stems = [_counted(prefix) for prefix in prefixes]
    one_after_another = [stem for stem, _ in stems] == [stems[0][0]] * len(stems) and [n for _, n in stems] == list(
        range(stems[0][1], stems[0][1] + len(stems))
    )
    if not one_after_another or stems[0][1] < 0 or any(of_one != {"0"} for of_one in layers):
        raise UserError(
            f"{source} holds several recurrent modules ({', '.join(names)}) that are no stack of one layer each, "
            f"counted without a gap: choose one with --module={names[0]}"
        )
    found = {}
    for layer, prefix in enumerate(prefixes):
        for name in tensors:
            if _is_of(name, prefix):
                found[name.removeprefix(prefix).replace("_l0", f"_l{layer}")] = tensors[name]
    return found, f"read as one stack of {len(names)} layers: {', '.join(names)}"


def outer_layers(tensors: Tensors, V: int, D: int, H: int, source: str) -> OuterLayers:
    """Embedding and output layer, and nothing else beside the recurrent modules.

    Args:
      tensors: all of the file.
      V: symbols of the vocabulary.
      D: numbers that the first layer reads.
      H: hidden units.
      source: the file, for errors.

    Raises:
      UserError: if one of them is missing or cannot be told, or a tensor has no place.
    """
    rest = {name: tensor for name, tensor in tensors.items() if not TENSOR.fullmatch(name)}
    found = _told_apart(rest, V, D, H, source)
    if without := sorted(set(rest) - found.names):
        raise UserError(
            f"{source}: {', '.join(without)} {'has' if len(without) == 1 else 'have'} no place in a language model of "
            "an embedding, recurrent layers and an output layer: a network with them cannot be computed here, "
            "train one without"
        )
    return found


def _told_apart(rest: Tensors, V: int, D: int, H: int, source: str) -> OuterLayers:
    matrices = {n: t for n, t in rest.items() if t.ndim == 2 and _is_float(t)}
    named = [n for n, t in matrices.items() if t.shape == (V, D) and any(part in n.lower() for part in EMBEDDING)]
    outputs = [n for n, t in matrices.items() if t.shape == (V, H) and n not in named]
    if len(biased := [n for n in outputs if _bias_of(n) in rest]) == 1:
        outputs = biased
    embeddings = named
    if not named and D != V:  # there must be one
        taken = outputs if len(outputs) == 1 else []
        embeddings = [
            n for n, t in matrices.items() if t.shape == (V, D) and n not in taken and _bias_of(n) not in rest
        ]
        outputs = [n for n in outputs if n not in embeddings] if len(embeddings) == 1 and len(outputs) == 2 else outputs
    if len(embeddings) > 1 or len(outputs) > 1:
        several = sorted({*embeddings, *outputs})
        raise UserError(
            f"{source}: {', '.join(several)} could each be the embedding [{V}, {D}] or the output layer [{V}, {H}]: "
            "save the embedding as embedding.weight and the output layer with its bias"
        )
    if D == H and len(embeddings) + len(outputs) == 1 and (embeddings or D != V):  # the file holds tied weights once
        embeddings = outputs = embeddings or outputs
    if not outputs:
        raise UserError(
            f"{source}: an output layer of shape [{V}, {H}] (symbols of vocabulary.json, hidden units) is wanted, "
            "there is none, and no embedding of that shape that it may be tied to"
        )
    if not embeddings and D != V:
        raise UserError(f"{source}: the first layer reads {D} numbers a symbol, vocabulary.json has {V} symbols")
    weight = outputs[0]
    biases = [n for n in (_bias_of(weight),) if n in rest]
    if not biases and embeddings == outputs:  # of a tied output layer, whose weight is another's
        biases = [n for n, t in rest.items() if t.shape == (V,) and n.endswith("bias")]
    if len(biases) > 1 or any(rest[n].shape != (V,) for n in biases):
        raise UserError(f"{source}: {', '.join(biases)} should be one bias of shape [{V}], of the output layer")
    bias = rest[biases[0]] if biases else np.zeros(V, np.float32)
    names = frozenset({*embeddings, *outputs, *biases})
    return OuterLayers(rest[embeddings[0]] if embeddings else None, rest[weight], bias, names)


def _is_float(tensor: np.ndarray) -> bool:
    return bool(jnp.issubdtype(tensor.dtype, jnp.floating))  # bfloat16, too


def _bias_of(weight: str) -> str:
    return weight.removesuffix("weight") + "bias"


def _is_of(name: str, prefix: str) -> bool:
    found = TENSOR.fullmatch(name)
    return found is not None and found["prefix"] == prefix


def _counted(prefix: str) -> tuple[str, int]:
    """``"net.10."`` as ``("net.", 10)``, so that it stands behind ``net.9``."""
    found = re.fullmatch(r"(.*?)(\d+)\.", prefix)
    return (found[1], int(found[2])) if found else (prefix, -1)
