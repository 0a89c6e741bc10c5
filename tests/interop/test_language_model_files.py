"""Language models of PyTorch, read whole: PyTorch's own scores, or a refusal that names the tensor."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.errors import UserError
from rnn_research.interop import write_tensors
from rnn_research.interop.model_weights import outer_layers
from rnn_research.restore import foreign
from rnn_research.runs.directory import RunDirectory
from tests.time_first import apply

V, E, H, T = 6, 3, 4, 5


def folder_of(path, tensors, symbols="abcdef"):
    write_tensors(path / "model.safetensors", tensors)
    (path / "vocabulary.json").write_text(json.dumps(list(symbols)))
    return RunDirectory(path)


def scores(run, symbols_T):
    carry = run.model.carry(run.params, 1)
    logits_TBV, _ = apply(run.model, run.params, jnp.asarray(symbols_T)[:, None], carry)
    return np.asarray(logits_TBV[:, 0])


def refusal(tmp_path, tensors, **options):
    with pytest.raises(UserError) as caught:
        foreign.read(folder_of(tmp_path, tensors), **options)
    (line,) = str(caught.value).splitlines()
    return line


def lstm(D, prefix="lstm.", layer=0, size=H):
    rng = np.random.default_rng(D + layer)
    shapes = {"weight_ih": (4 * size, D), "weight_hh": (4 * size, size), "bias_ih": (4 * size,), "bias_hh": (4 * size,)}
    return {f"{prefix}{n}_l{layer}": rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}


def layer(name, *shape):
    return {name: np.random.default_rng(len(name)).normal(size=shape).astype(np.float32)}


HEAD = layer("head.weight", V, H) | layer("head.bias", V)


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "tied", "tied without bias", "stack"])
def test_as_pytorch_itself(tmp_path, kind):
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle of this test, is not installed")
    torch.manual_seed(0)
    D = {"one-hot": V, "embedding": E, "stack": E}.get(kind, H)
    embedding = None if kind == "one-hot" else torch.nn.Embedding(V, D)
    sizes = [(D, H), (H, H)] if kind == "stack" else [(D, H)]
    layers = torch.nn.ModuleList(torch.nn.LSTM(*size) for size in sizes)
    head = torch.nn.Linear(H, V, bias=kind != "tied without bias")
    if kind.startswith("tied"):
        head.weight = embedding.weight
    symbols = torch.tensor([0, 3, 5, 1, 2])
    with torch.no_grad():
        h = torch.nn.functional.one_hot(symbols, V).float() if embedding is None else embedding(symbols)
        for module in layers:
            h = module(h)[0]
        expected = head(h).numpy()
    whole = torch.nn.ModuleDict({"net": layers, "head": head} | ({} if embedding is None else {"wte": embedding}))
    tensors = {name: tensor.detach().numpy() for name, tensor in whole.state_dict().items()}
    if kind.startswith("tied"):
        del tensors["head.weight"]  # as safetensors.torch.save_model leaves it
    run = foreign.read(folder_of(tmp_path, tensors))
    np.testing.assert_allclose(scores(run, symbols.numpy()), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (layer("norm.weight", H) | layer("norm.bias", H), "norm.bias, norm.weight have no place"),
        (layer("temperature", 1), "temperature has no place"),
        (layer("projection.weight", H, H), "projection.weight has no place"),
        (layer("lm.adaptive.weight", V, V), "lm.adaptive.weight has no place"),
    ],
)
def test_a_tensor_without_a_place_is_named(tmp_path, more, named):
    assert named in refusal(tmp_path, lstm(V) | HEAD | more)


def test_a_square_layer_is_no_embedding(tmp_path):
    """With as many units as symbols it would fit; it has neither the name nor the reason to be one."""
    square = lstm(V, size=V) | layer("head.weight", V, V) | layer("head.bias", V)
    assert "mix.weight has no place" in refusal(tmp_path, square | layer("mix.weight", V, V))
    run = foreign.read(folder_of(tmp_path, square | layer("embedding.weight", V, V)))
    np.testing.assert_array_equal(run.params.embedding_VE, layer("embedding.weight", V, V)["embedding.weight"])


def test_what_cannot_be_told_apart_is_refused(tmp_path):
    twins = lstm(H) | layer("one.weight", V, H) | layer("two.weight", V, H)
    assert "one.weight, two.weight could each be the embedding" in refusal(tmp_path, twins)
    told = twins | layer("two.bias", V)
    np.testing.assert_array_equal(outer_layers(told, V, H, H, "").w_VH, told["two.weight"])
    np.testing.assert_array_equal(outer_layers(told, V, H, H, "").embedding_VD, told["one.weight"])


def test_tied_under_the_output_layers_name(tmp_path):
    """The first layer reads 4 numbers a symbol, so there is an embedding; the one matrix is both."""
    run = foreign.read(folder_of(tmp_path, lstm(H) | HEAD))
    np.testing.assert_array_equal(run.params.embedding_VE, HEAD["head.weight"])
    np.testing.assert_array_equal(run.params.w_HV.T, HEAD["head.weight"])


def test_several_modules(tmp_path):
    apart = lstm(V, "encoder.") | lstm(V, "decoder.") | HEAD
    line = refusal(tmp_path, apart)
    assert "several recurrent modules (decoder, encoder)" in line
    assert line.endswith("choose one with --module=decoder")
    assert "--module='coder' is unknown" in refusal(tmp_path, apart, module="coder")
    run = foreign.read(RunDirectory(tmp_path), module="encoder")
    assert run.config.model.layers == 1
    gap = lstm(V, "net.0.") | lstm(H, "net.2.") | HEAD
    assert "counted without a gap" in refusal(tmp_path, gap), "what stands between has no tensors, and may be anything"


def test_layers_count_as_numbers(tmp_path, capsys):
    deep = {}
    for k in range(11):
        deep |= lstm(V if k == 0 else H, f"net.{k}.")
    run = foreign.read(folder_of(tmp_path, deep | HEAD))
    assert run.config.model.layers == 11
    assert capsys.readouterr().out.startswith("read as one stack of 11 layers: net.0, net.1, net.2")


def test_the_flag_is_named_for_an_rnn(tmp_path):
    rnn = layer("rnn.weight_ih_l0", H, V) | layer("rnn.weight_hh_l0", H, H)
    assert refusal(tmp_path, rnn | HEAD).startswith("--nonlinearity is missing")


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda t: {**t, "lstm.weight_hh_l0": np.full_like(t["lstm.weight_hh_l0"], np.nan)}, "is not finite: save"),
        (lambda t: {**t, "lstm.weight_hh_l0": t["lstm.weight_hh_l0"].astype(np.int8)}, "has dtype int8: save"),
        (lambda t: {**t, "lstm.weight_hh_l0": np.zeros((0, 5), np.float32)}, "has shape [0, 5]; it should be"),
        (lambda t: {**t, "lstm.weight_hh_l0": np.zeros((20, 4), np.float32)}, "has shape [20, 4]; it should be"),
    ],
)
def test_an_odd_tensor_is_named_with_its_file(tmp_path, spoilt, said):
    line = refusal(tmp_path, spoilt(lstm(V) | HEAD))
    assert "model.safetensors: lstm.weight_hh_l0 " in line
    assert said in line
