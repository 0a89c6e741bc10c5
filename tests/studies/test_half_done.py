"""A study that was killed goes on in its own folder: what JSON gave back is the config that it had."""

import pytest

from configs.gradient_flow import get_config
from rnn_research.config.flat import changed
from rnn_research.errors import UserError
from rnn_research.runs.directory import RunDirectory, write_json
from rnn_research.runs.kept import Kept, refuse_another
from rnn_research.studies import STUDIES


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_knows_its_own_folder(tmp_path, study):
    directory = RunDirectory(tmp_path)
    refuse_another(directory, get_config(study))
    write_json(directory.config, get_config(study).to_dict())
    refuse_another(directory, get_config(study))
    with pytest.raises(UserError, match=r"belongs to another study .*seeds"):
        refuse_another(directory, changed(get_config(study), {"analysis.seeds": 3}))


def test_a_difference_deep_in_a_list_is_still_one(tmp_path):
    directory = RunDirectory(tmp_path)
    write_json(directory.config, get_config("clipping").to_dict())
    other = changed(get_config("clipping"), {"analysis.kinds": (("none", 1.0), ("value", 0.2))})
    with pytest.raises(UserError, match=r"analysis.kinds: .*'value', 0.1.* -> .*'value', 0.2"):
        refuse_another(directory, other)


def test_a_part_is_made_once_however_often_a_study_is_killed(tmp_path):
    made = []

    def part(name, dies=False):
        made.append(name)
        if dies:
            raise KeyboardInterrupt
        return {"is": name}

    kept = Kept(tmp_path)
    assert kept("a", lambda: part("a")) == {"is": "a"}
    with pytest.raises(KeyboardInterrupt):
        kept("b", lambda: part("b", dies=True))
    again = Kept(tmp_path)
    assert [again(name, lambda name=name: part(name)) for name in ("a", "b")] == [{"is": "a"}, {"is": "b"}]
    assert made == ["a", "b", "b"]
    with pytest.raises(UserError, match="both b"):  # else it would be given the other's results
        again("b", lambda: part("c"))
