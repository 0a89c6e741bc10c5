"""Figures of the language models."""

import pandas as pd

from rnn_research.runs.statistics import mean_interval

ROWS = {
    "char_lm_tiny": (
        "configs/char_lm.py:tiny --workdir=runs/tiny --config.task.fresh_probability=0`",
        "the same",
        "LSTM 1 x 64",
        "-",
    ),
    "stdlib_small_6_epochs": (
        "--config.training.epochs=6 --config.task.fresh_probability=0`",
        "the same",
        "LSTM 2 x 128",
        "-",
    ),
    "tiny_shakespeare_small": (
        "--config.task.path=input.txt --config.task.fresh_probability=0`",
        "Tiny Shakespeare",
        "LSTM 2 x 128",
        "1.684 (char-rnn in TensorFlow)",
    ),
    "war_and_peace_lstm_64_1": ("warpeace_input.txt`", "War and Peace", "LSTM 1 x 64", "1.449"),
    "war_and_peace_2x128": (
        "--config.training.epochs=8`",
        "War and Peace, no protocol of the paper's",
        "LSTM 2 x 128",
        "-",
    ),
    "war_and_peace_gru_64_1": (
        "--config.task.split=contiguous`",
        "War and Peace, the end held out",
        "GRU 1 x 77",
        "1.398",
    ),
}


def quote(q):
    found = {name: q.results(name) for name in ROWS}
    for name, (command, text, network, published) in ROWS.items():
        nats, low, high = (found[name][f"test_nats_per_token{end}"] for end in ("", "_low95", "_high95"))
        q.says(f"{command} | {text} | {network} | {nats:.3f} [{low:.3f}, {high:.3f}] | {published} |")
    demo, shakespeare = pd.DataFrame(q.results("demo_five_seeds")["runs"]), found["tiny_shakespeare_small"]
    nats, (mean, low, high) = demo["test_nats_per_token"], mean_interval(demo["test_nats_per_token"].to_numpy())
    q.says(
        f"`make demo`; five seeds: `python -m experiments.sweep --config=configs/demo.py --workdir=runs/demo5 "
        f"--axis=seed=0:5` | standard library of Python 3.11 | LSTM 1 x 128 | {mean:.3f} [{low:.3f}, {high:.3f}] "
        "over seeds",
        f"from {nats.min():.3f} to {nats.max():.3f} nats, {demo['test_bits_per_byte'].mean():.3f} bits per byte",
        f"the validation loss is {shakespeare['validation_nats_per_token']:.3f}, where the same source reports 1.467",
    )
    lstm, cut = found["war_and_peace_lstm_64_1"], q.results("war_and_peace_lstm_64_1_contiguous")
    test = "test_nats_per_token"
    q.says(
        f"come within {100 * (lstm[test] / 1.449 - 1):.1f} % of its LSTM",
        f"costs the LSTM {100 * (cut[test] / lstm[test] - 1):.0f} % ({cut[test]:.3f})",
    )
    q.fixed(
        "2 cores of an AMD EPYC, Python 3.11, jax 0.10.2, float32",
        "95 % bootstrap intervals",
        "start anew with probability 0.03 a chunk",
        "[arXiv:1506.02078]",
        "every one of the 100 streams",
    )
