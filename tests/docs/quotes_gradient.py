"""Figures of the gradient studies."""

import numpy as np

LABELS = {
    "elman": "Elman tanh",
    "elman_orthogonal": "Elman tanh, orthogonal",
    "elman_relu": "Elman ReLU",
    "irnn": "IRNN",
    "gru": "GRU",
    "lstm_forget_bias_0": "LSTM, forget bias 0",
    "lstm_forget_bias_1": "LSTM, forget bias 1",
    "lstm_forget_bias_2": "LSTM, forget bias 2",
}


def quote(q):
    anatomy(q)
    forget_bias(q)
    radius(q)
    clipping(q)
    memory(q)
    images(q)
    q.fixed("2013, eqs. 9 and 10", "(Engelken 2023)")


def anatomy(q):
    networks = q.results("anatomy")["networks"]
    for network, found in networks.items():
        for moment, at in found.items():
            learned = f": {at['learned']} of {at['seeds']}, {at['steps']:,}" if moment == "trained" else ""
            slope, low, high = (at[f"slope_nats_per_step{end}"] for end in ("", "_low95", "_high95"))
            rest = [f"{at[f'{name}_nats_per_step']:.4f}" for name in ("early_slope", "top_exponent")]
            q.row(f"{LABELS[network]}{learned}", f"{slope:.4f} [{low:.4f}, {high:.4f}]", *rest, half_life(at))
    reach(q, networks)
    rates(q, networks)
    lags = networks["gru"]["initial"]["fitted_lags"], networks["gru"]["initial"]["early_lags"]
    q.says("fitted to lags {} to {}; beside it the slope over lags {} to {},".format(*lags[0], *lags[1]))
    q.says("| lags {} to {} | exponent".format(*lags[1]))
    q.fixed(
        "Sequences of 200 steps, 5 seeds, at initialisation and after training on the adding problem over 20 steps",
        "a validation error below 0.05, which needs both numbers, or for 1,500 steps",
        "where that lies below zero [95 % over seeds]",
        "the LSTM with forget bias 0 and of the ReLU network; for the others the intervals overlap",
    )


def half_life(at):
    value, low, high = (at[f"half_life_steps{end}"] for end in ("", "_low95", "_high95"))
    return f"not told from no decay (at least {low:.0f})" if value is None else f"{value:.1f} [{low:.1f}, {high:.1f}]"


def reach(q, networks):
    """Which networks' slopes training moves: those whose intervals over seeds are apart."""
    ends = lambda at: (at["slope_nats_per_step_low95"], at["slope_nats_per_step_high95"])  # noqa: E731
    moved = {n: (ends(f["initial"]), ends(f["trained"])) for n, f in networks.items()}
    assert {n for n, (at, then) in moved.items() if then[0] > at[1]} == {"gru", "lstm_forget_bias_0", "elman_relu"}
    assert not {n for n, (at, then) in moved.items() if then[1] < at[0]}
    relu = networks["elman_relu"]["trained"]["half_life_steps_by_seed"]
    falls = sorted(steps for steps in relu if steps is not None)
    assert (len(relu) - len(falls), len(falls)) == (3, 2)
    q.says(f"three do not fall at all and two halve in {falls[0]:.0f} and {falls[-1]:.0f} steps")


def rates(q, networks):
    pairs = [
        (abs(s - e), s, e, network, moment)
        for network, found in networks.items()
        for moment, at in found.items()
        for s, e in zip(at["slope_by_seed"], at["top_exponent_by_seed"], strict=True)
    ]
    agree = sum(gap <= max(0.005, 0.1 * abs(e)) for gap, _, e, *_ in pairs)
    _, slope, exponent, *who = max(pairs)
    assert who == ["lstm_forget_bias_2", "trained"]
    q.says(
        f"agree within a tenth or 0.005 nats per step in {agree} of {len(pairs)} networks, and are furthest apart in a "
        f"trained LSTM with forget bias 2 ({slope:.4f} and {exponent:.4f})"
    )


def forget_bias(q):
    results = q.results("forget_bias")
    points = {(p["recurrent_scale"], p["forget_bias"]): p for p in results["points"]}
    for bias in (-1, 0, 1, 2, 4):
        small, full = points[0.1, bias], points[1.0, bias]
        first = [small["predicted_half_life_steps"], *(p["highway_half_life_steps"] for p in (small, full))]
        q.row(str(bias), *map(three_digits, first), whole(small), whole(full))
    off = {
        scale: [
            p["highway_half_life_steps"] / p["predicted_half_life_steps"] for (s, _), p in points.items() if s == scale
        ]
        for scale in (0.1, 1.0)
    }
    q.says(
        f"({min(off[0.1]):.2f} to {max(off[0.1]):.2f} times it over all biases from -2 to 6)",
        f"({min(off[1.0]):.2f} to {max(off[1.0]):.2f} times)",
    )
    by_verdict = {
        verdict: [bias for (scale, bias), p in points.items() if scale == 1 and p["half_life_steps_decay"] == verdict]
        for verdict in ("not told apart from no decay", "grows")
    }
    q.says(
        "at biases of {:g}, {:g} and {:g} its slope is not told apart from no decay, at {:g} and {:g} it grows".format(
            *by_verdict["not told apart from no decay"], *by_verdict["grows"]
        ),
        "That is over lags {} to {}; over lags {} to {} the slope of a bias of 2 is {:.4f} [{:.4f}, {:.4f}],".format(
            *results["fitted_lags"],
            *results["early_lags"],
            *(points[1.0, 2.0][f"early_slope_nats_per_step{end}"] for end in ("", "_low95", "_high95")),
        ),
    )
    q.fixed(
        "over 500 steps, 5 seeds, against -ln 2 / ln sigma(b) [95 % over seeds]",
        "follows the prediction with recurrent matrices x 0.1",
        "forget gates alone, W_h x 0.1 | the same, W_h x 1 | whole gradient, W_h x 0.1 | whole gradient, W_h x 1 |",
    )


def whole(point):
    value, low, high = (point[f"half_life_steps{end}"] for end in ("", "_low95", "_high95"))
    if point["half_life_steps_decay"] == "grows":
        return "grows"
    if value is None:
        return f"not told from no decay (at least {low:.0f})"
    return f"{three_digits(value)} [{three_digits(low)}, {three_digits(high)}]"


def three_digits(steps):
    return f"{steps:.2f}" if steps < 10 else f"{steps:.1f}"


def radius(q):
    curves = q.results("radius")["curves"]
    names = {
        "tanh_gaussian": "tanh, Gaussian",
        "tanh_orthogonal": "tanh, orthogonal",
        "relu_gaussian": "ReLU, Gaussian",
        "relu_orthogonal": "ReLU, orthogonal",
    }
    for name, label in names.items():
        curve = curves[name]
        edge, low, high = (curve[f"edge_gain{end}"] for end in ("", "_low95", "_high95"))
        gap = max(abs(p["slope_nats_per_step"] - p["top_exponent_nats_per_step"]) for p in curve["points"])
        q.row(label, f"{edge:.3f} [{low:.3f}, {high:.3f}]", f"{gap:.4f}")
    count = sum(len(p["slope_by_seed"]) for c in curves.values() for p in c["points"])
    assert sum(c["slopes_above_bound"] for c in curves.values()) == 0
    tanh = sorted(e for name in ("tanh_gaussian", "tanh_orthogonal") for e in curves[name]["edge_gain_by_seed"])
    closed = q.results("radius")["closed_form"]
    assert max(closed["scalar_largest_error_nats"], closed["linear_largest_error_nats"]) < 1e-11
    q.says(f"No slope of {count} lies above the bound", "agree with their closed forms to 1e-11 nats")
    means = [curves[name]["edge_gain"] for name in ("tanh_gaussian", "tanh_orthogonal")]
    assert [f"{mean:.1f}" for mean in means] == ["1.2", "1.2"]
    q.says(
        f"the edge lies at {means[0]:.1f} in the mean of the tanh networks, {sum(e > 1 for e in tanh)} of {len(tanh)} "
        f"tanh networks above the gain of 1 (the other at {tanh[0]:.3f})"
    )
    q.fixed(
        "Gains from 0.5 to 1.6, 500 steps, 5 seeds",
        "gain at the edge [95 % over seeds]",
        "square root of 2",
        "passes it at a gain of 1;",
    )


def clipping(q):
    points = q.results("clipping")["points"]
    lengths = sorted({p["length"] for p in points})
    kinds = {
        "none": "no clipping",
        "value": "by value, 0.1",
        "global_norm": "by global norm, 1",
        "adaptive": "adaptive, 0.1",
    }
    solved = {(p["clipping"], p["length"]): p for p in points}
    for kind, label in kinds.items():
        q.row(label, *(str(solved[kind, length]["solved"]) for length in lengths))
    q.row("seeds of 10 that solve it", f"T = {lengths[0]}", *map(str, lengths[1:]))
    # "At T = 30 and 50 clipping turns failures into successes": Wilson's intervals are apart there alone.
    apart = {
        length
        for length in lengths
        if all(
            solved[kind, length]["success_rate_low95"] > solved["none", length]["success_rate_high95"]
            for kind in ("value", "global_norm", "adaptive")
        )
    }
    assert apart == {30, 50}
    assert not any(p["solved"] for p in points if p["length"] > 50)
    cliff = max(points, key=lambda p: p["grad_norm_largest"])
    usual = np.median([np.median(norms) for norms in cliff["grad_norm_max_by_seed"]])
    q.says(
        f"Gradient norms of up to {round(cliff['grad_norm_largest'], -3):,.0f} are met on the way "
        f"(T = {cliff['length']}, {cliff['clipping']}), where the median is {usual:.0f}."
    )
    q.fixed(
        "50 tanh units and alphabet, plain SGD at 0.03, 10 seeds, at most 10,000 steps",
        "an error below 1 % on 10,000 fresh sequences",
        "At T = 30 and 50 clipping turns failures into successes at the same rate of learning",
        "at 75 and 100 no network learns, with or without it",
        "at lengths up to 200 with the regulariser",
    )


def memory(q):
    points = q.results("memory_adding")["points"]
    for network in dict.fromkeys(p["network"] for p in points):
        short, long = (next(p for p in points if p["network"] == network and p["length"] == T) for T in (50, 100))
        q.row(LABELS[network], _solved(short), _solved(long), f"{long['best_objective_median']:.4f}")
    far = {p["network"]: p for p in q.results("memory_adding_400")["points"]}
    assert far["elman"]["solved"] == 0
    gru = far["gru"]
    q.says(
        f"the GRU solves it with {gru['solved']} of {gru['seeds']} seeds, in "
        f"{gru['steps_to_success_median']:,.0f} steps (median)"
    )
    copying = {p["network"]: p for p in q.results("memory_copying_10")["points"]}
    assert not any(p["solved"] for p in copying.values())
    share = {n: 100 * p["best_objective_median"] / p["floor_nats_per_answer"] for n, p in copying.items()}
    least = min(share[n] for n in ("elman", "elman_orthogonal", "irnn"))
    q.says(
        f"the LSTM with forget bias 1 comes to {share['lstm_forget_bias_1']:.0f} % of the floor, the GRU to "
        f"{share['gru']:.0f} %, Elman networks and the IRNN stay above {least // 1:.0f} %"
    )
    order = q.results("memory_temporal_order")["points"]
    lost = [(p["network"], p["length"], p["solved"]) for p in order if p["solved"] < p["seeds"]]
    assert lost == [("lstm_forget_bias_0", 50, 0)]
    steps = [p["steps_to_success_median"] for p in order if p["solved"]]
    q.says(
        f"5 of 5 seeds, in {min(steps):,.0f} to {max(steps):,.0f} steps, but for the LSTM with forget bias 0 at T = 50"
    )
    q.fixed(
        "64 units, Adam (3e-3 for gated networks, 1e-3 for the others), at most 6,000 steps of 32 fresh "
        "sequences, 5 seeds",
        "a mean squared error below 0.01, where a seed's training ends; without memory it is 0.167",
        "T = 50: solved, median steps",
        "T = 100: solved, median steps",
        "T = 100: least error, median",
        "At T = 400",
        "over T = 10 is not solved",
        "in 4,000 steps",
        "Temporal order (`('temporal_order',)`, lengths",
    )


def _solved(point):
    steps = f", {point['steps_to_success_median']:,.0f}" if point["solved"] else ""
    return f"{point['solved']} of {point['seeds']}{steps}"


PUBLISHED = {  # Le, Jaitly and Hinton 2015 and others, on MNIST
    "elman": "21.5 / 25.3",
    "irnn": "98.5 / 92.5 (tuned)",
    "lstm_forget_bias_1": "87.2 / 85.7",
    "gru": "96.2 / 87.3",
}


def images(q):
    points = q.results("images")["points"]
    for network, published in PUBLISHED.items():
        mine = {p["form"]: p for p in points if p["network"] == network}
        cells = [
            "{:.1f} [{:.1f}, {:.1f}]".format(
                *(100 * mine[form][f"test_accuracy{end}"] for end in ("", "_low95", "_high95"))
            )
            for form in ("pixels", "permuted", "rows")
        ]
        q.row(LABELS[network], *cells, published)
    lost = next(p for p in points if p["network"] == "irnn" and p["form"] == "permuted")["test_accuracy_by_seed"]
    assert len(lost) == 5
    assert max(lost) <= 0.1
    q.says("all five of its seeds stay at chance (10 %)")
    q.fixed(
        "8 x 8 digits (1,297 to train on)",
        "64 units, 4,000 steps, 5 seeds; test accuracy in per cent [95 % over seeds]",
        "pixels, T = 64 | permuted, T = 64 | rows, T = 8",
    )
