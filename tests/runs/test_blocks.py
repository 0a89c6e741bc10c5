"""The interval of a score holds the true one as often as it says, also where neighbours and documents are alike."""

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from rnn_research.runs.blocks import FEWEST, effective, of_examples, of_text, ratio_interval, stretch, within
from rnn_research.runs.statistics import wilson

TRUE = 1.5
CHUNK = 100


def error(experiments):
    """Three standard errors of a coverage of 95 % that is counted in so many."""
    return 3 * np.sqrt(0.95 * 0.05 / experiments)


def documents(rng, count, spread, sizes):
    """The chunks of some documents: an effect of each, within it an autoregression of .5; and whose they are."""
    chunks_D = np.maximum(2, sizes(rng, count).astype(int))
    effect_D = spread(rng, count)
    piece_N = np.repeat(np.arange(count), chunks_D)
    noise_N = lfilter([1], [1, -0.5], rng.normal(0, 0.1, len(piece_N)))
    return CHUNK * (TRUE + effect_D[piece_N] + noise_N), np.full(len(piece_N), CHUNK), piece_N


def covered(draw, experiments):
    held = []
    for _ in range(experiments):
        found = of_text(*draw(), "documents", CHUNK)
        assert not found.missing
        held.append(found.low <= TRUE <= found.high)
    return np.mean(held)


NORMAL = lambda rng, n: rng.normal(0, 0.2, n)  # noqa: E731
HEAVY = lambda rng, n: 0.2 * rng.standard_t(3, n)  # noqa: E731
EQUAL = lambda rng, n: np.full(n, 20)  # noqa: E731
UNEQUAL = lambda rng, n: 20 * rng.lognormal(0, 0.7, n)  # noqa: E731


@pytest.mark.parametrize("count", [30, 60])
@pytest.mark.parametrize(("spread", "sizes"), [(NORMAL, EQUAL), (HEAVY, EQUAL), (HEAVY, UNEQUAL)])
def test_over_many_documents_it_holds_the_true_loss_in_93_to_97_of_a_hundred(count, spread, sizes):
    rng = np.random.default_rng(count)
    experiments = 600
    found = covered(lambda: documents(rng, count, spread, sizes), experiments)
    assert 0.93 - error(experiments) < found < 0.97 + error(experiments)


@pytest.mark.parametrize(("spread", "sizes"), [(NORMAL, EQUAL), (HEAVY, EQUAL), (HEAVY, UNEQUAL)])
def test_over_nine_documents_it_holds_it_in_ninety_of_a_hundred(spread, sizes):
    """As many as the embedded corpus has to test on. An interval over its chunks would hold it in forty."""
    rng = np.random.default_rng(9)
    assert covered(lambda: documents(rng, 9, spread, sizes), 800) > 0.90


@pytest.mark.parametrize(("carried", "chunks", "least"), [(0.0, 300, 30), (0.5, 1500, 30), (0.8, 3000, 30), (0.5, 300, 5)])
def test_one_text_is_cut_into_stretches_that_are_long_against_its_autocorrelation(carried, chunks, least):
    rng = np.random.default_rng(chunks)
    experiments, held, blocks = 400, [], []
    for _ in range(experiments):
        noise_N = lfilter([1], [1, -carried], rng.normal(0, 0.1, chunks + 100))[100:]
        sums = (CHUNK * (TRUE + noise_N), np.full(chunks, CHUNK))
        found = of_text(*sums, np.zeros(chunks, int), "documents", CHUNK)
        if found.missing:
            continue
        held.append(found.low <= TRUE <= found.high)
        blocks.append(found.blocks)
    assert len(held) > 0.95 * experiments
    assert np.median(blocks) >= least
    assert found.over.startswith("stretches of about ")
    lowest = 0.93 if least == 30 else 0.90
    assert lowest - error(experiments) < np.mean(held) < 0.97 + error(experiments)


def test_neighbours_alone_would_be_far_too_narrow():
    """What resampling chunks of nine documents would give, beside what resampling the documents gives."""
    rng = np.random.default_rng(0)
    above, below, piece = documents(rng, 9, NORMAL, EQUAL)
    low, high = ratio_interval(above, below)
    found = of_text(above, below, piece, "documents", CHUNK)
    assert (found.blocks, found.over) == (9, "documents")
    assert found.high - found.low > 3 * (high - low)


def test_equal_blocks_give_students_interval_of_their_mean():
    """Not one with ddof 0."""
    values = np.random.default_rng(1).normal(5, 3, 12)
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert ratio_interval(values * 7, np.full(12, 7)) == pytest.approx((interval.low, interval.high))


def test_a_chunk_without_symbols_is_no_block():
    """What pads a stream."""
    values, sizes = np.random.default_rng(2).normal(5, 1, 8), np.full(8, 10)
    padded = ratio_interval(np.r_[values, 0, 0], np.r_[sizes, 0, 0])
    assert padded == ratio_interval(values, sizes)


@pytest.mark.parametrize("blocks", [1, FEWEST - 1])
def test_below_five_blocks_there_is_none_and_it_says_why(blocks):
    values = np.random.default_rng(3).normal(5, 1, blocks)
    for found in (
        of_text(values, np.ones(blocks), np.arange(blocks), "documents", CHUNK),
        of_examples(values, np.ones(blocks)),
    ):
        assert np.isnan([found.low, found.high]).all()
        assert found.missing.startswith(f"no interval: {blocks} independent ")
        assert found.missing.endswith("are too few, at least 5 are needed")


def test_two_books_of_different_kind_are_no_hundred_blocks():
    """Their difference is seen as an autocorrelation as long as a book, not as chance."""
    rng = np.random.default_rng(4)
    piece = np.repeat([0, 1], 200)
    found = of_text(CHUNK * (1 + piece + rng.normal(0, 0.05, 400)), np.full(400, CHUNK), piece, "documents", CHUNK)
    assert found.missing


def test_one_document_of_nearly_all_the_text_is_not_nine():
    piece = np.repeat(np.arange(9), [900, *[3] * 8])
    above = CHUNK * (TRUE + np.random.default_rng(5).normal(0, 0.1, len(piece)))
    found = of_text(above, np.full(len(piece), CHUNK), piece, "documents", CHUNK)
    assert found.blocks > 50
    assert found.over.startswith("stretches")


def test_blocks_stay_within_their_document():
    piece = np.repeat([0, 1, 2], [7, 2, 12])
    block = within(piece, 3)
    assert block.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, *np.repeat([3, 4, 5, 6], 3)]


def test_a_stretch_is_longer_the_slower_a_text_changes():
    rng = np.random.default_rng(6)
    lengths = [stretch(lfilter([1], [1, -carried], rng.normal(size=4000))) for carried in (0.0, 0.5, 0.9)]
    assert lengths[0] <= 4 < lengths[1] < 40 < lengths[2]
    assert stretch(np.zeros(10)) == 1


def test_sequences_that_are_right_or_wrong_have_wilsons_interval():
    """None wrong of fifty is no interval of width zero."""
    found = of_examples(np.zeros(50), np.ones(50))
    assert (found.low, found.high) == wilson(0, 50)
    assert (found.blocks, found.over) == (50, "sequences")


def test_unequal_blocks_are_worth_fewer():
    assert effective(np.ones(9)) == 9
    assert effective(np.array([1.0, 1, 0])) == 2
    assert effective(np.array([100.0, 1, 1])) == pytest.approx(1.04, abs=0.01)
