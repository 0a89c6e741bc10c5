"""A language model that was trained in PyTorch: its safetensors file and its vocabulary, as a run of ours.

The folder holds one ``*.safetensors`` file, the state dict of a module with an
``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` of one direction and an ``nn.Linear`` that
scores the next symbol (and an ``nn.Embedding``, or none where symbols are read
one-hot), and ``vocabulary.json``: a list of symbols in the order of their
numbers, or ``{"level": "bytes" or "codepoints", "symbols": [...]}``.
"""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError
from rnn_research.interop import from_pytorch, read_tensors
from rnn_research.models import MODELS
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.runs.directory import RunDirectory, read_json
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training.defaults import defaults
from rnn_research.training.trained import Trained


def is_foreign(directory: RunDirectory) -> bool:
    """Whether the folder holds weights from PyTorch and no run of ours."""
    return not directory.config.exists() and bool(list(directory.path.glob("*.safetensors")))


def read(directory: RunDirectory, nonlinearity: str | None = None) -> Trained:
    """Reads the model.

    Args:
      directory: the folder.
      nonlinearity: of an ``nn.RNN``, whose weights do not tell: tanh or relu.

    Raises:
      UserError: for a file that is missing or does not fit the others.
    """
    files = sorted(directory.path.glob("*.safetensors"))
    if len(files) != 1:
        raise UserError(f"--workdir={directory.path} holds {len(files)} safetensors files: leave the one to be read")
    tensors = read_tensors(files[0])
    vocabulary = vocabulary_of(directory)
    shape, params = from_pytorch(tensors, nonlinearity=nonlinearity)
    if shape.bidirectional:
        raise UserError(f"{files[0]}: a bidirectional network reads what it should predict: give one of one direction")
    V, H = len(vocabulary), shape.hidden
    embedding, w_VH, b_V = outer_layers(tensors, V, H, str(files[0]))
    D = params.cells[0][0].w_x_GDH.shape[1]
    if (V if embedding is None else embedding.shape[1]) != D:
        raise UserError(f"{files[0]}: the first layer reads {D} numbers a symbol, vocabulary.json has {V} symbols")
    config = defaults()
    config.model.cell, config.model.hidden, config.model.layers = shape.cell.name, H, shape.layers
    config.model.embedding = 0 if embedding is None else int(D)
    return Trained(
        config=config,
        model=MODELS["language_model"](config.model, V, V),
        params=LanguageModelParams(
            embedding_VE=None if embedding is None else jnp.asarray(embedding, jnp.float32),
            stack=params,
            w_HV=jnp.asarray(w_VH.T, jnp.float32),
            b_V=jnp.asarray(b_V, jnp.float32),
        ),
        vocabulary=vocabulary,
        step=0,
    )


def vocabulary_of(directory: RunDirectory) -> Vocabulary:
    """The symbols in the order of their numbers.

    Raises:
      UserError: for anything else in the file.
    """
    stored = read_json(directory.vocabulary)
    if isinstance(stored, list):
        stored = {"level": "codepoints", "symbols": stored}
    symbols = stored.get("symbols") if isinstance(stored, dict) else None
    if not symbols or not all(isinstance(s, str) and len(s) == 1 for s in symbols) or len(set(symbols)) < len(symbols):
        raise UserError(
            f"{directory.vocabulary} must list the symbols, each one character, in the order of their numbers"
        )
    return Vocabulary(stored.get("level", "codepoints"), tuple(symbols))


def outer_layers(
    tensors: Mapping[str, np.ndarray], V: int, H: int, source: str
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """The embedding ``[V, E]`` or None, and the output's weight ``[V, H]`` and bias ``[V]``.

    Raises:
      UserError: if no tensor has the shape of an output layer, or several do.
    """
    square = {name: t for name, t in tensors.items() if t.ndim == 2 and t.shape[0] == V and "_l" not in name}
    embeddings = {name for name in square if "emb" in name.lower()}
    outputs = [name for name in square if square[name].shape[1] == H and name not in embeddings]
    biased = [name for name in outputs if name.removesuffix("weight") + "bias" in tensors]
    chosen = biased if len(biased) == 1 else outputs
    if len(chosen) != 1:
        raise UserError(
            f"{source}: an output layer of shape [{V}, {H}] (symbols of vocabulary.json, hidden units) is wanted once, "
            f"there are {len(chosen)}: {', '.join(chosen) or 'none'}"
        )
    (output,) = chosen
    bias = tensors.get(output.removesuffix("weight") + "bias", np.zeros(V, np.float32))
    others = sorted(set(square) - {output})
    return (square[others[0]] if others else None), square[output], bias
