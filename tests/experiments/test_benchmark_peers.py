"""Everyone measured does the same work: shapes, weights and gradients of all libraries; who is missing is named."""

import importlib.util
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.benchmarks import cells, comparison, pytorch, train
from experiments.benchmarks.case import GATES, Case, Shape, Work, parse_shapes
from experiments.benchmarks.floor import Machine, floor
from experiments.benchmarks.peers import BOTH, FORMS, PEERS, both_of, candidates, inputs_of
from experiments.benchmarks.suite import Options
from rnn_research.models.recurrent import stack_of
from rnn_research.training.defaults import defaults
from rnn_research.unroll import Stack, persistent

INSTALLED = [who for who, peer in PEERS.items() if not peer.missing()]
KINDS = [(who, cell, "float32") for who in INSTALLED for cell in ("gru", "lstm")]
KINDS += [(who, "lstm", "bfloat16") for who in INSTALLED]
needs_torch = pytest.mark.skipif(bool(pytorch.missing()), reason="PyTorch is not installed (extra: benchmark)")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setattr(pytorch, "THREADS", 1)  # PyTorch's threads spin where other tests compute


@pytest.mark.parametrize(("who", "cell", "dtype"), KINDS)
def test_sizes_of_outputs_and_gradients(who, cell, dtype):
    case = Case(cell, Shape(2, 3, 4, 2), dtype, features=5)
    core = PEERS[who].build(case)
    x, dh = (jax.ShapeDtypeStruct(a.shape, jnp.dtype(dtype)) for a in inputs_of(case))
    h, (d_params, d_x) = jax.eval_shape(both_of(core), core.params, x, dh)
    assert (h.shape, d_x.shape) == ((3, 2, 4), (3, 2, 5))
    assert {leaf.dtype for leaf in jax.tree.leaves((h, d_params, d_x))} == {jnp.dtype(dtype)}
    weights = GATES[cell] * 4 * (5 + 4 + 4 + 4)
    biases = sum(leaf.size for leaf in jax.tree.leaves(d_params)) - weights
    assert 0 < biases <= 2 * 2 * GATES[cell] * 4  # one or two a gate, in two layers


@pytest.mark.parametrize("who", INSTALLED)
def test_the_gradient_is_that_of_what_is_computed(who):
    """Along a random direction of all weights and inputs, by central differences."""
    case = Case("lstm", Shape(2, 3, 4), features=5)
    core = PEERS[who].build(case)
    x, dh = map(jnp.asarray, inputs_of(case))
    _, gradient = both_of(core)(core.params, x, dh)
    rng = np.random.default_rng(1)
    direction = jax.tree.map(lambda a: jnp.asarray(rng.standard_normal(a.shape), a.dtype), (core.params, x))
    value = jax.jit(lambda step: (core.apply(*_moved((core.params, x), direction, step)) * dh).sum())
    measured = (value(1e-2) - value(-1e-2)) / 2e-2
    told = sum(jax.tree.leaves(jax.tree.map(lambda g, d: (g * d).sum(), gradient, direction)))
    np.testing.assert_allclose(told, measured, rtol=1e-2)


def _moved(start, direction, step):
    return jax.tree.map(lambda a, d: a + step * d, start, direction)


@needs_torch
@pytest.mark.parametrize("cell", GATES)
def test_pytorch_gives_the_same_gradients(cell):
    case = Case(cell, Shape(2, 3, 4, 2), features=5)
    h, (d_x, *d_weights) = pytorch.passes(case)[BOTH]()
    assert (tuple(h.shape), tuple(d_x.shape)) == ((3, 2, 4), (3, 2, 5))
    assert sum(d.numel() for d in d_weights if d.ndim == 2) == GATES[cell] * 4 * (5 + 4 + 4 + 4)


def test_every_library_of_the_table_has_a_turn():
    there = cells.passes_of_everyone(Case("elman", Shape(1, 2, 3)))
    assert {*there, *comparison.left_out(), "equinox"} == {*candidates(), comparison.PYTORCH}
    assert "equinox" not in there  # it has no plain cell


def test_training_steps_of_everyone_train(monkeypatch):
    """The loss begins near log V, that of an even guess, and falls."""
    monkeypatch.setattr(train, "candidates", lambda: {"flax.linen": PEERS["flax.linen"]})  # one stands for all of JAX
    steps = train.everyone(Case("lstm", Shape(2, 3, 8), features=train.V))
    for who, run in steps.items():
        losses = [loss_of(run()) for _ in range(40)]
        assert losses[0] == pytest.approx(np.log(100), abs=0.5), who
        assert losses[-1] < losses[0] - 0.05, who


def loss_of(result):
    return float(np.mean(result["loss"] if isinstance(result, dict) else result.tolist()))


@pytest.mark.parametrize("module", ["haiku", "equinox", "torch"])
def test_who_is_not_installed_is_left_out_and_named(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == module else object())
    monkeypatch.setattr(comparison.pytorch, "missing", comparison.pytorch.missing if module == "torch" else str)
    (reason,) = comparison.left_out().values()
    assert reason == f"{module} is not installed: pip install -e .[benchmark]".replace("haiku", "dm-haiku")


def test_operations_are_those_that_the_compiler_counts():
    """One step of time, since the compiler counts the body of a loop once; the rest is pointwise."""
    case = Case("lstm", Shape(16, 1, 64), features=32)
    core = PEERS["ours, plain"].build(case)
    compiled = jax.jit(core.apply).lower(core.params, jnp.zeros((1, 16, 32))).compile()
    assert compiled.cost_analysis()["flops"] == pytest.approx(case.forward().operations, rel=0.1)


def test_a_floor_by_hand():
    # 2 B T (D + H) G H = 2 * 2 * 10 * (3 + 4) * 4 * 4; a backward pass needs twice as much more.
    work = Case("lstm", Shape(2, 10, 4), features=3).forward()
    assert work == Work(operations=4480, bytes=4 * (4 * 4 * 7 + 2 * 10 * 7), steps=10)
    assert work.with_backward() == Work(3 * 4480, 3 * work.bytes, 20)
    assert floor(work, Machine(448, 1e9, 1e-9)) == (10, "operations")
    assert floor(work, Machine(1e12, work.bytes / 2, 1e-9)) == (2, "bytes")
    assert floor(work, Machine(1e12, 1e9, 0.5)) == (5, "launches")


def test_cases_that_are_asked_for():
    shapes = parse_shapes("--shapes", "1x2x3,4x5x6x7")
    assert shapes == (Shape(1, 2, 3, 1), Shape(4, 5, 6, 7))
    assert list(map(str, shapes)) == ["1x2x3", "4x5x6x7"]
    asked = cells.cases_of(Options(shapes, ("gru", "lstm"), "bfloat16"))
    assert [str(case) for case in asked] == [f"{cell} {shape} bfloat16" for shape in shapes for cell in ("gru", "lstm")]
    assert {case.dtype for case in asked} == {"bfloat16"}
    assert len(cells.cases_of(Options(shapes))) == 6
    assert {case.cell for case in cells.cases_of(Options(cells=("gru",)))} == {"gru"}
    assert tuple(cells.cases_of(Options())) == cells.CASES


def test_on_a_gpu_there_are_more(monkeypatch):
    """The rows that only one GPU has are no candidates elsewhere, and take the cases that they can."""
    gpu = {who: peer for who, peer in PEERS.items() if peer.on_gpu}
    assert set(candidates()) == set(PEERS) - set(gpu)
    monkeypatch.setattr(persistent, "there_is_one", lambda: True)
    assert set(candidates()) == set(PEERS)
    kernel = gpu["ours, persistent"]
    assert all(kernel.fits(case) for case in cells.ON_A_GPU)
    assert not kernel.fits(Case("lstm", Shape(32, 100, 128)))
    assert kernel.fits(Case("lstm", Shape(32, 100, 128), "bfloat16"))


@pytest.mark.parametrize("who", [who for who, peer in PEERS.items() if peer.on_gpu])
def test_they_compute_the_same(who):
    """Also the compiler knows the commands that are named: it refuses others on any machine."""
    case = Case("lstm", Shape(2, 3, 4), features=5)
    core, plain = (PEERS[name].build(case) for name in (who, "ours, plain"))
    x, dh = map(jnp.asarray, inputs_of(case))
    for a, b in zip(*(jax.tree.leaves(both_of(c)(plain.params, x, dh)) for c in (core, plain)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_a_form_is_one_that_stacks_and_configs_have():
    """A form that a config did not take would be named in vain: every one would be timed as the same."""
    for name, fields in FORMS.items():
        assert set(fields) <= set(Stack._fields)
        config = defaults().model
        config.unroll = name
        assert stack_of(config).form == fields["form"]
