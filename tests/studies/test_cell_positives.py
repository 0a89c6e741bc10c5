"""What must be found, and what must not be called more than it is, in networks whose every cell is known."""

import jax
import made_networks as made
import numpy as np
import pytest

from rnn_research.analysis.units import probes
from rnn_research.analysis.units.columns import columns_of
from rnn_research.analysis.units.histograms import bins_of, quantised
from rnn_research.analysis.units.recent import Contexts
from rnn_research.analysis.units.unit import Unit
from rnn_research.concepts.concept import binary
from rnn_research.studies.cells.causes import effect
from rnn_research.studies.cells.cell_statistics import score_concepts
from rnn_research.studies.cells.gathering import Halves, half_of
from rnn_research.studies.cells.intervened import Interventions
from rnn_research.studies.cells.judging import judged
from rnn_research.studies.cells.proofs import proofs
from rnn_research.studies.cells.searching import Recent

N = 40_000


@pytest.fixture(scope="module")
def entries():
    """One network: a cell for A, one for B, one for C and D together, and one for E, three steps late."""
    network = made.Made(36)
    for kinds in ((made.A,), (made.B,), (made.C, made.D)):
        network.latch(*kinds)
    network.late_latch(made.E, 3)
    model, params = network.params()
    _, untrained = made.Made(36, seed=1).params()
    symbols_N, _ = made.text(N, rate=0.005)
    # E changes often, so that three steps matter.
    quick = np.random.default_rng(3).random(N) < 0.15
    symbols_N[quick] = np.random.default_rng(4).choice(made.E, quick.sum())
    a, b, c, e = (latched(symbols_N, kind) for kind in (made.A, made.B, made.C, made.E))
    concepts = [
        binary("exact", a),
        binary("either", a | b),
        binary("exclusive", a ^ b),
        binary("distractor", c),
        binary("late", e),
        binary("recent", symbols_N == 1),
        binary("rare", np.arange(N) % 20_000 < 300),
    ]
    jax.config.update("jax_disable_most_optimizations", True)
    said = score_concepts(model, params, untrained, symbols_N, concepts, window=100, streams=4, steps=250, shifts=20)
    return {entry["concept"]: entry for entry in said["concepts"]}


def latched(symbols_N, kind):
    seen_N = np.where(symbols_N == kind[0], 1, np.where(symbols_N == kind[1], -1, 0))
    return seen_N[np.maximum.accumulate(np.where(seen_N != 0, np.arange(len(seen_N)), 0))] == 1


def test_a_cell_that_tracks_exactly_is_a_single_cell(entries):
    entry = entries["exact"]
    assert entry["verdict"] == "single cell", entry["reason"]
    assert entry["best"]["unit"] in ("layer1.h[0]", "layer1.c[0]")
    assert entry["controls"]["interval"][0] > 0.95  # a stream may begin within A, which no latch can know
    assert entry["controls"]["p"] < 0.01
    assert entry["delay"] == 0


def test_two_cells_that_hold_half_each_are_few(entries):
    entry = entries["either"]
    assert entry["verdict"] == "few cells", entry["reason"]
    few = entry["controls"]["probe_few"]
    assert few["k"] == 2  # cells, each with its h, c and gates
    assert sorted(few["cells"]) == ["layer1[0]", "layer1[1]"]
    assert "2 cells" in entry["reason"]


def test_an_exclusive_or_is_distributed(entries):
    """No weighted sum of units tells it; a product of two does."""
    entry = entries["exclusive"]
    assert entry["verdict"] == "distributed", entry["reason"]
    assert "products of two" in entry["reason"]
    assert {int(unit[9:-1]) for unit in entry["controls"]["best_pair"]} == {0, 1}


def test_a_late_cell_is_found_and_its_delay_said(entries):
    entry = entries["late"]
    assert entry["delay"] == 3
    assert entry["verdict"] in ("single cell", "told by the last characters"), entry["reason"]
    assert entry["best"]["confirm"] > 0.98
    assert "3 symbols late" in entry["reason"]


def test_a_correlated_distractor_is_no_single_cell(entries):
    entry = entries["distractor"]
    assert entry["best"]["confirm"] > 0.65
    assert entry["verdict"] != "single cell", entry["reason"]


def test_the_last_characters_and_too_little_have_sentences_of_their_own(entries):
    assert entries["recent"]["verdict"] == "told by the last characters", entries["recent"]["reason"]
    assert entries["rare"]["verdict"] == "too little in this text"
    assert "separate stretch of" in entries["rare"]["reason"]


@pytest.mark.parametrize("seed", range(10))
def test_latches_spread_over_all_units_are_no_single_cell(seed):
    """No unit tells a latch, and no handful; all do."""
    M = 12_000
    symbols_N, h_NH, latches_NK = made.spread_latches(seed, M)
    random_NH = np.random.default_rng(seed).normal(size=h_NH.shape).astype(np.float32)
    concepts = [binary(f"latch {k}", latches_NK[:, k]) for k in range(4)]
    counted_N = np.ones(M // 2, bool)

    def halves(a_NU):
        bins = bins_of(a_NU[: M // 2])
        parts = []
        for part in (slice(0, M // 2), slice(M // 2, None)):
            columns = columns_of([c._replace(labels_N=c.labels_N[part]) for c in concepts], counted_N, 100)
            codes_NU = np.asarray(quantised(a_NU[part].astype(np.float32), *bins))
            parts.append(half_of([(np.arange(M // 2)[:, None], codes_NU[:, None])], columns, 3000))
        return Halves(*parts, bins)

    trained, parts = halves(h_NH), np.split(symbols_N, 2)
    one_hot = [probes.last_characters(part, trained.select.positions_N, 2, 208) for part in parts]
    recent = Recent(probes.features_of(*one_hot), Contexts(*parts, 2), counted_N)
    units = [Unit(0, "h", u) for u in range(h_NH.shape[1])]
    for entry in judged(trained, halves(random_NH), recent, units, 2)["concepts"]:
        assert entry["best"]["confirm"] < 0.75
        assert entry["controls"]["probe_all"] > 0.95
        assert entry["verdict"] == "distributed", entry["reason"]


@pytest.fixture(scope="module")
def causes():
    """A cell for A that the output reads, one that it does not, a loud one; and what holding each does."""
    network = made.Made(40, noise=0.3)
    read, unread, loud = network.latch(made.A), network.latch(made.A), network.loud()
    # Inside of A the letters 0 and 1 are common, outside 2 and 3.
    inside, outside = (
        np.array([*letters, *[0.02] * 10]) for letters in ((0.32, 0.32, 0.08, 0.08), (0.08, 0.08, 0.32, 0.32))
    )
    network.w_HV *= 0.3
    network.w_HV[read] = (np.log(inside) - np.log(outside)) / np.tanh(1)
    model, params = network.params(np.log(outside))
    symbols_N = made.text(6000, rate=0.02)[0]
    common_N = np.where(latched(symbols_N, made.A), 0, 2) + np.random.default_rng(5).integers(2, size=6000)
    often_N = np.random.default_rng(6).random(6000) < 0.6
    symbols_N = np.where((symbols_N < made.LETTERS) & often_N, common_N, symbols_N).astype(np.int32)
    interventions = Interventions(model, params, symbols_N, "zero", streams=8, steps=700)
    concept = binary("in A", latched(symbols_N, made.A))
    return interventions, concept, symbols_N, {"read": read, "unread": unread, "loud": loud}


def test_what_the_output_reads_is_proved_and_what_it_does_not_is_not(causes):
    interventions, concept, _, units = causes
    found = {name: effect(interventions, concept, Unit(0, "h", unit)) for name, unit in units.items()}
    proofs(list(found.values()))
    assert {name: one["proved"] for name, one in found.items()} == {"read": True, "unread": False, "loud": False}
    assert found["read"]["unit"] == f"layer1.h[{units['read']}]"
    assert found["unread"]["loss"]["holds"]["rise"] == found["loud"]["loss"]["holds"]["rise"] == 0
    assert {name: one["changes_nothing"] for name, one in found.items()} == {
        "read": False,
        "unread": True,
        "loud": True,
    }


def test_a_carried_cell_held_at_its_mean_is_proved(causes):
    """Its c adds up openings, so that its mean over all positions is about what it is within the concept."""
    zeroed, concept, symbols_N, units = causes
    held = Interventions(zeroed.model, zeroed.params, symbols_N, "mean", streams=8, steps=700)
    found = [effect(held, concept, Unit(0, "c", units[name])) for name in ("read", "unread")]
    proofs(found)
    assert [one["proved"] for one in found] == [True, False], found[0]["reason"]
    assert abs(found[0]["value"]) < 0.01
    assert abs(held.moments(Unit(0, "c", 0)).mean_H[units["read"]]) > 0.9


def test_random_blocks_of_text_prove_at_most_the_nominal_rate(causes):
    """Every unit of the layer against blocks that have nothing to do with anything."""
    interventions, _, symbols_N, _ = causes
    p, proved = [], []
    for seed in range(3):
        edges = np.cumsum(np.random.default_rng(seed).integers(40, 160, 200))
        blocks = binary("blocks", np.searchsorted(edges, np.arange(len(symbols_N))) % 2 == 1)
        found = [effect(interventions, blocks, Unit(0, "h", unit)) for unit in range(40)]
        p += [one["contrast"]["p"] for one in found if one["contrast"]["p"] is not None]
        proofs(found)
        proved += [one["proved"] for one in found]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 30)  # units go together: some 30 tests
    assert not any(proved)


def test_a_cause_among_the_controls_undoes_no_proof(causes):
    """Each of two cells that the output reads for A is a control of the other."""
    interventions, concept, _, units = causes
    one = effect(interventions, concept, Unit(0, "h", units["read"]))
    one["controls"]["contrast"][0] = 2 * one["contrast"]["value"]
    one["rank"]["contrast"] = one["rank"]["contrast_by_moved"] = 2
    proofs([one])
    assert one["proved"], one["reason"]
    one["rank"]["contrast"] = 3
    proofs([one])
    assert not one["proved"]
    assert "2 of 20 controls" in one["reason"]
