"""--help is short, tells our flags alone, and with a config its fields."""

import os
import re
import subprocess
import sys

import pytest
from processes import ROOT, WarmPython

FLAGS = {
    "train": ["config", "workdir", "resume", "distributed", "coordinator", "num_processes", "process_id", "debug"],
    "sample": [
        "workdir",
        "prime",
        "length",
        "temperature",
        "top_k",
        "top_p",
        "feedback",
        "num_samples",
        "seed",
        "clamp",
        "step",
        "debug",
    ],
    "evaluate": ["workdir", "split", "text", "most_bytes", "step", "debug"],
    "sweep": [
        "config",
        "workdir",
        "axis",
        "zip",
        "random",
        "optuna",
        "sweep_seed",
        "dry_run",
        "launcher",
        "workers",
        "memory_gb",
        "slurm",
        "wait",
        "pack_size",
        "retry_failed",
        "pack",
        "debug",
    ],
    "analyze": ["runs", "y", "x", "group", "where", "select", "success", "pair", "compare", "page", "workdir", "debug"],
}


def shown(text: str) -> list[str]:
    flags = text.split("Flags:\n")[1].split("\n\n")[0].splitlines()
    return [line.split()[0].removeprefix("--") for line in flags if line.startswith("  --")]


@pytest.mark.parametrize("command", FLAGS)
@pytest.mark.parametrize("form", ["--help", "-h", "--helpfull"])
def test_help_is_ours_alone(call: WarmPython, command: str, form: str):
    ended = call(command, form)
    assert (ended.status, ended.err) == (0, "")
    assert shown(ended.out) == FLAGS[command]
    lines = ended.out.splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= 125
    assert f"python -m experiments.{command}" in ended.out
    for internal in ("pdb", "absl", "logtostderr", "verbosity", "jax_", "flagfile", "chex"):
        assert internal not in ended.out


def test_help_lists_the_fields_of_a_config(call: WarmPython):
    ended = call("train", "--help", "--config=configs/char_lm.py:tiny")
    assert ended.status == 0
    for field, said in (
        ("model.hidden=64", "units of a layer"),
        ("optimizer.schedule.name=cosine", "of the learning rate (constant, exponential, cosine, linear, step)"),
        ("seed=0", "of all that is drawn"),
    ):
        assert re.search(rf"^  --config\.{re.escape(field)} +{re.escape(said)}$", ended.out, re.MULTILINE), field
    assert max(map(len, ended.out.splitlines())) <= 125


@pytest.mark.parametrize(
    ("command", "config", "field"),
    [
        ("gradient_flow", "configs/gradient_flow.py:memory", "analysis.problems.adding.lengths"),
        ("interpretable_cells", "configs/interpretable_cells.py", "analysis.shifts"),
        ("sweep", "configs/adding.py", "task.evaluation_sequences"),
    ],
)
def test_every_field_of_every_config_is_said_to_be_something(call: WarmPython, command: str, config: str, field: str):
    lines = call(command, "--help", f"--config={config}").out.split("Fields of")[1].splitlines()[1:]
    fields = {line.split("=")[0].strip(): line for line in lines if line.startswith("  --config.")}
    assert f"--config.{field}" in fields
    silent = [line for line in fields.values() if not re.match(r"  --config\.[\w.]+=(\(.*\)|\S*) +\S", line)]
    assert not silent


def test_help_with_a_wrong_config_still_helps(call: WarmPython):
    ended = call("train", "--help", "--config=configs/nothing.py")
    assert ended.status == 0
    assert shown(ended.out) == FLAGS["train"]
    assert "--config=configs/nothing.py: no such file" in ended.out


def test_the_command_as_it_is_typed(call: WarmPython):
    """The other tests fork a Python that is already warm; this one starts as a user does."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [sys.executable, "-m", "experiments.train"]
    typed = subprocess.run([*command, "--help"], capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert (typed.returncode, typed.stdout, typed.stderr) == (0, call("train", "--help").out, "")
