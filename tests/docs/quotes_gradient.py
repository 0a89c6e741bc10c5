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
    steps = lambda found: "none" if found is None else f"{found:.1f}"  # noqa: E731
    for network, found in networks.items():
        at, then = found["initial"], found["trained"]
        slope, low, high = (at[f"slope_nats_per_step{end}"] for end in ("", "_low95", "_high95"))
        cells = [f"{slope:.4f} [{low:.4f}, {high:.4f}]", f"{at['top_exponent_nats_per_step']:.4f}"]
        cells += [steps(at["half_life_steps_median"]), f"{then['slope_nats_per_step']:.4f}"]
        cells += [f"{then['top_exponent_nats_per_step']:.4f}", steps(then["half_life_steps_median"])]
        q.row(LABELS[network], *cells)
    ratio = [networks["elman"][moment]["slope_over_exponent_median"] for moment in ("initial", "trained")]
    q.says(f"{ratio[0]:.3f} at first and {ratio[1]:.3f} after training")
    q.fixed(
        "Sequences of 200 steps, 5 seeds, at initialisation and after 300 steps", "slope at first [95 % over seeds]"
    )


def forget_bias(q):
    points = {(p["recurrent_scale"], p["forget_bias"]): p for p in q.results("forget_bias")["points"]}
    for bias in (-1, 0, 1, 2, 4):
        small, full = points[0.1, bias], points[1.0, bias]
        first = [three_digits(small[f"{key}half_life_steps"]) for key in ("predicted_", "highway_")]
        q.row(str(bias), *first, with_interval(small), with_interval(full))
    q.fixed("5 seeds, against -ln 2 / ln sigma(b)", "from a bias of 2 on it", "gates alone, W_h x 0.1")
    q.fixed("whole gradient, W_h x 0.1 | whole gradient, W_h x 1 |")


def with_interval(point):
    value = point["half_life_steps"]
    if value is None:
        return "none"
    ends = [point[f"half_life_steps_{end}95"] for end in ("low", "high")]
    return three_digits(value) + (" [{:.1f}, {:.1f}]".format(*ends) if value > 10 else "")


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
    # "At T = 50 clipping turns failures into successes": Wilson's intervals are apart there, and nowhere beyond.
    apart = {
        length
        for length in lengths
        if all(
            solved[kind, length]["success_rate_low95"] > solved["none", length]["success_rate_high95"]
            for kind in ("value", "global_norm", "adaptive")
        )
    }
    assert apart == {50}
    cliff = max(points, key=lambda p: p["grad_norm_largest"])
    usual = np.median([np.median(norms) for norms in cliff["grad_norm_max_by_seed"]])
    q.says(
        f"Gradient norms of up to {round(cliff['grad_norm_largest'], -3):,.0f} are met on the way "
        f"(T = {cliff['length']}, {cliff['clipping']}), where the median is {usual:.0f}."
    )
    q.fixed(
        "50 tanh units and alphabet, plain SGD at 0.03, 10 seeds, at most 10,000 steps",
        "an error below 1 % on 10,000 fresh sequences",
        "At T = 50 clipping turns failures into successes at the same rate of learning; at 75 and 100 too few",
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
        "a mean squared error below 0.01, and without memory it is 0.167",
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
    q.fixed(
        "8 x 8 digits (1,297 to train on)",
        "64 units, 4,000 steps, 5 seeds; test accuracy in per cent [95 % over seeds]",
        "pixels, T = 64 | permuted, T = 64 | rows, T = 8",
    )
