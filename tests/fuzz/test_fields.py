"""Every declared field of every task with a table of bad values: refused in one line before anything is made, or legal.

A field that passes is legal: what then would be computed is not, but for shapes.
"""

import functools
from pathlib import Path

import pytest
from bad_fields import faults
from in_process import Call, command, passed

from rnn_research.config.flat import flatten
from rnn_research.tasks import TASKS, sequential_images
from rnn_research.training import train
from rnn_research.training.defaults import defaults

SOURCE = """
from rnn_research.training.defaults import defaults

def get_config(task):
    config = defaults(task)
    config.model.hidden = 3
    if task == "text":
        config.task.text = "the quick brown fox jumps over the lazy dog. " * 4
        config.task.chunk_length = config.task.batch_size = 4
    return config
"""

FIELDS = [("text", field) for field in flatten(defaults("text"))] + [
    (task, field) for task in TASKS if task != "text" for field in flatten(defaults(task)) if field.startswith("task.")
]


@pytest.fixture(scope="module")
def call():
    with command("train") as called, pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_train", passed)
        patch.setattr(sequential_images, "digits", functools.cache(sequential_images.digits))
        yield called


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("configs") / "given.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize(("task", "field"), FIELDS, ids=lambda part: str(part))
def test_a_field(call: Call, config: Path, tmp_path: Path, task: str, field: str):
    default = flatten(defaults(task))[field]
    wrong = faults(call, tmp_path, f"{config}:{task}", field, default)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_wrong_with_the_config_itself(call: Call, config: Path, tmp_path: Path):
    for task in TASKS:
        ended = call(f"--config={config}:{task}", f"--workdir={tmp_path / task}")
        assert ended.status is None, (task, ended)
