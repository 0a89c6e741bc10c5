"""Two values of a field compared over pairs of runs that are alike in seed and in all else that is swept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from rnn_research.errors import UserError
from rnn_research.runs.conditions import column, parse, select
from rnn_research.runs.frames import is_field
from rnn_research.runs.question import swept
from rnn_research.runs.settings import of_setting, scored
from rnn_research.runs.statistics import Paired, paired


class Pair(NamedTuple):
    """Two values of a field, as in ``model.cell=lstm:gru``."""

    field: str
    first: str
    second: str


def parse_pair(flag: str, text: str) -> Pair:
    """Reads ``FIELD=A:B``.

    Raises:
      UserError: if it is none.
    """
    field, _, values = text.partition("=")
    first, _, second = values.partition(":")
    if not field or not first or not second or ":" in second:
        raise UserError(f"{flag}={text!r} is no pair: write FIELD=A:B, as in {flag}=model.cell=lstm:gru")
    if first == second:
        raise UserError(f"{flag}={text!r} compares {first} with itself: name two values")
    return Pair(field.strip(), first.strip(), second.strip())


def compare(runs: pd.DataFrame, figure: str, pair: Pair, flag: str = "--pair") -> dict[str, Any]:
    """The paired comparison.

    Args:
      runs: rows of ``load`` that count.
      figure: a column with numbers.
      pair: what is compared.
      flag: that named it.

    Returns:
      ``first`` and ``second``, how many ``pairs`` and how many runs ``without partner``,
      the mean ``difference`` (first minus second) with the ends of its 95 % interval
      (Student's, nan for one pair), the ``effect size d_z`` and the ``p`` of the permutation test
      (see ``statistics.paired``). Runs alike in all are averaged first.

    Raises:
      UserError: if no run has one of the values, or no two of them make a pair.
    """
    column(runs, flag, pair.field)
    alike = [name for name in swept(runs) if name != pair.field]
    seeds = seeds_of(runs)
    sides = []
    for value in (pair.first, pair.second):
        chosen = select(runs, [parse(flag, f"{pair.field}={value}")])
        sides.append(scored(chosen, figure).groupby([*alike, *seeds], dropna=False)[figure].mean())
    both = pd.concat(sides, axis=1, keys=("first", "second"), join="outer").reset_index()
    whole = both.dropna(subset=["first", "second"])
    if whole.empty:
        raise UserError(
            f"{flag}={pair.field}={pair.first}:{pair.second}: no two runs are alike in seed"
            f"{''.join(', ' + name for name in alike)}: narrow the runs with --where"
        )
    strata_N = whole.groupby(alike, dropna=False).ngroup().to_numpy() if alike else None
    found = paired((whole["first"] - whole["second"]).to_numpy(), strata_N)
    return {
        "first": f"{pair.field}={pair.first}",
        "second": f"{pair.field}={pair.second}",
        "pairs": found.pairs,
        "without partner": len(both) - len(whole),
        "difference": found.mean,
        "difference_low95": found.low,
        "difference_high95": found.high,
        "effect size d_z": found.effect,
        "p": found.p,
    }


def seeds_of(runs: pd.DataFrame) -> list[str]:
    """The fields that are seeds."""
    return [name for name in runs.columns if is_field(name) and name.endswith("seed")]


def between(runs: pd.DataFrame, figure: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Paired | None:
    """Two settings by the differences of their runs that are alike in seed and in all that neither names.

    Args:
      runs: rows of ``load`` that count.
      figure: a column with numbers.
      first: fields of one setting.
      second: of the other, the same fields.

    Returns:
      First minus second; None for fewer than two pairs, which have no interval.
    """
    alike = [name for name in swept(runs) if name not in first]
    sides = [
        scored(of_setting(runs, dict(setting)), figure).groupby([*alike, *seeds_of(runs)], dropna=False)[figure].mean()
        for setting in (first, second)
    ]
    both = pd.concat(sides, axis=1, keys=("first", "second"), join="inner").reset_index()
    if len(both) < 2:
        return None
    strata_N = both.groupby(alike, dropna=False).ngroup().to_numpy() if alike else None
    return paired((both["first"] - both["second"]).to_numpy(), strata_N)


def told(found: Paired) -> bool:
    """Whether the interval of the differences leaves out zero."""
    return found.low > 0 or found.high < 0
