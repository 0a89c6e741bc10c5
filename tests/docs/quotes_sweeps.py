"""Figures of the sweeps: how far back each cell can learn."""

from scipy.stats import fisher_exact

from rnn_research.runs.statistics import wilson

CELLS = {
    ("elman", 1.0): "Elman",
    ("gru", 1.0): "GRU",
    ("lstm", 0.0): "LSTM, forget bias 0",
    ("lstm", 1.0): "LSTM, forget bias 1",
    ("lstm", 3.0): "LSTM, forget bias 3",
}
FIELDS = ["task.length", "model.cell", "model.init.forget_bias", "optimizer.clip.name"]


def quote(q):
    error = q.results("how_far_back_settings.csv").set_index(FIELDS)["mean"]
    solved = q.results("how_far_back_success.csv").set_index(FIELDS)["succeeded"]
    for (cell, bias), label in CELLS.items():
        keys = [(T, cell, bias, clip) for T in (25, 50, 100) for clip in ("global_norm", "none")]
        q.row(label, *(f"{shown(error[key])} ({solved[key]})" for key in keys))
    clipped, free = (
        sum(solved[100, "lstm", bias, clip] for bias in (0.0, 1.0, 3.0)) for clip in ("global_norm", "none")
    )
    p = fisher_exact([[clipped, 15 - clipped], [free, 15 - free]]).pvalue
    q.says(f"{clipped} of 15 seeds learn it clipped and {free} of 15 not (Fisher's exact test, p = {p:.3f})")
    best = {bias: [solved[100, "lstm", bias, clip] for clip in ("global_norm", "none")] for bias in (0.0, 1.0, 3.0)}
    least = min(
        fisher_exact([[a, 5 - a], [b, 5 - b]]).pvalue
        for clip in (0, 1)
        for a, b in ((best[1.0][clip], best[0.0][clip]), (best[1.0][clip], best[3.0][clip]))
    )
    q.says(f"a bias of 1 from 0 or 3 (p = {least:.2f} at the least")
    low, high = (float(x) for x in wilson(3, 5))
    q.says(f"Five seeds leave wide intervals (3 of 5: {low:.2f} to {high:.2f})")
    pair = q.results("how_far_back")["pairs"][0]
    q.says(
        f"over all {pair['pairs']} paired runs by {pair['difference']:.3f} "
        f"[{pair['difference_low95']:.3f}, {pair['difference_high95']:.3f}] (p = {pair['p']:.3f}, "
        f"d_z {pair['effect size d_z']:.2f})"
    )
    q.fixed(
        "(within 1e-5, tested)",
        "error below 0.05 needs both numbers (1/6: none, 1/12: one). 2,000 steps",
        "| mean squared error (seeds of 5 below 0.05) | 25 steps, clipped | not clipped | 50 steps, clipped | "
        "not clipped | 100 steps, clipped | not clipped |",
        "by global norm at 1.",
        "between 25 and 50 steps",
        "at 100 it never leaves",
        "At 100 steps clipping matters for the LSTM",
        "a forget bias of 1, but five seeds",
    )


def shown(error):
    """Two digits, as the table has them."""
    return f"{error:.4f}" if error < 0.01 else f"{error:.3f}"
