"""Names and shapes of PyTorch's state dicts, in and out; no PyTorch needed."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.cells import CELLS, CellInit
from rnn_research.cells.initializers import normal
from rnn_research.errors import UserError
from rnn_research.interop import from_pytorch, read_tensors, to_pytorch, write_tensors
from rnn_research.unroll import Stack
from rnn_research.unroll.stack import init

D, H = 3, 4
NONLINEARITY = {"elman": "tanh", "elman_relu": "relu"}
KNOWN = ["elman", "elman_relu", "lstm", "gru"]
GATES = {"elman": 1, "elman_relu": 1, "lstm": 4, "gru": 3}


def state_dict(gates, layers=1, reverse=False, bias=True, prefix="", seed=0):
    """As PyTorch lays it out, with random numbers."""
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    tensors = {}
    for layer in range(layers):
        size = D if layer == 0 else H * (1 + reverse)
        for direction in ("", "_reverse") if reverse else ("",):
            place = f"l{layer}{direction}"
            tensors[f"{prefix}weight_ih_{place}"] = draw(gates * H, size)
            tensors[f"{prefix}weight_hh_{place}"] = draw(gates * H, H)
            if bias:
                tensors[f"{prefix}bias_ih_{place}"] = draw(gates * H)
                tensors[f"{prefix}bias_hh_{place}"] = draw(gates * H)
    return tensors


def refusal(tensors, **options):
    with pytest.raises(UserError) as caught:
        from_pytorch(tensors, **options)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", KNOWN)
def test_there_and_back(name, layers, reverse):
    """Every weight returns exactly; of two biases, their sum (and the GRU's inner one on its own)."""
    theirs = state_dict(GATES[name], layers, reverse)
    stack, params = from_pytorch(theirs, nonlinearity=NONLINEARITY.get(name))
    assert stack == Stack(CELLS[name], H, layers, bidirectional=reverse)
    back = to_pytorch(stack, params)
    assert list(back) == list(theirs)

    for key, tensor in theirs.items():
        assert back[key].dtype == tensor.dtype
        if key.startswith("weight"):
            np.testing.assert_array_equal(back[key], tensor)
        elif key.startswith("bias_ih"):
            other = key.replace("_ih_", "_hh_")
            apart = slice(2 * H, None) if name == "gru" else slice(0)
            np.testing.assert_array_equal(back[key] + back[other], tensor + theirs[other])
            np.testing.assert_array_equal(back[other][apart], theirs[other][apart])
            np.testing.assert_array_equal(back[key][apart], tensor[apart])

    again = from_pytorch(back, nonlinearity=NONLINEARITY.get(name))
    jax.tree.map(np.testing.assert_array_equal, again[1], params)


def test_gate_rows_of_an_lstm():
    """PyTorch's rows are i, f, g, o; ours are i, f, o, g."""
    tensors = state_dict(4)
    tensors["weight_ih_l0"] = np.repeat(np.float32([1, 2, 3, 4]), H)[:, None] * np.ones((1, D), np.float32)
    _, params = from_pytorch(tensors)
    np.testing.assert_array_equal(params.cells[0][0].w_x_GDH[:, 0, 0], [1, 2, 4, 3])


@pytest.mark.parametrize("name", KNOWN)
def test_ours_there_and_back(name):
    stack = Stack(CELLS[name], H, 2, bidirectional=True)
    params = init(stack, jax.random.key(0), D, CellInit(bias=normal(0.5)))
    same_stack, same = from_pytorch(to_pytorch(stack, params, prefix="rnn."), nonlinearity=NONLINEARITY.get(name))
    assert same_stack == stack
    jax.tree.map(np.testing.assert_array_equal, same, params)


@pytest.mark.parametrize("name", KNOWN)
def test_without_biases(name):
    theirs = state_dict(GATES[name], 2, bias=False)
    stack, params = from_pytorch(theirs, nonlinearity=NONLINEARITY.get(name))
    assert all(np.all(p.b_GH == 0) for layer in params.cells for p in layer)
    back = to_pytorch(stack, params, bias=False)
    assert list(back) == list(theirs)
    jax.tree.map(np.testing.assert_array_equal, back, theirs)


def test_biases_are_not_dropped_in_silence():
    stack, params = from_pytorch(state_dict(4))
    with pytest.raises(UserError, match="bias_ih_l0 is not zero"):
        to_pytorch(stack, params, bias=False)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_through_a_file(tmp_path, dtype):
    """The tensors of a bigger model beside ours are left alone."""
    stack = Stack(CELLS["lstm"], H, 2)
    params = init(stack, jax.random.key(0), D, CellInit(), jnp.dtype(dtype))
    tensors = to_pytorch(stack, params, prefix="encoder.rnn.")
    tensors["decoder.weight"] = np.ones((7, H), np.float32).T  # a transposed view, out of order in memory
    tensors["decoder.weight"][0, 1] = 5
    write_tensors(tmp_path / "model.safetensors", tensors)
    read = read_tensors(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(read["decoder.weight"], tensors["decoder.weight"])
    same_stack, same = from_pytorch(read)
    assert same_stack == stack
    assert {leaf.dtype for leaf in jax.tree.leaves(same)} == {jnp.dtype(dtype)}
    jax.tree.map(np.testing.assert_array_equal, same, params)


def test_dtype_on_request():
    _, params = from_pytorch(state_dict(4), dtype=jnp.bfloat16)
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype("bfloat16")}


def test_one_module_of_several():
    both = state_dict(4, prefix="encoder.") | state_dict(3, 2, prefix="decoder.")
    assert "prefix" in refusal(both)
    assert "did you mean 'decoder.'" in refusal(both, prefix="decoder")
    stack, _ = from_pytorch(both, prefix="decoder.")
    assert (stack.cell.name, stack.layers) == ("gru", 2)


def test_the_nonlinearity_must_be_told():
    assert "give 'tanh' or 'relu'" in refusal(state_dict(1))
    assert "nonlinearity='sigmoid' is unknown" in refusal(state_dict(1), nonlinearity="sigmoid")
    assert "for nn.RNN" in refusal(state_dict(4), nonlinearity="tanh")


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "bias_hh_l1", "weight_hh_l1_reverse"])
def test_a_missing_tensor_is_named(name):
    tensors = state_dict(4, 3, reverse=True, prefix="rnn.")
    del tensors[f"rnn.{name}"]
    assert refusal(tensors) == f"rnn.{name} is missing"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("weight_ih_l0", (16,)),
        ("weight_hh_l0", (15, 4)),
        ("weight_hh_l0", (8, 4)),
        ("weight_hh_l0", (16, 0)),
        ("weight_ih_l1", (16, 3)),
        ("weight_hh_l1", (12, 4)),
        ("bias_ih_l0", (4,)),
        ("bias_hh_l1", (16, 1)),
    ],
)
def test_a_misshaped_tensor_is_named(name, shape):
    tensors = state_dict(4, 2)
    tensors[name] = np.ones(shape, np.float32)
    line = refusal(tensors)
    assert line.startswith(f"{name} has shape {list(shape)}; it should be [")


def test_other_refusals_name_the_tensor():
    assert "weight_hr_l0: an nn.LSTM with proj_size" in refusal(state_dict(4) | {"weight_hr_l0": np.ones((2, H))})
    integers = state_dict(4) | {"weight_hh_l0": np.ones((4 * H, H), np.int32)}
    assert refusal(integers) == "weight_hh_l0 has dtype int32; it should be a float"
    assert "there are: decoder.bias" in refusal({"decoder.bias": np.ones(3, np.float32)})
    assert "there are: none at all" in refusal({})


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        (Stack(CELLS["lstm_peephole"], H), "cell='lstm_peephole' has no counterpart"),
        (Stack(CELLS["gru_reset_before"], H), "cell='gru_reset_before' has no counterpart"),
        (Stack(CELLS["lstm"], H, 2, residual=True), "residual=True"),
        (Stack(CELLS["lstm"], H, learned_carry=True), "learned_carry=True"),
    ],
)
def test_what_pytorch_lacks_is_refused(stack, reason):
    with pytest.raises(UserError, match=reason):
        to_pytorch(stack, init(stack, jax.random.key(0), D))


def test_pytorch_is_never_imported():
    program = "import sys, rnn_research.interop; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
