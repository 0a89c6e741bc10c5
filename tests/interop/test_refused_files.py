"""A pickle can run any code when it is loaded, so none is: one line says what to do instead."""

import json
import pickle

import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.interop import read_tensors, write_tensors
from rnn_research.restore import foreign
from rnn_research.runs.directory import RunDirectory


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


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"symbols": 3}, "holds no such list"),
        ({"symbols": {"a": 1}}, "holds no such list"),
        (list("aab"), "has 'a' twice"),
        ({"level": "words", "symbols": list("abc")}, "its level is 'words', which is none of bytes, codepoints"),
        ({"level": ["bytes"], "symbols": list("abc")}, "none of bytes, codepoints"),
        ({"level": "bytes", "symbols": list("abἄ")}, "'ἄ' is none of its bytes"),
        (["a", "\ud800"], "is none of its codepoints"),
    ],
)
def test_a_vocabulary_of_something_else_is_refused(tmp_path, stored, words):
    (tmp_path / "vocabulary.json").write_text(json.dumps(stored))
    with pytest.raises(UserError, match="must list the symbols") as refusal:
        foreign.vocabulary_of(RunDirectory(tmp_path))
    assert words in str(refusal.value)
    assert "write the one that the model was trained with" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "tensor", "nonlinearity", "words"),
    [
        ("lstm.weight_hh_l0", None, None, "m.safetensors: lstm.weight_hh_l0 is missing"),
        ("head.bias", np.zeros(6, np.int32), None, "m.safetensors: head.bias has dtype int32"),
        ("head.bias", np.zeros(6, np.float32), "tanh", "--nonlinearity=tanh is of an nn.RNN"),
    ],
)
def test_a_refusal_names_the_flag_and_the_whole_name_of_the_tensor(tmp_path, name, tensor, nonlinearity, words):
    V, H = 6, 4
    shapes = {
        "lstm.weight_ih_l0": (4 * H, V),
        "lstm.weight_hh_l0": (4 * H, H),
        "head.weight": (V, H),
        "head.bias": (V,),
    }
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()} | {name: tensor}
    write_tensors(tmp_path / "m.safetensors", {name: tensor for name, tensor in tensors.items() if tensor is not None})
    (tmp_path / "vocabulary.json").write_text(json.dumps(list("abcdef")))
    with pytest.raises(UserError) as refusal:
        foreign.read(RunDirectory(tmp_path), nonlinearity)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(f"--workdir={tmp_path}: " if nonlinearity is None else "--nonlinearity")
