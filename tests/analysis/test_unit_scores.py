"""Scores of units from tables of sums by bin, against scikit-learn, scipy and numbers worked by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from rnn_research.analysis.units import held_out, probes, rotations, scores
from rnn_research.analysis.units.columns import columns_of, depth, values_at
from rnn_research.analysis.units.delays import delayed, delays
from rnn_research.analysis.units.histograms import BINS, Bins, add, bins_of, empty_table, quantised
from rnn_research.analysis.units.recent import Contexts
from rnn_research.analysis.units.scored import details, scored
from rnn_research.analysis.units.unit import Unit
from rnn_research.concepts import Concept
from rnn_research.errors import UserError

N = 3000
RNG = np.random.default_rng(0)
HOLDS = np.repeat(np.arange(200) % 2 == 0, RNG.integers(1, 300, 200))[:N]  # runs of 1 to 299
NUMBER = RNG.poisson(2.0, N).astype(np.int32)
KIND = RNG.integers(0, 3, N).astype(np.int16)
CONCEPTS = [
    Concept("holds", "binary", HOLDS),
    Concept("number", "count", NUMBER),
    Concept("kind", "categorical", KIND, ("a", "b", "c")),
]
# Integers, one a bin: what is quantised to 128 bins then loses nothing.
A = np.stack(
    [
        np.clip(RNG.normal(50 + 12 * HOLDS, 10, N), 0, 125),
        np.clip(90 - 6 * NUMBER + RNG.normal(0, 12, N), 0, 125),
        np.clip(30 * KIND + RNG.normal(20, 15, N), 0, 125),
        np.full(N, 7.0),
    ],
    axis=1,
).astype(np.int64)
BINS_OF_ONE = Bins(np.zeros(4, np.float32), np.ones(4, np.float32))


def table(part, window=100):
    counted_N = np.zeros(N, bool)
    counted_N[part] = True
    columns = columns_of(CONCEPTS, counted_N, window)
    found = empty_table(4, columns.Q)
    # Piece by piece, as it is streamed.
    for positions in np.array_split(np.flatnonzero(counted_N), 7):
        add(found, A[positions].astype(np.uint8), values_at(columns, positions))
    return columns, found


SELECT, CONFIRM = slice(0, 1500), slice(1500, N)


@pytest.fixture(scope="module")
def halves():
    return table(SELECT), table(CONFIRM)


def of(halves, i):
    (select, select_UKQ), (confirm, confirm_UKQ) = halves
    return select.placed[i], confirm.placed[i], select_UKQ, confirm_UKQ


def test_auc_is_that_of_scikit_learn_with_the_sign_of_the_first_part(halves):
    found = scored(*of(halves, 0))
    for u in range(4):
        before = metrics.roc_auc_score(HOLDS[SELECT], A[SELECT, u])
        after = metrics.roc_auc_score(HOLDS[CONFIRM], A[CONFIRM, u])
        np.testing.assert_allclose(found.select_U[u], max(before, 1 - before), rtol=1e-12)
        np.testing.assert_allclose(found.confirm_U[u], after if before >= 0.5 else 1 - after, rtol=1e-12)


def test_the_best_threshold_by_mcc_is_found_and_measured_on_the_other_part(halves):
    told = details(*of(halves, 0), 0, 1, BINS_OF_ONE)
    tried = [metrics.matthews_corrcoef(HOLDS[SELECT], A[SELECT, 0] >= k) for k in range(BINS)]
    assert told["threshold"] == np.argmax(tried)
    expected = metrics.matthews_corrcoef(HOLDS[CONFIRM], A[CONFIRM, 0] >= told["threshold"])
    np.testing.assert_allclose(told["mcc"], expected, rtol=1e-12)
    expected = stats.pointbiserialr(HOLDS[CONFIRM], A[CONFIRM, 0]).statistic
    np.testing.assert_allclose(told["point_biserial"], expected, rtol=1e-9)


def test_r2_is_of_the_line_that_the_first_part_gave(halves):
    found = scored(*of(halves, 1))
    fit = stats.linregress(A[SELECT, 1], NUMBER[SELECT])
    predicted = fit.intercept + fit.slope * A[CONFIRM, 1]
    np.testing.assert_allclose(found.select_U[1], fit.rvalue**2, rtol=1e-6)
    np.testing.assert_allclose(found.confirm_U[1], metrics.r2_score(NUMBER[CONFIRM], predicted), rtol=1e-6)
    assert found.sign_U[1] == -1
    assert abs(found.select_U[3]) < 1e-9
    told = details(*of(halves, 1), 1, -1, BINS_OF_ONE)
    expected = stats.spearmanr(A[CONFIRM, 1], NUMBER[CONFIRM]).statistic
    np.testing.assert_allclose(told["spearman"], expected, rtol=1e-5)


def test_mutual_information_is_scikit_learns_with_the_correction_worked_by_hand(halves):
    found = scored(*of(halves, 2))
    for u in (2, 3):
        a, y = A[SELECT, u], KIND[SELECT]
        cells = len(np.unique(a * 3 + y))
        correction = (len(np.unique(a)) + 3 - cells - 1) / (2 * 1500)
        expected = max(metrics.mutual_info_score(y, a) + correction, 0)
        np.testing.assert_allclose(found.select_U[u], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scores.entropy(np.array([2.0, 1.0, 1.0])), 1.5 * np.log(2))


def test_positions_deep_within_a_run_are_scored_apart(halves):
    holds_N = np.array([0, 1, 1, 0, 1, 1, 1], bool)
    assert depth(holds_N).tolist() == [0, 1, 2, 0, 1, 2, 3]
    told = details(*of(halves, 0), 0, 1, BINS_OF_ONE)
    deep_N = (depth(HOLDS) > 100)[CONFIRM]
    kept_N = deep_N | ~HOLDS[CONFIRM]
    expected = metrics.roc_auc_score(deep_N[kept_N], A[CONFIRM, 0][kept_N])
    np.testing.assert_allclose(told["confirm_beyond_window"], expected, rtol=1e-12)
    assert told["positives_beyond_window"] == deep_N.sum()


def test_scores_that_do_not_exist_are_those_of_knowing_nothing():
    none, some = np.zeros((1, BINS)), np.ones((1, BINS))
    assert scores.auc(none, some) == scores.auc(some, none) == 0.5
    assert not scores.mcc(none, some).any()
    assert scores.correlation(some, none, 0.0, 0.0) == 0
    assert scores.r2(some, none, np.zeros(1), np.zeros(1), 0.0, 0.0) == 0
    assert scores.mutual_information(none[..., None]) == 0
    assert scores.auc_of_values(np.arange(3), np.ones(3, bool)) == 0.5


def test_bins_take_what_lies_outside_of_the_sample_at_their_ends():
    bins = bins_of(np.array([[0.0, 3.0], [126.0, 3.0]], np.float32))
    codes = np.asarray(quantised(np.array([[-50.0, 3.0], [0.0, 2.0], [62.5, 4.0], [1e9, 3.0]], np.float32), *bins))
    assert codes[:, 0].tolist() == [0, 1, 63, BINS - 1]
    # The second unit stood still in the sample: it is seen to leave its place on either side.
    assert codes[1, 1] < codes[0, 1] < codes[2, 1]
    assert bins.lower_end(0, 1) == 0.0
    with pytest.raises(ValueError, match="finite"):
        bins_of(np.array([[np.nan]]))


def test_blocks_hold_many_runs_each():
    assert rotations.blocks_of(100, 39).tolist() == [0, 100]
    assert rotations.blocks_of(100, 40).tolist() == [0, 50, 100]
    assert len(rotations.blocks_of(10_000, 10**6)) == 1 + rotations.MOST_BLOCKS
    assert rotations.stretches(np.array([1, 1, 0, 0, 1, 0, 1], bool)) == 3
    assert rotations.stretches(np.zeros(3, bool)) == rotations.stretches(np.zeros(0, bool)) == 0


def test_p_is_the_share_of_all_turns_of_a_loop():
    score_N, y_N = RNG.normal(size=120), HOLDS[:120].astype(float)
    score_N += y_N / 4
    agreement = np.array([np.sum((score_N - score_N.mean()) * np.roll(y_N, -turn)) for turn in range(120)])
    expected = np.mean(agreement >= agreement[0] - 1e-9)
    p = rotations.p_of(score_N[:, None], y_N[:, None], np.array([0, 120]))
    np.testing.assert_allclose(p, expected, atol=0.02)
    # Of several columns, one turn for all; blocks turn by themselves, and what is not counted is not there.
    two_NC = np.stack([y_N, 1 - y_N], axis=1)
    p = rotations.p_of(np.stack([score_N, -score_N], axis=1), two_NC, np.array([0, 120]))
    np.testing.assert_allclose(p, expected, atol=0.02)
    counted_N = np.arange(120) % 3 > 0
    broken_N = np.where(counted_N, score_N, 1e6)
    mine = [
        rotations.p_of(s[:, None], y_N[:, None], np.array([0, 50, 120]), counted_N=counted_N)
        for s in (score_N, broken_N)
    ]
    assert mine[0] == mine[1]
    assert rotations.p_of(np.zeros((120, 1)), y_N[:, None], np.array([0, 120])) == 1


def test_slow_labels_are_found_by_chance_as_often_as_is_said():
    """Walks that drift against labels in runs of 500, of which each half has a dozen: the naive test is wrong."""
    rng = np.random.default_rng(1)
    p, naive = [], []
    for _ in range(300):
        drift_N = np.repeat(rng.normal(size=100), 60) + 0.1 * rng.normal(size=6000)
        y_N = (np.searchsorted(np.cumsum(rng.exponential(500, 60)), np.arange(6000)) % 2).astype(float)
        runs = rotations.stretches(y_N > 0)
        p.append(rotations.p_of(drift_N[:, None], y_N[:, None], rotations.blocks_of(6000, runs), draws=499))
        naive.append(stats.pearsonr(drift_N, y_N, alternative="greater").pvalue)
    for level in (0.05, 0.2):
        assert np.mean(np.array(p) <= level) <= level + 2 * np.sqrt(level * (1 - level) / 300)
    assert np.mean(np.array(naive) <= 0.05) > 0.25


def test_the_best_of_all_units_is_compared_with_the_best_of_all_units():
    rng = np.random.default_rng(2)
    least = []
    for seed in range(150):
        y_N = np.repeat(rng.integers(2, size=80), 25).astype(float)
        codes_NU = rng.integers(0, BINS, (2000, 40))
        codes_NU[:, 7] = np.where(y_N > 0, 100, 20) + rng.integers(0, 20, 2000)
        rank_NU = rotations.ranks(codes_NU)
        y_NC = rotations.standard(y_N[:, None])
        edges = np.array([0, 1000, 2000])
        p_U = rotations.p_of_units(rank_NU, y_NC, edges, two_sided=True, draws=100, seed=seed)
        assert p_U[7] == 1 / 101
        least.append(np.delete(p_U, 7).min())
    # The least p of 39 units that know nothing is one p: below 0.05 in a twentieth of the cases, over the turns, too.
    assert np.mean(np.array(least) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)
    kind_N = rng.integers(3, size=2000)
    codes_NU[:, 3] = np.array([60, 10, 110])[kind_N]
    rank_NU, kind_NC = rotations.ranks(codes_NU), np.eye(3)[kind_N].astype(np.float32)
    p_U = rotations.p_of_units(rank_NU, rotations.standard(kind_NC), np.array([0, 2000]), two_sided=False, draws=50)
    assert p_U[3] == p_U.min() == 1 / 51


def test_held_out_gains_and_their_intervals():
    """Each without a block is the score of what is left; the interval covers in blocks that hang together."""
    rng = np.random.default_rng(3)
    x_N = rng.normal(size=1000)
    y_N, kind_N = x_N + rng.normal(size=1000) > 0, rng.integers(3, size=1000)
    block_N = np.arange(1000) // 100
    auc = held_out.held("binary", x_N, y_N[:, None], block_N)
    np.testing.assert_allclose(auc.gain, 2 * metrics.roc_auc_score(y_N, x_N) - 1, atol=5e-3)
    left = block_N != 4
    np.testing.assert_allclose(auc.without_M[4], 2 * metrics.roc_auc_score(y_N[left], x_N[left]) - 1, atol=5e-3)
    number_N = 3 * x_N + rng.normal(size=1000)
    r2 = held_out.held("count", 2.5 * x_N + 0.1, number_N[:, None], block_N)
    np.testing.assert_allclose(r2.gain, metrics.r2_score(number_N, 2.5 * x_N + 0.1), rtol=1e-9)
    np.testing.assert_allclose(r2.without_M[4], metrics.r2_score(number_N[left], 2.5 * x_N[left] + 0.1), rtol=1e-9)
    said_N = np.where(rng.random(1000) < 0.7, kind_N, 0)
    told = held_out.held("categorical", said_N, np.eye(3)[kind_N], block_N)
    share = metrics.mutual_info_score(kind_N, said_N) / stats.entropy(np.bincount(kind_N) / 1000)
    np.testing.assert_allclose(told.gain, share, atol=5e-3)
    assert held_out.held("binary", x_N, y_N[:, None], np.minimum(block_N, 3)).interval() == (-np.inf, np.inf)

    covered = []
    for _ in range(400):
        y_N = np.repeat(rng.random(40) < 0.5, 25)
        x_N = y_N + np.repeat(rng.normal(size=40), 25)  # noise hangs together as long as the labels do
        one = held_out.held("binary", x_N, y_N[:, None], held_out.jackknife_blocks(1000, rotations.stretches(y_N)))
        low, high = one.interval()
        covered.append(low <= 2 * stats.norm.cdf(np.sqrt(0.5)) - 1 <= high)
    assert np.mean(covered) > 0.88


def test_the_last_characters_are_one_hot():
    found = probes.last_characters(np.array([2, 0, 1, -1]), np.array([2, 0, 3]), 2, 3)
    assert found.tolist() == [[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0]]


def test_probes_need_as_many_features_as_the_concept_is_made_of():
    x = RNG.normal(size=(4000, 30)).astype(np.float32)
    two = x[:, 4] + x[:, 9]
    targets = [(x[:, [7]] > 0.3), two[:, None], x @ RNG.normal(size=(30, 1))]
    targets.append(np.eye(2)[(x[:, 11] > 0).astype(int)])  # of three in a row, no weighted sum tells the middle one
    targets = [y.astype(np.float32) for y in targets]
    kinds = ("binary", "count", "count", "categorical")
    features = probes.features_of(x[:2000], x[2000:])
    select, confirm = [y[:2000] for y in targets], [y[2000:] for y in targets]
    of_all = probes.predictions(features, select)
    few = probes.fewest(features, np.arange(30), kinds, select)
    assert [len(one.cells) for one in few[:2]] == [1, 2]
    assert len(few[3].cells) == 1
    assert few[2] is None or len(few[2].cells) > 5
    assert set(few[0].cells + few[1].cells + few[3].cells) == {7, 4, 9, 11}
    assert metrics.r2_score(confirm[1], of_all[1]) > 0.999
    from sklearn.linear_model import Ridge

    by_sklearn = Ridge(alpha=2000 * probes.RIDGE).fit(features.select_NF, select[0][:, 0])
    np.testing.assert_allclose(of_all[0][:, 0], by_sklearn.predict(features.confirm_NF), atol=1e-3)


def test_a_cell_counts_once_however_many_of_its_features_are_read():
    """What five cells of three like features each tell together takes five cells, not fifteen."""
    cells = RNG.normal(size=(4000, 20))
    alike = np.concatenate([cells + 0.5 * RNG.normal(size=cells.shape) for _ in range(3)], axis=1).astype(np.float32)
    y_N1 = cells[:, :5].sum(axis=1, keepdims=True).astype(np.float32)
    features = probes.features_of(alike[:2000], alike[2000:])
    (few,) = probes.fewest(features, np.arange(60) % 20, ["count"], [y_N1[:2000]])
    assert sorted(few.cells) == [0, 1, 2, 3, 4]
    # All three features of each are read: as much as their mean tells.
    assert metrics.r2_score(y_N1[2000:, 0], few.predicted_NC[:, 0]) > 0.9
    (by_feature,) = probes.fewest(features, np.arange(60), ["count"], [y_N1[:2000]])
    assert len(by_feature.cells) > 5


def test_products_of_two_tell_an_exclusive_or():
    x = RNG.normal(size=(4000, 30)).astype(np.float32)
    y = ((x[:, 4] > 0) ^ (x[:, 9] > 0))[:, None].astype(np.float32)
    features = probes.features_of(x[:2000], x[2000:])
    weights = probes.weights(features, y[:2000])
    found = probes.pairs(features, weights, y[:2000], np.arange(30))
    assert set(found.best) == {4, 9}
    assert metrics.roc_auc_score(y[2000:, 0], found.predicted_NC[:, 0]) > 0.9
    assert metrics.roc_auc_score(y[2000:, 0], (features.confirm_NF @ weights)[:, 0]) < 0.6


def test_contexts_tell_what_two_characters_tell_together():
    symbols = RNG.integers(0, 3, 4000)
    y = ((symbols == 1) & (np.roll(symbols, 1) == 2))[:, None]
    contexts = Contexts(symbols[:2000], symbols[2000:], 2)
    at = np.arange(5, 2000, 7)
    predicted = contexts.predicted(y[:2000], np.ones(2000, bool), at)
    assert metrics.roc_auc_score(y[2000:][at, 0], predicted[:, 0]) == pytest.approx(1)
    # By hand: the mean of a context of two leans on that of its last character by four positions.
    last, both = symbols[:2000] == 1, (symbols[:2000] == 1) & (np.roll(symbols, 1)[:2000] == 2)
    shorter = (y[:2000][last].sum() + 4 * y[:2000].mean()) / (last.sum() + 4)
    expected = (y[:2000][both].sum() + 4 * shorter) / (both.sum() + 4)
    np.testing.assert_allclose(predicted[y[2000:][at, 0]], expected, rtol=2e-3)


def test_a_late_unit_is_told_by_its_lag():
    holds = np.arange(2000) // 250 % 2 == 0  # three symbols late is right all but 3 times in 250
    late = Concept("holds", "binary", holds)
    codes = RNG.integers(0, BINS, (2000, 5))
    codes[3:, 2] = 100 * holds[:-3]
    at = np.arange(100, 2000)
    assert delays(codes[at], at, [late, CONCEPTS[2]._replace(labels_N=KIND[:2000])]) == [0, 0]  # long runs: no matter
    short = Concept("short", "binary", np.repeat(RNG.integers(2, size=400), 5) > 0)
    codes[3:, 2] = 100 * short.labels_N[:-3]
    assert delays(codes[at], at, [short]) == [3]
    assert delays(codes[at], at, [short._replace(ahead=True)]) == [0]  # some symbols on, anybody could tell it
    assert delayed(short, 3).labels_N.tolist() == [short.labels_N[0]] * 3 + short.labels_N[:-3].tolist()


def test_a_units_name_is_read_back():
    unit = Unit(1, "c", 37)
    assert str(unit) == "layer2.c[37]"
    assert Unit.parse("layer2.c[37]") == unit
    for wrong in ("layer0.c[1]", "c[1]", "layer1.c37", ""):
        with pytest.raises(UserError, match="names no unit"):
            Unit.parse(wrong)
