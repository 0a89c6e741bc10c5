"""Every field of every study with a table of bad values: refused in one line before anything is made, or legal."""

import functools
import sys
from pathlib import Path

import pytest
from bad_fields import faults
from in_process import Call, command, fault, passed

from configs.gradient_flow import STUDIES, get_config
from configs.interpretable_cells import get_config as cells_config
from rnn_research.config.flat import flatten
from rnn_research.restore import foreign, trained
from rnn_research.runs import owner
from rnn_research.studies import checks
from rnn_research.tasks import sequential_images
from rnn_research.training import build as build_of_training
from rnn_research.training.defaults import defaults

EVERY = set(flatten(defaults()))  # what every config has is tried with the tasks


def own(config):
    """The fields that a study has of its own, with their values."""
    return {f: v for f, v in flatten(config).items() if f.startswith("analysis.") and f not in EVERY}


FIELDS = [(study, field) for study in STUDIES for field in own(get_config(study))]


@pytest.fixture(scope="module")
def call():
    with command("gradient_flow") as called, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["experiments.gradient_flow"], "share_cores", lambda: None)
        patch.setattr(owner, "taken", passed)
        patch.setattr(sequential_images, "digits", functools.cache(sequential_images.digits))
        patch.setattr(checks, "build", built_once())
        yield called


def built_once():
    """``build``, once for each config: what a study has of its own changes nothing about it."""
    known: dict[str, object] = {}

    def build(config, **options):
        fields = {f: v for f, v in flatten(config).items() if not f.startswith("analysis.") or f in EVERY}
        key = repr(sorted(fields.items()))
        if key not in known:
            known[key] = build_of_training.build(config, **options)
        return known[key]

    return build


@pytest.mark.parametrize(("study", "field"), FIELDS, ids=lambda part: str(part))
def test_a_field_of_a_study(call: Call, tmp_path: Path, study: str, field: str):
    if study == "trained" and field != "analysis.run":
        pytest.skip("it is looked at once there is a run")
    default = own(get_config(study))[field]
    wrong = faults(call, tmp_path, f"configs/gradient_flow.py:{study}", field, default)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("study", [study for study in STUDIES if study != "trained"])
def test_nothing_is_wrong_with_a_study_itself(call: Call, tmp_path: Path, study: str):
    ended = call(f"--config=configs/gradient_flow.py:{study}", f"--workdir={tmp_path / study}")
    assert ended.status is None, ended


@pytest.mark.parametrize(
    ("study", "field", "value", "words"),
    [
        ("memory", "analysis.problems.adding.steps", "10", ("steps=10", "evaluation.every=250")),
        ("clipping", "training.steps", "10", ("training.steps=10", "evaluation.every=500")),
        ("images", "evaluation.every", "0", ("evaluation.every=0", "at least 1")),
        ("anatomy", "analysis.networks", "('gru', 'gru')", ("networks=", "twice")),
        ("anatomy", "analysis.state", "c", ("state=c", "elman")),
        ("radius", "analysis.lags", "(50, 501)", ("lags=501", "at most 500")),
        ("clipping", "analysis.kinds", "(('none', 1.0), ('none', 2.0))", ("kinds=", "twice")),
        ("clipping", "analysis.kinds", "(('norm', 1.0),)", ("kinds='norm'", "global_norm")),
        ("clipping", "analysis.kinds", "(('value', 0.0),)", ("clip.limit=0.0", "above 0")),
        ("memory", "analysis.rates", "(('elmann', 0.1),)", ("rates='elmann'", "'elman'")),
        ("forget_bias", "model.cell", "gru", ("model.cell=gru", "lstm")),
        ("radius", "analysis.study", "memory", ("lacks analysis.networks", "gradient_flow.py:memory")),
    ],
)
def test_what_does_not_go_together(
    call: Call, tmp_path: Path, study: str, field: str, value: str, words: tuple[str, ...]
):
    workdir = tmp_path / "study"
    config = f"--config=configs/gradient_flow.py:{study}"
    ended = call(config, f"--workdir={workdir}", f"--config.{field}={value}")
    assert ended.status == 2, ended
    assert not fault(ended, *words)
    assert not workdir.exists()


@pytest.mark.parametrize("field", own(cells_config()))
def test_a_field_of_the_cell_study(tmp_path: Path, field: str):
    default = own(cells_config())[field]
    with command("interpretable_cells") as call, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained, "read", passed)
        patch.setattr(foreign, "is_foreign", lambda directory: False)
        wrong = faults(call, tmp_path, "configs/interpretable_cells.py", field, default)
    assert not wrong, "\n".join(wrong)
