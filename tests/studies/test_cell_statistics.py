"""The search for cells, where the right answer is known: planted units are found, shuffled labels are not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rnn_research.analysis.units import probes
from rnn_research.analysis.units.columns import columns_of, values_at
from rnn_research.analysis.units.histograms import add, bins_of, empty_table, quantised
from rnn_research.analysis.units.recent import Contexts
from rnn_research.analysis.units.scored import scored
from rnn_research.analysis.units.unit import Unit
from rnn_research.cells import CELLS
from rnn_research.concepts import Concept
from rnn_research.errors import UserError
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.studies.cells.cell_statistics import score_concepts
from rnn_research.studies.cells.gathering import Halves, half_of
from rnn_research.studies.cells.judging import judged
from rnn_research.studies.cells.parallel_reading import Cut, cut_of
from rnn_research.studies.cells.reading import quantities_of, read, reader, units_of
from rnn_research.studies.cells.searching import Recent
from rnn_research.training.defaults import defaults
from rnn_research.unroll import Stack, stack
from tests.time_first import apply, language_model, of_stack

V, H, N = 6, 12, 24_000
OPENS, CLOSES = 0, 1


def network(layers=2, seed=0, cell="lstm"):
    shape = Stack(CELLS[cell], H, layers)
    rng = np.random.default_rng(seed)
    blank = jax.eval_shape(lambda: stack.init(shape, jax.random.key(0), V))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.4, leaf.shape), jnp.float32), blank)
    w_HV = jnp.asarray(rng.normal(size=(H, V)), jnp.float32)
    return of_stack(shape, V), LanguageModelParams(None, params, w_HV, jnp.zeros(V))


def planted(params: LanguageModelParams, unit: int) -> LanguageModelParams:
    """Makes one cell of the lower layer a latch: set by one symbol, emptied by another, and read by no other cell."""
    (cell,), (above,) = params.stack.cells
    # i, f, o, g: open to "(" alone, closed to ")" alone, open, and 1 at "(".
    w_x_GDH = cell.w_x_GDH.at[:, :, unit].set(0).at[0, OPENS, unit].set(20).at[1, CLOSES, unit].set(-20)
    w_x_GDH = w_x_GDH.at[3, OPENS, unit].set(10)
    b_GH = cell.b_GH.at[:, unit].set(jnp.array([-10.0, 10.0, 2.0, 0.0]))
    w_h_GHH = cell.w_h_GHH.at[:, :, unit].set(0).at[:, unit].set(0)
    cell = cell._replace(w_x_GDH=w_x_GDH, b_GH=b_GH, w_h_GHH=w_h_GHH)
    above = above._replace(w_x_GDH=above.w_x_GDH.at[:, unit].set(0))
    return params._replace(stack=params.stack._replace(cells=((cell,), (above,))))


def text(seed=1):
    """Letters, in and out of brackets by turns: some 4 to 120 of them each time."""
    rng = np.random.default_rng(seed)
    symbols_N = rng.integers(2, V, N)
    edges = np.cumsum(rng.integers(4, 120, N // 20))
    edges = edges[edges < N]
    symbols_N[edges[::2]], symbols_N[edges[1::2]] = OPENS, CLOSES
    inside_N = np.searchsorted(edges, np.arange(N), "right") % 2 == 1
    return symbols_N, inside_N


@pytest.fixture(scope="module")
def found():
    symbols_N, inside_N = text()
    model, params = network()
    shuffled_N = np.random.default_rng(2).permutation(inside_N)
    concepts = [
        Concept("inside", "binary", inside_N),
        Concept("never", "binary", np.zeros(N, bool)),
        Concept("shuffled", "binary", shuffled_N),
        Concept("shuffled_count", "count", (shuffled_N * 3).astype(np.int32)),
        Concept("shuffled_kind", "categorical", shuffled_N.astype(np.int16), ("a", "b")),
        Concept("constant", "count", np.full(N, 7, np.int32)),
        Concept("elsewhere", "binary", text(seed=5)[1]),
        Concept("one_kind", "categorical", np.zeros(N, np.int16), ("a", "b")),
    ]
    jax.config.update("jax_disable_most_optimizations", True)
    said = score_concepts(model, planted(params, 5), params, symbols_N, concepts, window=60, steps=128)
    return said, {entry["concept"]: entry for entry in said["concepts"]}


def test_a_planted_cell_is_found_at_the_first_place_and_judged_a_single_cell(found):
    said, entries = found
    entry = entries["inside"]
    assert entry["verdict"] == "single cell"
    # Its state and its output both follow; nothing else does.
    assert {entry["best"]["unit"], entry["ranking"][1]["unit"]} == {"layer1.c[5]", "layer1.h[5]"}
    assert entry["ranking"][0] == {"unit": entry["best"]["unit"], "confirm": entry["best"]["confirm"]}
    assert entry["best"]["confirm"] > 0.999
    assert entry["best"]["mcc"] > 0.999
    assert 0.1 < entry["best"]["threshold"] < 0.95
    assert entry["best"]["sign"] == 1
    assert entry["best"]["confirm_beyond_window"] > 0.999
    assert 0 < entry["best"]["positives_beyond_window"] < entry["positives"]
    assert entry["controls"]["probe_few"]["k"] == 1
    assert entry["controls"]["untrained"] < 0.8
    assert entry["controls"]["last_characters"] < 0.8
    assert said["units"] == 2 * 6 * H
    assert said["share_of_cells"]["follow"] >= said["share_of_cells"]["stand_alone"] == 1 / (2 * H)


def test_with_shuffled_labels_nothing_is_found(found):
    for name in ("shuffled", "shuffled_count", "shuffled_kind", "elsewhere"):
        entry = found[1][name]
        assert entry["verdict"] == "absent", name
        assert entry["controls"]["p"] > 0.05, name


def test_of_a_concept_that_never_changes_nothing_is_known(found):
    for name in ("never", "constant", "one_kind"):
        entry = found[1][name]
        assert entry["verdict"] == "too little in this text"
        assert "only 0 counted positions" in entry["reason"]
        assert entry["best"] is None
        assert entry["ranking"] == []


def test_no_number_is_missing_or_infinite(found):
    def numbers(value):
        if isinstance(value, dict):
            value = list(value.values())
        return [n for item in value for n in numbers(item)] if isinstance(value, list) else [value]

    for number in numbers(found[0]):
        assert number is None or isinstance(number, str) or (type(number) in (int, float) and np.isfinite(number))


def test_shares_of_units_found_in_independent_labels_stay_below_the_rate():
    """Twenty concepts that have nothing to do with the network: at a rate of 5 %, it is rare that any unit passes."""
    model, params = network(layers=1)
    concepts = [Concept(str(seed), "binary", text(seed)[1]) for seed in range(100, 120)]
    said = score_concepts(model, params, params, text()[0], concepts, window=60, quantities=((0, "h"), (0, "c")))
    assert said["share_of_cells"]["follow"] == said["share_of_cells"]["stand_alone"] == 0
    assert said["share_of_cells"]["beyond_chance"] <= 1 / H


def slow(rng, length=20_000):
    """Runs of a level each, of some 50 positions."""
    return np.repeat(rng.normal(size=length), rng.integers(1, 100, length))[:length]


def test_the_four_verdicts():
    rng = np.random.default_rng(3)
    M = 20_000
    one, many = slow(rng), np.stack([slow(rng) for _ in range(60)], axis=1)
    symbols_N = rng.integers(0, V, M)
    concepts = [
        Concept("one", "binary", one > 0),
        Concept("few", "binary", many[:, :3].sum(axis=1) > 0),
        Concept("all", "count", np.round(3 * many[:, 3:].sum(axis=1)).astype(np.int32)),
        Concept("last", "categorical", (symbols_N % 3).astype(np.int16), ("a", "b", "c")),
        Concept("nothing", "binary", slow(rng) > 0),
    ]
    last = (symbols_N % 3)[:, None] + 0.1 * rng.normal(size=(M, 1))
    trained = np.concatenate([(one > 0)[:, None] + 0.2 * rng.normal(size=(M, 1)), many, last], axis=1)
    untrained = np.stack([slow(rng) for _ in range(62)], axis=1)
    found = judged(
        halves(trained, concepts),
        halves(untrained, concepts),
        recent_of(symbols_N),
        [Unit(0, "h", u) for u in range(62)],
        100,
    )
    entries = {entry["concept"]: entry for entry in found["concepts"]}
    verdicts = {name: entry["verdict"] for name, entry in entries.items()}
    expected = ("single cell", "few cells", "distributed", "told by the last characters", "absent")
    assert verdicts == dict(zip(entries, expected, strict=True))
    assert entries["few"]["controls"]["probe_few"]["k"] == 3
    assert entries["last"]["best"]["unit"] == "layer1.h[61]"
    # The units of "one" and "few": no other follows a concept by itself.
    assert found["share_of_cells"]["follow"] <= 4 / 62
    assert found["share_of_cells"]["stand_alone"] == 1 / 62


def recent_of(symbols_N: np.ndarray, last: int = 2) -> Recent:
    parts = np.split(symbols_N, 2)
    features = probes.features_of(*(probes.last_characters(part, np.arange(len(part)), last, V) for part in parts))
    return Recent(features, Contexts(*parts, last), np.ones(len(parts[0]), bool))


def halves(a_NU: np.ndarray, concepts: list[Concept]) -> Halves:
    middle = len(a_NU) // 2
    bins = bins_of(a_NU[:middle])
    parts = []
    for part in (slice(0, middle), slice(middle, None)):
        labels = [concept._replace(labels_N=concept.labels_N[part]) for concept in concepts]
        columns = columns_of(labels, np.ones(middle, bool), 50)
        codes_TBU = np.asarray(quantised(a_NU[part].astype(np.float32), *bins))[:, None]
        places_TB = np.arange(middle)[:, None]
        pieces = [(places_TB[t : t + 1000], codes_TBU[t : t + 1000]) for t in range(0, middle, 1000)]
        parts.append(half_of(pieces, columns, middle))
    return Halves(parts[0], parts[1], bins)


def test_sums_in_pieces_are_the_sums_of_all_at_once():
    inside_N = text()[1]
    rng = np.random.default_rng(0)
    codes_TBU = rng.integers(0, 128, (700, 3, 70)).astype(np.uint8)
    places_TB = np.arange(700)[:, None] + 700 * np.arange(3)
    columns = columns_of([Concept("inside", "binary", inside_N[:2100])], np.ones(2100, bool), 10)
    whole = half_of([(places_TB, codes_TBU)], columns, 2100)
    pieces = [(places_TB[t : t + 64], codes_TBU[t : t + 64]) for t in range(0, 700, 64)]
    np.testing.assert_array_equal(half_of(pieces, columns, 2100).table_UKQ, whole.table_UKQ)
    counted = np.zeros((128, 2))
    np.add.at(counted, codes_TBU[:, :, 68].ravel(), np.stack([np.ones(2100), inside_N[places_TB.ravel()]], axis=1))
    np.testing.assert_array_equal(whole.table_UKQ[68, :, :2], counted)
    few = half_of(pieces, columns, 256)
    # Every ninth of each stream, in the order of the text.
    assert few.positions_N.tolist() == [700 * b + t for b in range(3) for t in range(0, 700, 9)]
    at = few.positions_N
    np.testing.assert_array_equal(few.codes_NU, codes_TBU[at % 700, at // 700])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_text_is_read_as_the_model_reads_it(cell):
    config = defaults().model
    config.update(cell=cell, hidden=H, layers=2, residual=True, learned_carry=True, embedding=3)
    model = language_model(config, V)
    rng = np.random.default_rng(0)
    blank = jax.eval_shape(lambda: model.init(jax.random.key(0), config.init))
    params = jax.tree.map(lambda leaf: jnp.asarray(rng.normal(0, 0.5, leaf.shape), leaf.dtype), blank)
    symbols_N, cut = text()[0][:1203], Cut(2, 601)
    names = [name for layer, name in quantities_of(model.stack) if layer == 0]
    assert names == {"lstm": list("hcifog"), "gru": list("hrzn")}[cell]
    read_chunk = reader(model, ((0, "h"), (1, "h"), (0, names[-1])), logits=True)
    chunks = list(read(read_chunk, model, params, symbols_N, cut, steps=256))
    positions_TB = np.concatenate([chunk.positions_TB for chunk in chunks])
    assert sorted(positions_TB.ravel()) == np.flatnonzero(cut.counted(1203)).tolist()
    logits_TBV = np.concatenate([chunk.logits_TBV for chunk in chunks])
    symbols_TB = jnp.asarray(symbols_N[:1202].reshape(2, 601).T)
    expected_TBV, _ = apply(model, params, symbols_TB, model.carry(params, 2))
    np.testing.assert_allclose(logits_TBV, expected_TBV[100:], rtol=1e-4, atol=1e-4)
    # The residual connection gives the output layer the sum of both layers' outputs.
    kept_TBU = np.concatenate([chunk.kept for chunk in chunks])
    by_hand_TBV = (kept_TBU[..., :H] + kept_TBU[..., H : 2 * H]) @ params.w_HV + params.b_V
    np.testing.assert_allclose(by_hand_TBV, expected_TBV[100:], rtol=1e-4, atol=1e-4)
    assert str(units_of(model.stack, ((0, "h"), (1, "c")))[H + 2]) == "layer2.c[2]"


def test_short_texts_are_cut_into_fewer_streams():
    assert cut_of(100_000) == (32, 3125)
    assert cut_of(2500) == (2, 1250)
    assert cut_of(101) == (1, 101)


def test_a_text_shorter_than_a_chunk_and_one_too_short_for_anything():
    model, params = network(layers=1)
    symbols_N, inside_N = text()
    concept = Concept("inside", "binary", inside_N[:900])
    said = score_concepts(model, params, params, symbols_N[:900], [concept], window=60, steps=1024)
    assert said["positions"] == {"select": 350, "confirm": 350}
    assert said["concepts"][0]["verdict"] == "too little in this text"
    for length, labels_N, message in ((150, inside_N[:150], "--text has 75"), (900, inside_N[:899], "899 labels")):
        with pytest.raises(UserError, match=message):
            score_concepts(
                model, params, params, symbols_N[:length], [Concept("inside", "binary", labels_N)], window=60
            )
    with pytest.raises(UserError, match="--concepts"):
        score_concepts(model, params, params, symbols_N, [], window=60)
    broken = params._replace(stack=jax.tree.map(lambda leaf: leaf * jnp.nan, params.stack))
    with pytest.raises(UserError, match="not finite"):
        score_concepts(model, broken, params, symbols_N[:900], [concept], window=60)


def test_a_run_beyond_the_window_in_one_half_alone_shifts_no_concept_behind_it():
    """The first concept has a column of deep positions in the first half only; the second stands behind it."""
    rng = np.random.default_rng(0)
    long_N, second_N = np.zeros(4000, bool), rng.random(4000) < 0.3
    long_N[100:400], long_N[2500:2550] = True, True
    a_NU = np.stack([rng.normal(size=4000), second_N + rng.normal(0, 0.1, 4000)], axis=1)
    concepts = [Concept("long", "binary", long_N, (), ""), Concept("second", "binary", second_N, (), "")]
    bins = bins_of(a_NU)
    codes_NU = np.asarray(quantised(a_NU, *bins))
    tables, placed = [], []
    for part in (slice(0, 2000), slice(2000, None)):
        labels = [c._replace(labels_N=c.labels_N[part]) for c in concepts]
        columns = columns_of(labels, np.ones(2000, bool), window=100)
        table_UKQ = empty_table(2, columns.Q)
        add(table_UKQ, codes_NU[part], values_at(columns, np.arange(2000)))
        tables.append(table_UKQ)
        placed.append(columns.placed[1])
    assert placed[0].place.start != placed[1].place.start
    both = scored(*placed, *tables)
    expected = roc_auc_score(second_N[2000:], codes_NU[2000:, 1])
    assert both.confirm_U[1] == pytest.approx(expected, abs=1e-6)
    assert both.confirm_U[0] == pytest.approx(0.5, abs=0.1)
