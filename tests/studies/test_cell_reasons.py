"""Why an effect is no proof: planted effects that fail one condition each, and the words that name it."""

import pytest

from rnn_research.analysis.units.verdict import too_little
from rnn_research.errors import counted
from rnn_research.runs.numerals import signed
from rnn_research.studies.cells.proofs import changes_nothing, proofs


def effect(value=0.02, low=0.01, high=0.03, p=1e-4, holds=0.02, elsewhere=0.0, controls=20, rank=1, **changes):
    """As ``causes.effect`` leaves it; by default it is a proof."""
    return {
        "unit": "layer1.c[17]",
        "stretches": 50,
        "loss": {"holds": {"rise": holds}, "elsewhere": {"rise": elsewhere}},
        "changed": {"holds": abs(holds), "elsewhere": abs(elsewhere)},
        "contrast": {"value": value, "low": low, "high": high, "p": p},
        "controls": {"units": [f"layer1.c[{i}]" for i in range(controls)]},
        "rank": {"contrast": rank, "contrast_by_moved": rank},
        **changes,
    }


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        ({"p": 0.03}, "the interval lies above zero, but the adjusted p is not below 0.05."),
        ({"low": -0.001}, "the adjusted p is below 0.05, but the interval holds zero."),
        ({"low": -0.001, "p": 0.3}, "the interval holds zero, and the adjusted p is not below 0.05."),
        (
            {"value": -0.08, "low": -0.09, "high": -0.06, "p": 1.0, "elsewhere": 0.1},
            "an effect of the opposite sign, the loss rises less where the concept holds.",
        ),
        (
            {"value": -0.08, "low": -0.09, "high": -0.06, "p": 1.0, "holds": -0.05, "elsewhere": 0.03},
            "an effect of the opposite sign, holding the unit lowers the loss where the concept holds.",
        ),
        ({"holds": -0.01, "elsewhere": -0.03}, "where the concept holds the loss does not rise."),
        ({"rank": 4, "controls": 19}, "but 3 of 19 controls have as large a difference."),
        ({"controls": 1}, "Not testable: 1 control, 19 are needed."),
        ({"stretches": 1}, "Not testable: 1 stretch of the concept, 10 are needed."),
        ({"rank": 4}, "but 3 of 20 controls have as large a difference."),
    ],
)
def test_the_condition_that_failed_is_named(planted, says):
    found = [effect(**planted), effect(p=0.5)]
    proofs(found)
    assert found[0]["proved"] is False
    assert found[0]["reason"].endswith(says)
    assert "not told apart" not in found[0]["reason"]


def test_p_says_what_it_is():
    found = [effect(), effect(p=0.5), effect(p=0.9), None]
    proofs(found)
    assert found[0]["proved"] is True
    assert "p 0.0003 (one-sided, adjusted for all 3 that were held (Holm))" in found[0]["reason"]


def test_what_changes_nothing_has_no_p_and_is_not_counted():
    """A saturated unit is no test: of the two others each counts for two, not three."""
    still = effect(value=9e-10, low=-3e-10, high=2e-9, p=None, holds=8e-10, elsewhere=2e-10, controls=3)
    found = [effect(), effect(p=0.5), still]
    proofs(found)
    assert found[0]["contrast"]["p_adjusted"] == pytest.approx(2e-4)
    assert "for all 2 that were held" in found[0]["reason"]
    assert (still["changes_nothing"], still["proved"], still["not_testable"]) == (True, False, None)
    assert still["contrast"]["p_adjusted"] is None
    assert still["reason"] == (
        "Holding layer1.c[17] changes nothing: it is saturated, or nothing reads it. "
        "The loss moves by 8e-10 nats on the mean, and below 1e-6 that is rounding."
    )
    assert not found[0]["changes_nothing"]
    assert not changes_nothing({"holds": 1e-3, "elsewhere": 1e-9})
    assert not changes_nothing({"holds": None, "elsewhere": 1e-9})


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (0.01834, "+0.0183"),
        (-0.00114, "-0.0011"),
        (-1.2e-6, "-1.2e-6"),
        (1e-9, "+1e-9"),
        (-1e-10, "-1e-10"),
        (0.0, "0"),
        (-0.0, "0"),
    ],
)
def test_small_differences_keep_their_size(x, said):
    assert signed(x) == said


def test_one_thing_has_no_s():
    assert [counted(n, "symbol") for n in (0, 1, 2, 4402)] == ["0 symbols", "1 symbol", "2 symbols", "4,402 symbols"]
    assert "at only 1 counted position of" in too_little(1, 50)
    assert "in only 1 separate stretch of" in too_little(5000, 1)
    found = [effect(rank=2)]
    proofs(found)
    assert found[0]["reason"].endswith("1 of 20 controls has as large a difference.")
