"""The verdict's rules, one by one: what decides, and what is not said."""

from pathlib import Path

import pytest

from rnn_research.analysis.units.verdict import CELLS, VERDICTS, Beyond, Evidence, Told, verdict
from rnn_research.report import cells


def told(gain, p=0.001, reach=0.02):
    return Told(gain, gain - reach, p)


def evidence(
    unit=0.0, every=None, pairs=None, few=None, k=2, last=0.0, untrained=0.0, untrained_unit=0.0, reach=0.02, p=0.001
):
    """With intervals of one width, and every gain beyond chance unless p says otherwise."""
    every = unit if every is None else every
    pairs = every if pairs is None else pairs

    def beyond(gain, *controls):
        return Beyond(gain - max(controls), gain - max(controls) - reach)

    return Evidence(
        positions=5000,
        stretches=100,
        unit=told(unit, p, reach),
        unit_beyond=beyond(unit, last, untrained_unit),
        few=None if few is None else told(few, p, reach),
        k=0 if few is None else k,
        few_beyond=beyond(few or 0.0, last, untrained_unit),
        every=told(every, p, reach),
        every_beyond=beyond(every, last, untrained_unit, untrained),
        pairs=told(pairs, p, reach),
        pairs_beyond=beyond(pairs, last, untrained_unit, untrained),
        last_characters=told(last, p, reach),
        untrained=told(untrained, p, reach),
    )


@pytest.mark.parametrize(
    ("known", "said", "why"),
    [
        (evidence(0.96, 0.97, last=0.2), "single cell", "alone has a gain of 0.96"),
        # Of an AUC of .565 beside an equally ignorant probe there is nothing to say.
        (evidence(0.13, 0.13), "distributed", "0.13"),
        (evidence(0.13, 0.13, reach=0.2), "absent", "no more than with labels"),
        (evidence(0.13, 0.13, p=0.2), "absent", "no more than with labels"),
        # A floor of its own: AUC .86 is no cell, even if nothing else knows more.
        (evidence(0.72, 0.75, few=0.72, k=1), "few cells", "too little for a cell of its own"),
        (evidence(0.36, 0.36), "distributed", "0.36"),
        (evidence(0.85, 0.99), "distributed", "0.99"),
        (evidence(0.5, 1.0, few=0.97), "few cells", "2 cells"),
        (evidence(0.5, 1.0, few=0.97, k=12), "distributed", "1.00"),
        (evidence(0.5, 1.0, few=0.97, p=0.06), "absent", ""),
        (evidence(0.02, 0.05, pairs=0.98), "distributed", "products of two"),
        # A perfect cell is not absent because the last characters tell it too.
        (evidence(1.0, 1.0, last=1.0), "told by the last characters", "1.00"),
        (evidence(0.95, 0.95, last=0.9, untrained=0.9), "told by the last characters", "0.90"),
        (
            evidence(0.4, 0.8, untrained=0.8),
            "told without training",
            "Decided by a probe on all units of the untrained network: a gain of 0.80, and nothing in the trained "
            "network has 0.1 more. The most there is 0.80, of all units together;",
        ),
        (
            evidence(0.4, 0.7, last=0.8),
            "told by the last characters",
            "Decided by the last characters alone: a gain of 0.80",
        ),
        (evidence(0.95, 0.95, untrained_unit=0.93, untrained=0.93), "told without training", "untrained"),
        (Evidence(positions=99, stretches=50), "too little in this text", "only 99 counted positions"),
        (Evidence(positions=5000, stretches=9), "too little in this text", "only 9 separate stretches"),
    ],
)
def test_the_first_rule_that_holds_decides(known, said, why):
    verdict_, reason = verdict(known)
    assert verdict_ == said
    assert why in reason
    assert verdict_ in VERDICTS


def test_the_pages_know_all_verdicts_in_their_order():
    assert cells.VERDICTS == VERDICTS
    assert tuple(cells.COLOURS) == CELLS
    listed = Path(cells.__file__).with_name("explorer").joinpath("card.js").read_text()
    places = [listed.index(f'"{said}"') for said in VERDICTS]
    assert places == sorted(places)


def test_chance_is_never_a_finding():
    """Whatever the gains: without a p below 5 %, or with an interval that reaches chance, there is none."""
    for gain in (0.1, 0.5, 0.9, 1.0):
        for less in ({"p": 0.051}, {"reach": gain + 0.01}):
            assert verdict(evidence(gain, few=gain, **less))[0] not in CELLS
