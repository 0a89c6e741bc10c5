"""Scores of units from tables of sums by bin, against scikit-learn, scipy and numbers worked by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from rnn_research.analysis.units import controls, probes, scores
from rnn_research.analysis.units.columns import columns_of, depth, values_at
from rnn_research.analysis.units.histograms import BINS, Bins, add, bins_of, empty_table, quantised
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


def test_shifts_stay_away_from_no_shift():
    shifts = controls.shifts_of(10_000, 200, 1000)
    assert len(shifts) == 200
    assert shifts.min() == 1000
    assert shifts.max() == 9000
    assert not len(controls.shifts_of(2000, 200, 1000))


def test_shifted_labels_are_those_of_a_loop():
    codes_NU = A[:400, :3].astype(np.uint8)
    holds_NC, kind_NC = HOLDS[:400, None].astype(np.float32), np.eye(3, dtype=np.float32)[KIND[:400]]
    shifts = np.arange(50, 350, 9)
    by_run, by_class = controls.shifted(codes_NU, [holds_NC, kind_NC], shifts)
    rank = stats.rankdata(codes_NU[:, 0])
    null = np.array([stats.pearsonr(rank, np.roll(holds_NC[:, 0], s)).statistic for s in shifts])
    true = stats.pearsonr(rank, holds_NC[:, 0]).statistic
    np.testing.assert_allclose(by_run.z_U[0], abs(true - null.mean()) / null.std(), rtol=1e-4)
    np.testing.assert_allclose(by_run.null_SU[:, 0], abs(null - null.mean()) / null.std(), rtol=1e-3, atol=1e-4)

    def between(turn):
        y, rank = np.roll(KIND[:400], turn), stats.rankdata(codes_NU[:, 2])
        means = np.array([rank[y == k].mean() for k in range(3)])
        return np.sum(np.bincount(y) * (means - rank.mean()) ** 2) / np.sum((rank - rank.mean()) ** 2)

    null = np.array([between(s) for s in shifts])
    np.testing.assert_allclose(by_class.z_U[2], (between(0) - null.mean()) / null.std(), rtol=1e-3)
    assert by_class.p_of_best(2) == 1 / (1 + len(shifts))


def test_the_last_characters_are_one_hot():
    found = probes.last_characters(np.array([2, 0, 1, -1]), np.array([2, 0, 3]), 2, 3)
    assert found.tolist() == [[0, 1, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0]]


def test_probes_need_as_many_features_as_the_concept_is_made_of():
    x = RNG.normal(size=(4000, 30)).astype(np.float32)
    two = x[:, 4] + x[:, 9]
    targets = [(x[:, [7]] > 0.3), two[:, None], x @ RNG.normal(size=(30, 1))]
    targets.append(np.eye(3)[np.digitize(x[:, 11], (-0.5, 0.5))])
    targets = [y.astype(np.float32) for y in targets]
    kinds = ("binary", "count", "count", "categorical")
    features = probes.features_of(x[:2000], x[2000:])
    select, confirm = [y[:2000] for y in targets], [y[2000:] for y in targets]
    of_all = probes.probe(features, kinds, select, confirm)
    few = [probes.fewest(features, *args) for args in zip(kinds, select, confirm, of_all, strict=True)]
    assert [k for k, _ in few] == [1, 2, few[2][0], 1]
    assert few[2][0] > 5
    assert of_all[1] > 0.999
    from sklearn.linear_model import Ridge

    by_sklearn = Ridge(alpha=2000 * probes.RIDGE).fit(features.select_NF, select[0][:, 0])
    expected = metrics.roc_auc_score(confirm[0][:, 0], by_sklearn.predict(features.confirm_NF))
    np.testing.assert_allclose(of_all[0], expected, atol=1e-4)


def test_a_units_name_is_read_back():
    unit = Unit(1, "c", 37)
    assert str(unit) == "layer2.c[37]"
    assert Unit.parse("layer2.c[37]") == unit
    for wrong in ("layer0.c[1]", "c[1]", "layer1.c37", ""):
        with pytest.raises(UserError, match="names no unit"):
            Unit.parse(wrong)
