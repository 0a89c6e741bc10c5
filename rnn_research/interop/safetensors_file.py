"""Named tensors in a safetensors file: the one format that is read, since it cannot carry code."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from rnn_research.errors import UserError

PICKLED = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt")
"""Endings of files that PyTorch pickles: loading one may run any code in it."""

REMEDY = "save the weights with safetensors.torch.save_file(module.state_dict(), 'weights.safetensors') and give that"


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a safetensors file, by name.

    Raises:
      UserError: the file is missing, is a pickle by its ending, or is not safetensors.
    """
    path = Path(path)
    if path.suffix.lower() in PICKLED:
        raise UserError(f"{path} is a pickled file, which is never loaded: {REMEDY}")
    if not path.is_file():
        raise UserError(f"{path} is no file: {REMEDY}")
    try:
        return safetensors.numpy.load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path} is not a safetensors file: {REMEDY}") from error


def write_tensors(path: str | Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes named tensors as a safetensors file, to be read by ``safetensors.torch.load_file``.

    Raises:
      UserError: the file's ending promises a pickle, or its folder is missing.
    """
    path = Path(path)
    if path.suffix.lower() in PICKLED:
        raise UserError(f"{path} ends like a pickled file: name it {path.with_suffix('.safetensors')}")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is no folder: make it first, or choose another place for {path.name}")
    # safetensors writes a transposed view in the wrong order, without a word.
    safetensors.numpy.save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, path)
