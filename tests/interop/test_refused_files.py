"""A pickle can run any code when it is loaded, so none is: one line says what to do instead."""

import pickle

import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.interop import read_tensors, write_tensors


class Trap:
    """Raises as soon as anything unpickles it."""

    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def refusal(call, *args):
    with pytest.raises(UserError) as caught:
        call(*args)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize(
    "name", ["model.pt", "model.PTH", "pytorch_model.bin", "model.pkl", "model.safetensors", "model"]
)
def test_a_pickle_is_refused_whatever_its_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Trap()))
    line = refusal(read_tensors, path)
    assert str(path) in line
    assert "safetensors.torch.save_file" in line


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"PK\x03\x04 a zip archive", b"\xff" * 64])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    assert f"{path} is not a safetensors file: save the weights with" in refusal(read_tensors, path)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_tensors(path, {"a": np.ones(100, np.float32)})
    path.write_bytes(path.read_bytes()[:-8])
    assert f"{path} is not a safetensors file" in refusal(read_tensors, path)


def test_no_file_and_a_folder(tmp_path):
    assert f"{tmp_path / 'absent'} is no file" in refusal(read_tensors, tmp_path / "absent")
    assert f"{tmp_path} is no file" in refusal(read_tensors, str(tmp_path))


def test_nothing_is_written_under_a_pickles_name(tmp_path):
    tensors = {"a": np.ones(2, np.float32)}
    assert "name it" in refusal(write_tensors, tmp_path / "weights.pt", tensors)
    assert "is no folder" in refusal(write_tensors, tmp_path / "absent" / "weights.safetensors", tensors)
    assert not list(tmp_path.iterdir())
