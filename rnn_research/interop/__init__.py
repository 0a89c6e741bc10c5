"""Weights from and to PyTorch, without PyTorch: named tensors in, ``Stack`` and ``StackParams`` out, and back."""

from rnn_research.interop.pytorch import from_pytorch, to_pytorch
from rnn_research.interop.safetensors_file import read_tensors, write_tensors

__all__ = ["from_pytorch", "read_tensors", "to_pytorch", "write_tensors"]
