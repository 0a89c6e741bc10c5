"""Labels that have nothing to do with the text: what is found in them, and that they are what they say."""

import made_networks as made
import numpy as np
import pytest

from rnn_research.studies.cells import null_tables


@pytest.fixture(scope="module")
def found():
    """A random network, and one whose units drift for hundreds of symbols, as a trained one's do."""
    model, random = made.Made(10, seed=1, noise=0.5).params()
    slow = made.Made(10, seed=2, noise=0.5)
    slow.b[1] += np.linspace(2, 7, 10)
    _, untrained = made.Made(10, seed=3, noise=0.5).params()
    networks = {"random": random, "slow": slow.params()[1]}
    symbols_N = made.text(160_000)[0]
    return null_tables.null_tables(model, networks, untrained, symbols_N, 20, labels=1, sample=2500)


def test_at_most_one_table_in_twenty_has_a_finding(found):
    assert [(row["network"], row["runs"]) for row in found["rows"]] == [
        (network, runs) for network in ("random", "slow") for runs in (30, 300, 3000)
    ]
    assert found["allowed"] == pytest.approx(0.05 + 2 * np.sqrt(0.05 * 0.95 / 20))
    for row in found["rows"]:
        assert sum(row["verdicts"].values()) == row["tables"] == 20
        assert row["found"] / row["tables"] <= found["allowed"], row
        # Nearly all of them could be judged: absent is said, and not that there is too little.
        assert row["verdicts"]["absent"] >= 10
    assert null_tables.table_of(found).count("\n") == 7


def test_labels_come_in_runs_of_their_mean_length():
    for mean in (30, 300):
        labels_N = null_tables.in_runs(200_000, mean, np.random.default_rng(0)).labels_N
        edges = np.count_nonzero(labels_N[1:] != labels_N[:-1])
        assert 200_000 / edges == pytest.approx(mean, rel=0.15)
        assert labels_N.mean() == pytest.approx(0.5, abs=0.1)
