"""A language model that was trained in PyTorch: its safetensors file and its vocabulary, as a run of ours.

The folder holds one ``*.safetensors`` file, the state dict of a module with an
``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` of one direction and an ``nn.Linear`` that
scores the next symbol (and an ``nn.Embedding``, or none where symbols are read
one-hot; see ``interop.language_model``), and ``vocabulary.json``: a list of symbols in the order of their
numbers, or ``{"level": "bytes" or "codepoints", "symbols": [...]}``.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError
from rnn_research.interop import from_pytorch, read_tensors
from rnn_research.interop.model_weights import outer_layers, recurrent_tensors
from rnn_research.interop.pytorch import TENSOR
from rnn_research.models import MODELS
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.restore.trained import Trained
from rnn_research.runs.directory import RunDirectory, read_json
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training.defaults import defaults


def is_foreign(directory: RunDirectory) -> bool:
    """Whether the folder holds weights from PyTorch and no run of ours."""
    return not directory.config.exists() and bool(list(directory.path.glob("*.safetensors")))


def read(directory: RunDirectory, nonlinearity: str | None = None, module: str | None = None) -> Trained:
    """Reads the model.

    Args:
      directory: the folder.
      nonlinearity: of an ``nn.RNN``, whose weights do not tell: tanh or relu.
      module: the name of the recurrent module to read, where the file holds several that are no stack.

    Raises:
      UserError: for a file that is missing or does not fit the others, or a tensor that has no place.
    """
    files = sorted(directory.path.glob("*.safetensors"))
    if len(files) != 1:
        raise UserError(f"--workdir={directory.path} holds {len(files)} safetensors files: leave the one to be read")
    tensors = read_tensors(files[0])
    check_weights(tensors, files[0])
    vocabulary = vocabulary_of(directory)
    recurrent, said = recurrent_tensors(tensors, module, str(files[0]))
    check_nonlinearity(recurrent, nonlinearity, str(files[0]))
    ours = recurrent.get("weight_hh_l0")
    prefix = next((n.removesuffix("weight_hh_l0") for n, t in tensors.items() if t is ours and not said), "")
    with naming(f"{files[0]} ({said}): " if said else f"{files[0]}: {prefix}"):
        shape, params = from_pytorch(recurrent, prefix="", nonlinearity=nonlinearity)
    if shape.bidirectional:
        raise UserError(f"{files[0]}: a bidirectional network reads what it should predict: give one of one direction")
    V, H = len(vocabulary), shape.hidden
    D = params.cells[0][0].w_x_GDH.shape[1]
    embedding, w_VH, b_V, _ = outer_layers(tensors, V, D, H, str(files[0]))
    if said:
        print(said, flush=True)
    config = defaults()
    config.model.cell, config.model.hidden, config.model.layers = shape.cell.name, H, shape.layers
    config.model.embedding = 0 if embedding is None else int(D)
    return Trained(
        config=config,
        model=MODELS["language_model"].build(config.model, interface(V)),
        params=LanguageModelParams(
            embedding_VE=None if embedding is None else jnp.asarray(embedding, jnp.float32),
            stack=params,
            w_HV=jnp.asarray(w_VH.T, jnp.float32),
            b_V=jnp.asarray(b_V, jnp.float32),
        ),
        vocabulary=vocabulary,
        step=0,
    )


def check_weights(tensors: Mapping[str, np.ndarray], file: Path) -> None:
    """Refuses recurrent weights that are no numbers a network can compute with, before anything is read with them.

    Raises:
      UserError: naming the file and the tensor.
    """
    for name, tensor in tensors.items():
        if TENSOR.fullmatch(name) and not jnp.issubdtype(tensor.dtype, jnp.floating):
            raise UserError(f"{file}: {name} has dtype {tensor.dtype}: save the module with float weights")
        if jnp.issubdtype(tensor.dtype, jnp.floating) and not np.isfinite(tensor.astype(np.float64)).all():
            raise UserError(f"{file}: {name} is not finite: save the module from before it diverged")


@contextlib.contextmanager
def naming(where: str) -> Iterator[None]:
    """What does not fit within is the fault of a tensor there; in a stack, layers are counted through."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}{error}: save the state dict of one nn.RNN, nn.LSTM or nn.GRU") from error


def check_nonlinearity(recurrent: Mapping[str, np.ndarray], nonlinearity: str | None, source: str) -> None:
    """Refuses an ``nn.RNN`` whose nonlinearity is not told.

    Raises:
      UserError: naming the flag.
    """
    shape = recurrent["weight_hh_l0"].shape if "weight_hh_l0" in recurrent else ()
    if nonlinearity is None and len(shape) == 2 and shape[0] == shape[1]:
        raise UserError(
            f"--nonlinearity is missing: {source} holds an nn.RNN, whose weights do not tell it: give tanh or relu"
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
