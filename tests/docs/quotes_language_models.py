"""Figures of the language models."""

import numpy as np
import pandas as pd

from rnn_research.runs.statistics import mean_interval

TEST = "test_nats_per_token"
SWEEP = "python -m experiments.sweep --config=configs/"
WAR = "--config.task.path=warpeace_input.txt"
ROWS = {
    "demo_five_seeds": (
        f"`make demo`; five seeds: `{SWEEP}demo.py --workdir=runs/demo5 --axis=seed=0:5`",
        "standard library of Python 3.11",
        "LSTM 1 x 128",
        "-",
    ),
    "char_lm_tiny": (
        f"`{SWEEP}char_lm.py:tiny --workdir=runs/tiny --axis=seed=0:5`",
        "the same",
        "LSTM 1 x 64",
        "-",
    ),
    "stdlib_small_6_epochs": (
        f"`{SWEEP}char_lm.py:small --workdir=runs/small --axis=seed=0:5 --config.training.epochs=6`",
        "the same",
        "LSTM 2 x 128",
        "-",
    ),
    "tiny_shakespeare_small": (
        f"`{SWEEP}char_lm.py:small --workdir=runs/shakespeare --axis=seed=0:5 --config.task.path=input.txt`",
        "Tiny Shakespeare",
        "LSTM 2 x 128",
        "1.684 (char-rnn in TensorFlow)",
    ),
    "war_and_peace_lstm_64_1": (
        f"`{SWEEP}war_and_peace.py:lstm-64-1 --workdir=runs/wp-lstm --axis=seed=0:5 {WAR}`",
        "War and Peace",
        "LSTM 1 x 64",
        "1.449",
    ),
    "war_and_peace_gru_64_1": (
        f"`{SWEEP}war_and_peace.py:gru-64-1 --workdir=runs/wp-gru --axis=seed=0:5 {WAR}`",
        "War and Peace",
        "GRU 1 x 77",
        "1.398",
    ),
    "war_and_peace_2x128": (
        f"`{SWEEP}char_lm.py:small --workdir=runs/wp --axis=seed=0:8 --axis=task.fresh_probability=0.03,0.0 {WAR} "
        "--config.task.keep_byte_order_mark=True --config.task.split=streams --config.task.validation_fraction=0.1 "
        "--config.task.test_fraction=0.1 --config.training.epochs=8`",
        "War and Peace, no protocol of the paper's",
        "LSTM 2 x 128",
        "-",
    ),
}


def quote(q):
    runs = {name: pd.DataFrame(q.results(name)["runs"]) for name in ROWS}
    default = {
        name: found[found["fresh_probability"] == found["fresh_probability"].max()] for name, found in runs.items()
    }
    nats = {name: found[TEST].to_numpy() for name, found in default.items()}
    for name, (command, text, network, published) in ROWS.items():
        mean, low, high = mean_interval(nats[name])
        q.says(f"| {command} | {text} | {network} | {mean:.3f} [{low:.3f}, {high:.3f}] | {published} |")
    demo, shakespeare = default["demo_five_seeds"], default["tiny_shakespeare_small"]
    q.says(
        f"The demo's seeds need from {demo[TEST].min():.3f} to {demo[TEST].max():.3f} nats, "
        f"{demo['test_bits_per_byte'].mean():.3f} bits per byte in the mean",
        f"On Tiny Shakespeare the validation loss is {shakespeare['validation_nats_per_token'].mean():.3f}, where the "
        "same source reports 1.467",
    )
    for found in runs.values():
        for split in ("validation", "test"):
            assert not found[f"{split}_zero_start_streams_stuck"].any()
    lstm, gru = nats["war_and_peace_lstm_64_1"].mean(), nats["war_and_peace_gru_64_1"].mean()
    cut = q.results("war_and_peace_lstm_64_1_contiguous")[TEST]
    q.says(
        f"{100 * (lstm / 1.449 - 1):.1f} % from its LSTM and {100 * (gru / 1.398 - 1):.1f} % from its GRU",
        f"costs the LSTM {100 * (cut / lstm - 1):.0f} % ({cut:.3f}, one seed)",
    )
    q.says(cost_of(runs["war_and_peace_2x128"]))
    seed = demo[demo["seed"] == 0].iloc[0]
    ends = [seed[f"{TEST}_{end}"] for end in ("low95", "high95")]
    assert seed["interval_of_test"] == f"over {seed['test_blocks']} documents"
    q.says(
        f"from {ends[0]:.3f} to {ends[1]:.3f} over the demo's {seed['test_blocks']} test modules for seed 0, and none "
        "for Tiny Shakespeare, whose test text is one stretch"
    )
    assert shakespeare["test_blocks"].max() < 5
    q.fixed(
        "Machine: 2 cores, Python 3.11, jax 0.10.2, float32",
        "with 95 % intervals over seeds (Student's t)",
        "start anew with probability 0.03 a chunk",
        "[arXiv:1506.02078]",
        "every one of the 100 streams",
    )


def cost_of(runs):
    """What fresh starts cost in the long run, seed by seed."""
    by_seed = runs.pivot(index="seed", columns="fresh_probability", values=TEST)
    more_S = (by_seed[0.03] - by_seed[0.0]).to_numpy()
    mean, low, high = mean_interval(more_S)
    assert 0 < low < mean < high
    return (
        "over eight epochs of War and Peace, where no stream would be stuck without them, fresh starts cost "
        f"{mean:.4f} [{low:.4f}, {high:.4f}] nats ({len(more_S)} pairs of one seed; {np.mean(by_seed[0.0]):.3f} "
        "without)"
    )
