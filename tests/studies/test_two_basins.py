"""Samples that are stuck, beginnings that are judged, and what fresh starts cost: on texts and figures made by hand."""

import numpy as np
import pytest

from rnn_research.models import ngram
from rnn_research.studies import two_basins
from rnn_research.tasks.text.coverage import entropy

TEXT = np.frombuffer(b"the cat sat on the mat\n" * 200, np.uint8) % 64


def judge():
    return two_basins.Judge(None, ngram.fit(TEXT, 64, 3), int(TEXT[22]), two_basins.passages(TEXT, 10, 5))


def test_text_is_likely_and_noise_is_not():
    rng = np.random.default_rng(0)
    real, noise = two_basins.passages(TEXT, 10, 5), rng.integers(0, 64, (5, two_basins.LENGTH))
    assert real.shape == (5, two_basins.LENGTH)
    assert (real[:, :3] == TEXT[:3]).all(), "each begins after a line break"
    nats_N = two_basins.trigram_nats(judge(), np.concatenate([real, noise]))
    assert (nats_N[:5] < 0.5).all()
    assert (nats_N[5:] > entropy(np.bincount(TEXT))).all()


def test_a_sample_is_not_the_context_of_the_next():
    real = two_basins.passages(TEXT, 10, 5)
    alone = [two_basins.trigram_nats(judge(), row[None])[0] for row in real]
    np.testing.assert_allclose(two_basins.trigram_nats(judge(), real), alone)


def run(p, rate, seed, zero, warm, **more):
    figures = {"streams_stuck": 0, "streams": 2, "zero_start_excess_nats_most": 0.0, "samples": 4, "samples_stuck": 0}
    figures |= {"judged_nats_first": 1.0, "judged_nats_last": 1.0, "nats_in_one_stream": 2.0}
    figures |= {"nats_in_many_streams": 2.1}
    named = {"fresh_probability": p, "learning_rate": rate, "seed": seed}
    return {**figures, **named, "nats_from_zero": zero, "nats_from_warm": warm, **more}


def test_the_cost_is_that_of_streams_which_are_stuck_in_neither():
    """A stuck stream of the one without fresh starts, and a stream that is all padding, count in neither."""
    readings = []
    for seed, extra in ((0, 0.01), (1, 0.03)):
        for rate in (1e-3, 1e-2):
            readings.append(run(0.0, rate, seed, [2.0, 7.0, None], [2.0, 2.0, None]))
            readings.append(run(0.03, rate, seed, [2.0 + extra * 100 * rate, 2.0, None], [2.0, 2.0, None]))
    np.testing.assert_allclose(two_basins.cost(readings, 0.03), [0.0055, 0.0165])
    found = two_basins.summary(readings)
    assert found["fresh_0.03_cost_nats"] == pytest.approx(0.011)
    # Student's t with one degree of freedom: 12.706 standard errors of 0.0055.
    assert found["fresh_0.03_cost_nats_high95"] == pytest.approx(0.011 + 12.7062 * 0.0055, rel=1e-4)
    assert found["fresh_0.03_one_over_many_streams_most"] == pytest.approx(0.05)
    assert found["fresh_0_runs"] == 4


def test_what_a_judge_reads_is_a_mean_over_runs_that_all_have_it():
    """From the initial and from the warm carry; where one run was not read, there is no mean of the others."""
    judged = dict(zip(two_basins.JUDGED, (3.0, 2.0, 2.5, 1.5), strict=True))
    readings = [run(0.0, 1e-3, seed, [2.0], [2.0], **{n: v + seed for n, v in judged.items()}) for seed in (0, 1)]
    found = two_basins.summary(readings)
    assert {name: found[f"fresh_0_{name}"] for name in judged} == {name: v + 0.5 for name, v in judged.items()}
    del readings[1]["judged_nats_first_warm"]
    assert "fresh_0_judged_nats_first_warm" not in two_basins.summary(readings)


def test_a_judge_reads_the_first_and_the_last_symbols():
    nats_NL = np.zeros((3, two_basins.LENGTH))
    nats_NL[:, : two_basins.BEGINNING], nats_NL[:, -two_basins.BEGINNING :] = 4.0, 3.0
    assert two_basins.judged_figures(nats_NL) == {"judged_nats_first": 4.0, "judged_nats_last": 3.0}
