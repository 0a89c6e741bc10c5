"""Small studies and their pages, for the tests of all studies."""

import json
import re
import shutil
from pathlib import Path

import pytest

from configs.gradient_flow import get_config
from rnn_research.config.flat import changed
from rnn_research.report import pages
from rnn_research.report.gradient.study_page import write_page
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.studies import STUDIES, learning
from rnn_research.sweeps import launchers, plan


def tiny(study, **fields):
    config = get_config(study)
    small = {"model.hidden": 6, "analysis.seeds": 2, "training.steps": 2, "evaluation.every": 1, "task.batch_size": 4}
    small |= {"evaluation.batch_size": 4}
    if config.task.name != "images":
        small |= {"task.length": 5, "task.evaluation_sequences": 8}
    if study == "anatomy":
        small |= {"analysis.length": 200, "analysis.sequences": 8}
    return changed(config, small | fields)


def made(config, path=Path(), say=lambda line: None, keep=lambda name, make: make()):
    """The results of a study whose runs are trained in the folder ``path``, as its command trains them."""
    kind = STUDIES[config.analysis.study]
    if parts := kind.parts(config):
        train(config, path, parts)
    return kind.run(config, say, keep, learning.runs_in(path, parts))


def train(config, path, parts):
    """The runs of some parts of a study, in this process."""
    sweep = learning.planned(config, "a study", parts, path)
    plan.write(path, sweep)
    assert launchers.in_turn(path, sweep, launchers.waiting(path, sweep), launchers.How()) <= 1
    return sweep


def page_of(config, results, path):
    directory = RunDirectory(path)
    write_json(directory.config, config.to_dict())
    write_json(directory.provenance, {"command": "a <command>", "corpus": {}})
    write_json(directory.results, results)
    json.loads(directory.results.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    write_page(directory)
    page = directory.report.read_text()
    shutil.rmtree(directory.figures)
    directory.report.unlink()
    assert pages.write(directory, f"--page={path}") == (directory.report,)
    assert directory.report.read_text() == page  # with all its figures inside
    assert "a &lt;command&gt;" in page
    assert not re.search(r"(src|href)=['\"]http", page)
    assert not re.search(r"\bnan\b", re.sub(r"base64,[^']*", "", page))
    return page
