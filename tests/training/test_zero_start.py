"""Streams read from the initial and from a warm carry; and texts that begin at a warm one."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rnn_research.decoding.generate import Choice
from rnn_research.decoding.writing import sample_key, write
from rnn_research.models.answers import nats_of
from rnn_research.restore import trained
from rnn_research.runs.directory import RunDirectory
from rnn_research.training import zero_start
from rnn_research.training.build import build
from rnn_research.training.defaults import defaults
from rnn_research.training.pack import Entry, train_pack
from rnn_research.training.train import train
from tests.time_first import apply

KEPT = {"task.fresh_probability": 0.0}


def two_basins(params, data, batches, streams, start=None):
    """Planted: of four streams one never leaves zero, one is hard, one is padding but for its first chunk.

    The carry is 0 where a network is stuck and 1 where it reads; each chunk has 100 symbols.
    """
    stuck_B = np.array([False, True, False, False]) if start is None else np.asarray(start) == 0
    tokens = np.full((batches, streams), 100)
    tokens[0, 3], tokens[1:, 3] = 40, 0
    nats_B = np.where(stuck_B, 7.0, [2.0, 2.0, 4.0, 9.0])
    return {"nats": (nats_B * tokens, tokens)}, np.where(stuck_B, 0, 1)


def test_a_planted_stuck_stream_is_told_from_hard_text_and_from_padding():
    found = zero_start.measured(two_basins, None, None, 3, 4)
    np.testing.assert_allclose(found.excess_B, [0, 5, 0, np.nan])
    assert found.figures("test") == {
        "test_zero_start_excess_nats_most": 5.0,
        "test_zero_start_streams": 3,
        "test_zero_start_streams_stuck": 1,
    }
    assert found.warning("test split").startswith(
        "warning: 1 of 3 streams of the test split needs more than 0.3 nats a symbol more from the initial carry "
        "than from a warm one (up to 5.00)"
    )


def test_the_warm_carry_is_of_a_stream_that_reads_to_the_end():
    """Not of one whose last chunk is all padding or nearly so, nor lost where nothing is scored in the very last."""
    nats = np.array([[100.0, 9.0, 300.0, 1.0], [200.0, 3.0, 100.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    tokens = np.array([[100, 100, 100, 100], [100, 3, 90, 0], [0, 0, 0, 0]])
    warm = zero_start.of_the_best({"h": np.arange(8).reshape(4, 2)}, {"nats": (nats, tokens)})
    np.testing.assert_array_equal(warm["h"], [[4, 5]] * 4)
    nothing = {"nats": (0 * nats, 0 * tokens)}
    assert zero_start.of_the_best({"h": np.zeros((4, 2))}, nothing)["h"].shape == (4, 2)


def test_nothing_is_said_of_streams_that_are_too_short():
    def short(*arguments):
        sums, carry = two_basins(*arguments)
        return {name: (nats // 10, tokens // 10) for name, (nats, tokens) in sums.items()}, carry

    found = zero_start.measured(short, None, None, 3, 4)
    assert found.figures("test") == {}
    assert found.warning("test split") is None


@pytest.mark.parametrize(
    ("task", "carry", "whether"), [("text", "stream", True), ("text", "zero", False), ("adding", "stream", False)]
)
def test_only_where_a_carry_is_handed_on(task, carry, whether):
    config = defaults(task)
    config.evaluation.carry = carry
    assert build(config).task.goes_on is whether


def test_a_walk_from_a_given_carry_in_the_same_program(started):
    """Against the plain model; the initial carry of the walk is not read, and documents' ends still are."""
    built, state, _ = started(**{"task.chunk_length": 9})
    split = built.task.splits["validation"]
    start = jax.tree.map(lambda c: jnp.full_like(c, 0.7)[:2], state.carry)
    sums, carry = built.program.walk(state.params, split.data, split.batches, 2, start)
    tokens = np.asarray(split.data.tokens_SB)
    logits_TBV, after = jax.jit(lambda *read: apply(built.model, *read))(
        state.params, jnp.asarray(tokens[:-1], jnp.int32), start
    )
    expected_TB, _, _ = nats_of(logits_TBV, jnp.asarray(tokens[1:], jnp.int32))
    np.testing.assert_allclose(np.sum(sums["nats"][0], axis=0), expected_TB.sum(axis=0), rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), carry, after)
    alone, _ = built.program.walk(state.params, split.data, split.batches, 2)
    assert np.abs(np.sum(sums["nats"][0] - alone["nats"][0], axis=0)).max() > 1e-3


def test_results_and_warning_of_a_run_and_of_a_pack(tiny, tmp_path, monkeypatch, capsys):
    """With so low a bar that all streams are over it."""
    monkeypatch.setattr(zero_start, "FEWEST", 10)
    monkeypatch.setattr(zero_start, "STUCK", -9.0)
    results = train(tiny(), RunDirectory(tmp_path / "run"), {})
    names = [f"{split}_zero_start_{name}" for split in ("validation", "test") for name in ("streams", "streams_stuck")]
    assert [results[name] for name in names] == [2] * 4
    assert abs(results["test_zero_start_excess_nats_most"]) < 1
    assert capsys.readouterr().out.count("warning: 2 of 2 streams of the ") == 2
    said = []
    train_pack([Entry("a", tiny(), RunDirectory(tmp_path / "pack"), {})], said.append)
    packed = json.loads((tmp_path / "pack" / "results.json").read_text())
    for name in (*names, "test_zero_start_excess_nats_most"):
        assert packed[name] == pytest.approx(results[name], abs=1e-5)
    assert [line[:31] for line in said] == ["a: warning: 2 of 2 streams of t"] * 2


def test_a_network_that_never_met_its_initial_carry_begins_at_the_mean_of_its_streams(tiny, tmp_path):
    """Greedy text against the plain model, unrolled from the mean over streams of the checkpoint's carries."""
    config = tiny(**KEPT)
    train(config, RunDirectory(tmp_path), {})
    run = trained.read(RunDirectory(tmp_path))
    stored = trained.Checkpoints(tmp_path / "checkpoints", "nats_per_token", reading=True)
    streams = stored.restore(run.step, run.model.carry(run.params, 4), ".carry")
    stored.close()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, np.mean(b, axis=0), atol=1e-6), run.start, streams)
    assert any(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(run.start))
    choice = Choice(temperature=0.0)
    arguments = (run.model, run.params, run.vocabulary, sample_key(0))
    (text,) = ("".join(p) for p in zip(*write(*arguments, length=5, piece=5, choice=choice, start=run.start)))
    carry, symbol, expected = jax.tree.map(lambda c: c[None], run.start), run.vocabulary.encode(b"\n")[0], []
    symbol = max(int(symbol), 0)
    for _ in range(5):
        logits_TBV, carry = apply(run.model, run.params, jnp.array([[symbol]]), carry)
        symbol = int(jnp.argmax(logits_TBV[0, 0]))
        expected.append(symbol)
    assert text == run.vocabulary.decode(np.array(expected)).decode()


@pytest.mark.parametrize("fields", [{"task.fresh_probability": 0.03}, {**KEPT, "task.carry": "zero"}])
def test_others_begin_at_their_initial_carry(tiny, tmp_path, fields):
    train(tiny(**fields), RunDirectory(tmp_path), {})
    assert trained.read(RunDirectory(tmp_path)).start is None
