"""sweep.json, which may come from anybody, cannot make a sweep read or write outside its own folder."""

import json

import pytest

from rnn_research import runs
from rnn_research.errors import UserError
from rnn_research.sweeps import plan
from rnn_research.sweeps.standing import Watch
from rnn_research.training.defaults import defaults


def sweep_of(folder, *names):
    points = [{"name": name, "overrides": {"seed": n}, "pack": 0} for n, name in enumerate(names)]
    stored = {"config": "", "base": defaults("adding").to_dict(), "overrides": {}, "points": points}
    (folder / "runs").mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps(stored))
    return folder


@pytest.mark.parametrize("name", ["../../victim", "/VICTIM", "..", ".", "", "a/b", "a/../../../victim", "zero\0"])
def test_a_name_that_is_a_path(tmp_path, name):
    victim = tmp_path / "victim"
    victim.mkdir()
    sweep = sweep_of(tmp_path / "sweep", "good", name.replace("/VICTIM", str(victim)))
    for read in (plan.read, Watch):
        with pytest.raises(UserError, match=r"sweep.json is damaged, .* cannot be the name of a point"):
            read(sweep)
    found = runs.load(sweep)
    assert list(found["status"]) == ["damaged"]
    assert "cannot be the name of a point" in found["reason"][0]


def test_a_link_that_leads_out(tmp_path):
    """The folder of all runs may be elsewhere, say on a larger disk; a single run may not."""
    sweep = sweep_of(tmp_path / "sweep", "a", "b")
    (tmp_path / "victim").mkdir()
    (sweep / "runs" / "b").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="runs/b is a link that leads out of the sweep"):
        plan.read(sweep)
    (sweep / "runs" / "b").unlink()
    (sweep / "runs").rename(tmp_path / "large")
    (sweep / "runs").symlink_to(tmp_path / "large")
    assert [point.name for point in plan.read(sweep).points] == ["a", "b"]


def test_two_points_of_one_name(tmp_path):
    with pytest.raises(UserError, match="two points have one name"):
        plan.read(sweep_of(tmp_path / "sweep", "a", "a"))
