"""Causes in a network in which, by construction, one unit alone decides when a bracket closes."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from configs import interpretable_cells
from rnn_research.analysis.units.rotations import holding
from rnn_research.analysis.units.unit import Unit
from rnn_research.cells.lstm import LSTMParams
from rnn_research.concepts import Concept
from rnn_research.concepts.concept import binary, categorical, count
from rnn_research.errors import UserError
from rnn_research.models.language_model import LanguageModelParams
from rnn_research.restore.trained import Trained
from rnn_research.studies.cells import cell_study
from rnn_research.studies.cells.causes import closing, effects, matched_controls
from rnn_research.studies.cells.closing_symbols import closing_symbols
from rnn_research.studies.cells.intervened import Moments, interventions_on
from rnn_research.tasks.text.vocabulary import Vocabulary
from rnn_research.training.defaults import defaults
from rnn_research.unroll import StackParams
from tests.time_first import language_model

SYMBOLS = "abcd()"
V, H, PLANTED = len(SYMBOLS), 48, 7
OPENS, CLOSES = 0.1, 0.2  # probability of a bracket, outside and inside
INSIDE = np.log([*[(1 - CLOSES) / 4] * 4, 1e-4, CLOSES])
OUTSIDE = np.log([*[(1 - OPENS) / 4] * 4, OPENS, 1e-4])
SIZES = {"streams": 4, "steps": 350}


@pytest.fixture(scope="module")
def text():
    return bracketed(2000, OPENS, CLOSES)


def bracketed(N, opens, closes):
    """Symbols [N] of a text with brackets that do not nest, and where one is open."""
    rng = np.random.default_rng(0)
    symbols, inside, is_open = [], [], False
    for _ in range(N):
        symbol = rng.integers(4)
        if rng.random() < (closes if is_open else opens):
            symbol, is_open = (5, False) if is_open else (4, True)
        symbols.append(symbol)
        inside.append(is_open)
    return np.array(symbols, np.int32), np.array(inside)


@pytest.fixture(scope="module")
def concept(text):
    return binary("python.in_parentheses", text[1])


@pytest.fixture(scope="module")
def model():
    return language_model(model_config(), V)


def model_config():
    config = defaults().model
    config.update({"hidden": H, "layers": 1, "cell": "lstm"})
    return config


def planted(others, writes=4, low=OUTSIDE, high=INSIDE):
    """Unit 7 is 1 while a bracket is open and gives the exact distribution; the rest adds noise of this size.

    From the bracket that writes it, the distribution is the high one.
    """
    rng = np.random.default_rng(1)
    w_x, w_h, b = rng.normal(size=(4, V, H)), rng.normal(size=(4, H, H)) / 4, rng.normal(size=(4, H))
    w_h[:, :, PLANTED] = w_h[:, PLANTED, :] = w_x[:, :, PLANTED] = 0
    b[:, PLANTED] = [-20, 20, 20, 20]  # gates i, f, o, g: write nothing, keep all, show it; what is written is 1
    w_x[0, writes, PLANTED] = 40  # an opening bracket writes
    w_x[1, 4, PLANTED] = w_x[1, 5, PLANTED] = -40  # and both forget what was before
    w_HV = others * rng.normal(size=(H, V))
    w_HV[PLANTED] = (high - low) / np.tanh(1)
    cell = LSTMParams(*(jnp.asarray(a, jnp.float32) for a in (w_x, w_h, b)))
    w_HV, b_V = jnp.asarray(w_HV, jnp.float32), jnp.asarray(low, jnp.float32)
    return LanguageModelParams(None, StackParams(((cell,),), None), w_HV, b_V)


def ready(found):
    """As a program reads it that has only the file."""
    return json.loads(json.dumps(found, allow_nan=False))


@pytest.mark.parametrize("quantity", ["h", "c"])
def test_the_one_unit_is_proved_and_another_is_not(model, text, concept, quantity):
    params = planted(0.3)
    mine = ready(effects(model, params, text[0], concept, Unit(0, quantity, PLANTED), "zero", **SIZES))
    assert mine["proved"] is True, mine["reason"]
    assert mine["contrast"]["low"] > 0
    assert mine["rank"]["holds"] == mine["rank"]["ends"] == 1
    assert mine["loss"]["ends"]["rise"] > 2
    assert len(mine["controls"]["units"]) == len(mine["controls"]["holds"]) == 20
    assert str(Unit(0, quantity, PLANTED)) not in mine["controls"]["units"]
    other = ready(effects(model, params, text[0], concept, Unit(0, quantity, PLANTED + 1), "zero", **SIZES))
    assert other["proved"] is False
    assert other["rank"]["contrast"] > 1


def test_the_losses_are_those_of_the_two_distributions(model, text, concept):
    """Without the planted unit the network gives the distribution of outside everywhere."""
    symbols_N, inside_N = text
    found = effects(model, planted(0.0), symbols_N, concept, Unit(0, "h", PLANTED), "zero", **SIZES)
    stretch = 1999 // 4
    places = np.concatenate([b * stretch + np.arange(100, 350) for b in range(4)])
    follows = symbols_N[places + 1]
    plain = -np.where(inside_N[places], INSIDE[follows], OUTSIDE[follows])
    without = -OUTSIDE[follows]
    where = {"holds": inside_N[places], "elsewhere": ~inside_N[places], "ends": inside_N[places] & (follows == 5)}
    for name, there in where.items():
        loss = found["loss"][name]
        assert found["positions"][name] == there.sum()
        np.testing.assert_allclose(loss["plain"], plain[there].mean(), rtol=1e-3)
        np.testing.assert_allclose(loss["intervened"], without[there].mean(), rtol=1e-3)
    np.testing.assert_allclose(found["controls"]["holds"], 0, atol=1e-6)
    assert found["proved"]


def test_a_shift_by_nothing_changes_nothing(model, text, concept):
    found = effects(model, planted(0.3), text[0], concept, Unit(0, "h", PLANTED), "shift", value=0.0, **SIZES)
    assert found["loss"]["holds"]["rise"] == 0
    assert set(found["controls"]["holds"]) == {0}
    assert found["proved"] is False


def test_a_unit_that_nothing_reads_is_told_from_one_that_is_not_proved(model, text, concept):
    """Unit 9 is written to no logit and to no other unit: what is left of holding it is rounding, which has no p."""
    params = planted(0.3)
    w_x, w_h, b = params.stack.cells[0][0]
    stack = StackParams(((LSTMParams(w_x, w_h.at[:, 9, :].set(0), b),),), None)
    params = params._replace(stack=stack, w_HV=params.w_HV.at[9].set(0))
    found = ready(effects(model, params, text[0], concept, Unit(0, "h", 9), "zero", **SIZES))
    assert found["changes_nothing"]
    assert found["contrast"]["p"] is found["contrast"]["p_adjusted"] is None
    assert "changes nothing: it is saturated, or nothing reads it" in found["reason"]
    mine = effects(model, params, text[0], concept, Unit(0, "h", PLANTED), "zero", **SIZES)
    assert not mine["changes_nothing"]


def test_a_held_cell_never_closes(model, text, concept):
    symbols_N, inside_N = text
    vocabulary = Vocabulary("bytes", tuple(SYMBOLS))
    raw = vocabulary.decode(symbols_N)
    closes = closing_symbols(concept, raw, vocabulary)
    unit = Unit(0, "h", PLANTED)
    found = ready(closing(model, planted(0.0), symbols_N, closes, unit, "clamp", value=0.0, **SIZES))
    assert [(b["nearest"], b["farthest"]) for b in found["bins"]][-2:] == [(50, 99), (100, None)]
    for row in found["bins"]:
        for where in ("inside", "at_end"):
            if row[where]["positions"]:
                np.testing.assert_allclose(row[where]["plain"], CLOSES, rtol=1e-3)
                np.testing.assert_allclose(row[where]["intervened"], 1e-4, rtol=1e-2)
            else:
                assert row[where]["plain"] is row[where]["intervened"] is None
    places = np.concatenate([b * (1999 // 4) + np.arange(100, 350) for b in range(4)])
    assert sum(row["inside"]["positions"] for row in found["bins"]) == inside_N[places].sum()
    assert sum(row["at_end"]["positions"] for row in found["bins"]) == (symbols_N[places + 1] == 5).sum()


def test_the_whole_study_holds_a_unit_at_one_value(model):
    """For the loss and for the closing bracket: its mean where no bracket is open, of a unit that is 1 there."""
    symbols_N, inside_N = bracketed(20_000, 0.02, 0.02)
    vocabulary = Vocabulary("bytes", tuple(SYMBOLS))
    config = interpretable_cells.get_config()
    config.model, config.task.chunk_length = model_config(), 100
    config.analysis.update({"sample": 4096, "shifts": 20, "streams": 4, "steps": 350, "shown": 200})
    planted_model = Trained(config, model, planted(0.3, 5, INSIDE, OUTSIDE), vocabulary, 0)
    concept, text = binary("python.in_parentheses", inside_N), vocabulary.decode(symbols_N)
    found, _ = cell_study.run(planted_model, text, symbols_N, [concept], config, lambda line: None)
    entry = found["concepts"][0]
    assert entry["verdict"] == "single cell", entry["reason"]
    assert entry["effect"]["proved"], entry["effect"]["reason"]
    assert entry["effect"]["unit"] == entry["closing"]["unit"]
    assert 0.5 < entry["effect"]["value"] < 1  # 0 only before the first bracket of each of the four streams
    assert entry["closing"]["value"] == pytest.approx(entry["effect"]["value"], rel=1e-6)


def test_what_cannot_be_asked(model, text, concept):
    params = planted(0.3)
    for unit, kind, words in (
        (Unit(0, "f", 1), "zero", "gates live inside the step"),
        (Unit(0, "h", H), "zero", "units are 0 to 47"),
        (Unit(1, "h", 1), "zero", "layers 1 to 1"),
        (Unit(0, "h", 1), "ablate", "kind='ablate'"),
    ):
        with pytest.raises(UserError, match=words):
            effects(model, params, text[0], concept, unit, kind, **SIZES)
    with pytest.raises(UserError, match="405 are the fewest"):
        effects(model, params, text[0][:400], concept, Unit(0, "h", 1), **SIZES)
    tokens = categorical("python.token", text[0], ("a", "b"))
    assert effects(model, params, text[0], tokens, Unit(0, "h", 1), **SIZES) is None


def test_a_concept_that_never_holds(model, text):
    never = binary("never", np.zeros(2000, bool))
    found = ready(effects(model, planted(0.3), text[0], never, Unit(0, "h", PLANTED), "zero", **SIZES))
    assert found["loss"]["holds"] == {"plain": None, "intervened": None, "rise": None}
    assert found["rank"]["holds"] is None
    assert found["proved"] is False
    assert "nowhere" in found["reason"]


def test_controls_move_the_loss_as_much():
    moved_H = np.exp(np.random.default_rng(0).permutation(np.linspace(-5, 5, 101)))
    drawn = matched_controls(moved_H, 50, 20)
    assert len(set(drawn) - {50}) == 20
    # The nearest 20 on this ladder are rungs of 0.1: ten above and ten below, unless one side ends.
    left_out = set(range(101)) - set(drawn) - {50}
    gap_H = np.abs(np.log(moved_H / moved_H[50]))
    assert gap_H[drawn].max() <= min(gap_H[list(left_out)]) + 1e-9
    assert matched_controls(np.array([0.0, 1.0, 2.0]), 1, 20) == [0, 2]


def test_few_controls_prove_nothing(model, text, concept):
    found = effects(model, planted(0.3), text[0], concept, Unit(0, "h", PLANTED), "zero", controls=18, **SIZES)
    assert found["rank"]["holds"] == 1
    assert found["proved"] is False
    assert found["not_testable"] == "18 controls, 19 are needed"
    assert found["not_testable"] in found["reason"]


def test_controls_are_held_alike():
    whole = Moments(np.array([1.0, -2.0, 0.5]), np.array([4.0, 9.0, 0.25]))
    values = lambda kind, value: [one.value for one in interventions_on([0, 1, 2], unit, kind, value, whole)]  # noqa: E731
    unit = Unit(0, "c", 0)
    assert values("clamp", 5.0) == [5.0, 4.0, 1.5]  # two deviations above the mean
    assert values("mean", 5.0) == [1.0, -2.0, 0.5]
    assert values("zero", 5.0) == [0.0, 0.0, 0.0]
    assert values("shift", 5.0) == [5.0, 5.0, 5.0]


def test_a_count_holds_above_its_median():
    assert holding("count", np.array([0, 0, 3, 0, 1])).tolist() == [False, False, True, False, True]


@pytest.mark.parametrize(
    ("name", "text", "inside", "closers", "distances", "ends"),
    [
        ("python.in_string", 'x=\'a"b\'+"c"', "  ####  ## ", "  ''''  \"\" ", "00123400120", "     #   # "),
        ("python.in_parentheses", "a(b(c)d)e", " ###### ", " )))))) ", "01234560", "      # "),
        ("python.in_comment", "a # b\nc", "  ###  ", "  nnn  ", "0012300", "    #  "),
        ("python.in_string", "?a 'b'", "## ## ", "   '' ", "000120", "    # "),
    ],
)
def test_closing_symbols_by_hand(name, text, inside, closers, distances, ends):
    vocabulary = Vocabulary("bytes", tuple(sorted(set(text))))
    labels_N = np.array([mark == "#" for mark in inside.ljust(len(text))])
    found = closing_symbols(binary(name, labels_N), text.encode(), vocabulary)
    shown = ["n" if s == "\n" else s for s in (" ", *vocabulary.symbols)]
    assert "".join(shown[s + 1] for s in found.symbol_N) == closers.ljust(len(text))
    assert found.distance_N.tolist() == [int(d) for d in distances.ljust(len(text), "0")]
    assert "".join(" #"[int(e)] for e in found.ends_N) == ends.ljust(len(text))


def test_a_line_break_closes_a_line():
    vocabulary = Vocabulary("bytes", ("\n", "a"))
    found = closing_symbols(count("prose.since_line_break", np.array([0, 0, 1, 2])), b"\n\naa", vocabulary)
    assert found.symbol_N.tolist() == [0, 0, 0, 0]
    assert found.distance_N.tolist() == [1, 1, 2, 3]
    assert found.ends_N.tolist() == [True, False, False, False]


def test_concepts_that_no_symbol_closes():
    labels_N = np.array([True, False])
    vocabulary = Vocabulary("bytes", ("a", "b"))
    assert closing_symbols(Concept("python.keyword", "binary", labels_N), b"ab", vocabulary) is None
    assert closing_symbols(Concept("python.in_string", "binary", labels_N), b"ab", vocabulary) is None
    words = Vocabulary("words", ("<unk>", "a"))
    assert closing_symbols(Concept("python.in_string", "binary", labels_N), b"ab", words) is None
