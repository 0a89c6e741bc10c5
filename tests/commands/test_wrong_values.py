"""A value that cannot be: one line with the flag, the value and what would be right, before anything is made."""

from pathlib import Path

import pytest
from processes import WarmPython, refused

HELLO = "--config=configs/hello.py"

# Every whole number of a config, with the least that it may be.
LEAST = {
    "model.parallel.iterations": 1,
    "task.batch_size": 1,
    "task.chunk_length": 1,
    "task.min_count": 1,
    "task.most_bytes": 0,
    "model.hidden": 1,
    "model.layers": 1,
    "model.embedding": 0,
    "optimizer.schedule.warmup_steps": 0,
    "optimizer.schedule.after_epochs": 0,
    "optimizer.schedule.every_steps": 1,
    "training.steps": 0,
    "training.epochs": 0,
    "training.accumulate": 1,
    "training.log_every": 1,
    "training.checkpoint_every": 0,
    "training.patience": 0,
    "training.regularizer.top": 1,
    "training.regularizer.burn_in": 0,
    "training.regularizer.sequences": 1,
    "evaluation.every": 0,
    "evaluation.batch_size": 1,
    "evaluation.sample_length": 0,
    "analysis.gradient_flow_every": 0,
    "analysis.gradient_flow_sequences": 1,
}

# Numbers, with what they may not be.
REFUSED = {
    "task.validation_fraction": ("-0.1", "1", "nan"),
    "task.test_fraction": ("-0.1", "1", "inf"),
    "training.stop_below": ("-0.1", "nan"),
    "model.dropout": ("-0.1", "1"),
    "model.init.input_scale": ("-1", "inf"),
    "model.init.recurrent_scale": ("-1",),
    "model.init.output_scale": ("-1",),
    "model.init.bias_half_width": ("-1",),
    "model.init.forget_bias": ("inf",),
    "model.init.ring_least": ("-0.1", "1"),
    "model.init.ring_most": ("0", "1.1"),
    "model.init.ring_phase": ("0", "6.3"),
    "optimizer.learning_rate": ("-1", "inf"),
    "optimizer.momentum": ("-0.1", "1"),
    "optimizer.decay": ("-0.1", "1"),
    "optimizer.epsilon": ("-1",),
    "optimizer.weight_decay": ("-1",),
    "optimizer.schedule.factor": ("-1",),
    "optimizer.schedule.final": ("-1",),
    "optimizer.clip.limit": ("-1", "0"),
    "evaluation.sample_temperature": ("-1", "inf"),
    "training.regularizer.weight": ("-1", "inf"),
    "task.fresh_probability": ("-0.1", "1.5"),
    "training.label_noise": ("-0.1", "1.5", "nan"),
    "model.parallel.tolerance": ("-1.0",),
    "model.parallel.damping": ("-0.1", "1.5"),
}

# Names, with one that is near a known one, and known ones that the line must list.
NAMES = {
    "task.name": ("texts", "text"),
    "task.level": ("byte", "bytes, codepoints, tokens, words"),
    "task.carry": ("keep", "stream, zero"),
    "task.split": ("stream", "contiguous, streams"),
    "model.name": ("langage_model", "language_model"),
    "model.cell": ("lsmt", "elman, elman_relu, gru, gru_reset_before, lru, lstm, lstm_peephole, mingru, minlstm"),
    "model.unroll": ("fest", "auto, fast, parallel, persistent, plain"),
    "model.remat": ("gate", "gates, none, sqrt"),
    "model.parallel.method": ("quasy", "associative, auto, deer, quasi"),
    "model.init.input": ("glorrot", "glorot, identity, normal"),
    "model.init.recurrent": ("ortho", "orthogonal, spectral_radius, uniform"),
    "model.init.output": ("unifrom", "uniform"),
    "optimizer.name": ("adm", "adagrad, adam, adamw, lion, rmsprop, sgd"),
    "optimizer.schedule.name": ("cosin", "constant, cosine, exponential, linear, step"),
    "optimizer.clip.name": ("norm", "adaptive, global_norm, none, value"),
    "training.regularizer.name": ("omga", "flossing, none, omega"),
    "training.dtype": ("float16", "bfloat16, float32, float64"),
    "evaluation.carry": ("keep", "stream, zero"),
}


def test_the_tables_name_every_field(call: WarmPython):
    """A field that is added to the defaults must be added here."""
    from ml_collections import ConfigDict

    from rnn_research.config.flat import flatten
    from rnn_research.training.defaults import defaults

    config: ConfigDict = defaults()
    flat = flatten(config)
    whole = {f for f, v in flat.items() if isinstance(v, int) and not isinstance(v, bool)} - {"seed"}
    assert whole == set(LEAST)
    assert {f for f, v in flat.items() if isinstance(v, float)} == set(REFUSED)
    free = {"task.path", "task.glob", "task.text", "evaluation.sample_prime"}
    assert {f for f, v in flat.items() if isinstance(v, str)} - free == set(NAMES)


@pytest.mark.parametrize(("field", "least"), LEAST.items())
def test_sizes_below_the_least(call: WarmPython, tmp_path: Path, field: str, least: int):
    ended = call("train", HELLO, f"--workdir={tmp_path / 'run'}", f"--config.{field}={least - 1}")
    refused(ended, f"--config.{field}={least - 1}", f"at least {least}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in REFUSED.items() for v in values])
def test_numbers_out_of_range(call: WarmPython, tmp_path: Path, field: str, value: str):
    ended = call("train", HELLO, f"--workdir={tmp_path / 'run'}", f"--config.{field}={value}")
    refused(ended, f"--config.{field}={value}", "must be")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("field", "value", "known"), [(f, *v) for f, v in NAMES.items()])
def test_unknown_names_list_the_known(call: WarmPython, tmp_path: Path, field: str, value: str, known: str):
    ended = call("train", HELLO, f"--workdir={tmp_path / 'run'}", f"--config.{field}={value}")
    refused(ended, f"--config.{field}='{value}'", "known: ", known)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--config.training.steps=0", "--config.training.epochs=0"), ("steps=0", "epochs=0", "raise one")),
        (("--config.training.accumulate=3",), ("accumulate=3", "batch_size=1", "divide")),
        (("--config.model.init.input=spectral_radius",), ("input=spectral_radius", "square", "recurrent")),
        (("--config.model.hidden=2000000000",), ("GB", "lower --config.model.hidden")),
        (
            ("--config.model.unroll=fast", "--config.model.cell=gru_reset_before"),
            ("unroll=fast", "model.cell=gru_reset_before", "choose auto, plain, or one of the cells elman"),
        ),
        (("--config.model.layers=1001",), ("model.layers=1001", "at most 1,000")),
        (("--config.model.unroll=persistent",), ("unroll=persistent", "3 units", "choose auto")),
        (("--config.model.parallel.method=associative",), ("parallel.method=associative", "linear", "quasi or deer")),
        (("--config.evaluation.sample_prime=z",), ("sample_prime='z'", "lacks")),
        (("--config.task.text=",), ("show_scores", "--config.task.text")),
        (
            ("--config.training.regularizer.name=omega", "--config.model.cell=gru_reset_before"),
            ("regularizer.name=omega", "model.cell=gru_reset_before", "choose flossing, or one of elman"),
        ),
        (
            ("--config.training.regularizer.name=flossing", "--config.training.regularizer.top=4"),
            ("regularizer.top=4", "at most 3", "--config.model.hidden=3"),
        ),
        (
            ("--config.training.regularizer.name=flossing", "--config.training.regularizer.burn_in=4"),
            ("regularizer.burn_in=4", "below 4"),
        ),
        (("--config.analysis.gradient_flow=True", "--config.task.chunk_length=1"), ("gradient_flow=True", "longer")),
    ],
    ids=lambda value: " ".join(value)[:60],
)
def test_values_that_do_not_go_together(
    call: WarmPython, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
):
    refused(call("train", HELLO, f"--workdir={tmp_path / 'run'}", *arguments), *words)
    assert not (tmp_path / "run").exists()


def test_a_batch_that_the_devices_cannot_share(call: WarmPython, tmp_path: Path, tiny: tuple[str, ...]):
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    arguments = ["--config.task.batch_size=3" if "batch_size=4" in a else a for a in tiny]
    ended = call("train", *arguments, f"--workdir={tmp_path / 'run'}", environment=two)
    refused(ended, "--config.task.batch_size=3", "2 devices", "multiple of 2")
    assert not (tmp_path / "run").exists()
