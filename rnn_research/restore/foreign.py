"""A language model that was trained in PyTorch: its safetensors file and its vocabulary, as a run of ours.

The folder holds one ``*.safetensors`` file, the state dict of a module with an
``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` of one direction and an ``nn.Linear`` that
scores the next symbol (and an ``nn.Embedding``, or none where symbols are read
one-hot; see ``interop.language_model``), and ``vocabulary.json``: a list of symbols in the order of their
numbers, or ``{"level": "bytes" or "codepoints", "symbols": [...]}``.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from rnn_research.errors import UserError
from rnn_research.interop import from_pytorch, read_tensors
from rnn_research.interop.model_weights import outer_layers, recurrent_tensors
from rnn_research.models import MODELS
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.restore.trained import Trained
from rnn_research.runs.directory import RunDirectory, read_json
from rnn_research.tasks.text.language_modelling import interface
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training.defaults import defaults

HIGHEST = {"bytes": 255, "codepoints": 0x10FFFF}
"""The symbols that a level has; a byte stands as the character of its number."""


def is_foreign(directory: RunDirectory) -> bool:
    """Whether the folder holds weights from PyTorch and no run of ours."""
    return not directory.config.exists() and bool(list(directory.path.glob("*.safetensors")))


def read(directory: RunDirectory, nonlinearity: str | None = None, module: str | None = None) -> Trained:
    """As ``read_files``, whose refusals name a file; here with the flag that named the folder."""
    try:
        return read_files(directory, nonlinearity, module)
    except UserError as error:
        said = str(error)
        if not said.startswith(f"{directory.path}{os.sep}"):
            raise
        raise UserError(f"--workdir={directory.path}: {said.removeprefix(f'{directory.path}{os.sep}')}") from error


def read_files(directory: RunDirectory, nonlinearity: str | None = None, module: str | None = None) -> Trained:
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
    names = [(n, own) for n, t in tensors.items() for own, ours in recurrent.items() if t is ours]
    prefix = "" if said else next(n.removesuffix(own) for n, own in names)
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
    """Refuses weights that are no numbers a network can compute with, before anything is read with them.

    Raises:
      UserError: naming the file and the tensor.
    """
    for name, tensor in tensors.items():
        if not jnp.issubdtype(tensor.dtype, jnp.floating):
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
    """Refuses an ``nn.RNN`` whose nonlinearity is not told, and one that is told of another.

    Raises:
      UserError: naming the flag.
    """
    shape = recurrent["weight_hh_l0"].shape if "weight_hh_l0" in recurrent else ()
    if len(shape) != 2:
        return
    if nonlinearity is not None and shape[0] in (3 * shape[1], 4 * shape[1]):
        raise UserError(
            f"--nonlinearity={nonlinearity} is of an nn.RNN, and {source} holds an nn.LSTM or nn.GRU: leave it out"
        )
    if nonlinearity is None and shape[0] == shape[1]:
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
    stored = {"level": "codepoints", **stored} if isinstance(stored, dict) else {}
    symbols, level = stored.get("symbols"), stored.get("level")
    if not isinstance(symbols, list) or not symbols or not all(isinstance(s, str) and len(s) == 1 for s in symbols):
        wrong = "it holds no such list"
    elif twice := [s for n, s in enumerate(symbols) if s in symbols[:n]]:
        wrong = f"it has {twice[0]!r} twice"
    elif not isinstance(level, str) or level not in HIGHEST:
        wrong = f"its level is {str(level)[:80]!r}, which is none of {', '.join(HIGHEST)}"
    elif odd := [s for s in symbols if ord(s) > HIGHEST[level] or "\ud800" <= s <= "\udfff"]:
        wrong = f"{odd[0]!r} is none of its {level}"
    else:
        return Vocabulary(level, tuple(symbols))
    raise UserError(
        f"{directory.vocabulary} must list the symbols, each one character, in the order of their numbers, "
        f"and {wrong}: write the one that the model was trained with"
    )
