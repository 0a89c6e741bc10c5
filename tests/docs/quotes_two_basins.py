"""Figures of the page on two basins."""

import pandas as pd
from quotes_language_models import cost_of


def quote(q):
    found = q.results("two_basins")
    of = lambda name, shown: [shown.format(found[f"fresh_{p}_{name}"]) for p in ("0", "0.03")]  # noqa: E731

    def share(name, whole):
        return [f"{some} of {every}" for some, every in zip(of(name, "{:,}"), of(whole, "{:,}"), strict=True)]

    q.row("runs with a stuck stream", *share("runs_with_stuck_streams", "runs"))
    q.row("stuck streams", *share("streams_stuck", "streams"))
    most = of("zero_start_excess_nats_most", "{:.3f}")
    q.row("most that the initial carry costs a stream, nats a symbol", *most)
    q.row("stuck samples", *share("samples_stuck", "samples"))
    apart = [f"{100 * found[f'fresh_{p}_one_over_many_streams_most']:.2f} %" for p in ("0", "0.03")]
    q.row("losses as one stream and as 32 differ by at most", *apart)
    mean, low, high = (found[f"fresh_0.03_cost_nats{end}"] for end in ("", "_low95", "_high95"))
    q.says(
        f"It costs {mean:.4f} [{low:.4f}, {high:.4f}] nats a symbol [95 % over seeds]",
        f"{found['fresh_0_samples_stuck_mean_carry']} of {found['fresh_0_samples']:,} samples are stuck",
        f"trained for {found['steps']} steps",
        f"Each of the {found['runs'][0]['streams']} validation streams",
    )
    rates = sorted({run["learning_rate"] for run in found["runs"]})
    q.says("a rate of 0.01" if rates == [0.01] else "rates of {:g} and {:g}".format(*rates))
    first, last, warm = (of(f"judged_nats_{part}", "{:.2f}") for part in ("first", "last", "first_warm"))
    real = [found[f"passages_judged_nats_{part}"] for part in ("first", "last")]
    q.says(
        f"needs {first[1]} nats a symbol for the first 20 symbols and {last[1]} for the last 20 "
        f"({first[0]} and {last[0]} without fresh starts), {warm[1]} for the first 20 that the same networks write "
        f"from the warm carry, and {real[0]:.2f} and {real[1]:.2f} for passages of the test text"
    )
    trained(q)
    q.fixed(
        "Networks of 400 steps",
        "1 x 128, 2,000 steps",
        "an LSTM of 64 units",
        "more than 0.3 nats a symbol more from the first",
        "needs 0.3 nats a symbol more for it than for any of 256 samples",
        "read as one stream and as 32",
        "One stuck stream of 32",
        "with probability 0.03 by default",
        "| | no fresh starts | probability 0.03 |",
    )
    others(q)


def trained(q):
    """Networks that are trained to the end, read by one that is trained longer."""
    found = q.results("two_basins_trained")
    first, warm = found["fresh_0.03_judged_nats_first"], found["fresh_0.03_judged_nats_first_warm"]
    real = found["passages_judged_nats_first"]
    assert found["fresh_0.03_runs"] == 5
    assert first / real < 1.1
    q.says(
        "five seeds of an LSTM of 2 x 128 on Tiny Shakespeare (`configs/char_lm.py:small`), read by a sixth one that "
        f"is trained half as long again (`--config.seed=5 --config.training.epochs=30`), need {first:.2f} nats for "
        f"their first 20 symbols, {first / real:.2f} times as many as passages of the test text ({real:.2f}), and "
        f"{warm:.2f} from the warm carry; {found['fresh_0.03_streams_stuck']} of {found['fresh_0.03_streams']} streams "
        f"and {found['fresh_0.03_samples_stuck']} of {found['fresh_0.03_samples']:,} samples are stuck"
    )


def others(q):
    war, demo = q.results("two_basins_war_and_peace"), q.results("two_basins_demo")
    mean, low, high = (war[f"fresh_0.03_cost_nats{end}"] for end in ("", "_low95", "_high95"))
    q.says(
        f"{war['fresh_0_streams_stuck']} of {war['fresh_0_streams']} streams are stuck without fresh starts and "
        f"{war['fresh_0.03_streams_stuck']} of {war['fresh_0.03_streams']} with them, which cost {mean:.4f} "
        f"[{low:.4f}, {high:.4f}] nats a symbol there",
        f"({demo['steps']:,} steps, with fresh starts) {demo['fresh_0.03_streams_stuck']} of "
        f"{demo['fresh_0.03_streams']} streams are stuck, and {demo['fresh_0.03_samples_stuck']} of "
        f"{demo['fresh_0.03_samples']:,} samples are over the bar",
    )
    q.says(cost_of(pd.DataFrame(q.results("war_and_peace_2x128")["runs"])))
    q.fixed("eight seeds at rates of 0.004 and 0.01")
