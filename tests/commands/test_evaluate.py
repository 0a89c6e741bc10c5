"""A trained run scored on a split or on any text: the last line is JSON, and nothing is dropped in silence."""

import json
import math
from pathlib import Path

import pytest
from processes import Ended, WarmPython, refused


def last(ended: Ended) -> dict:
    assert ended.status == 0, ended.err
    return json.loads(ended.out.splitlines()[-1])


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_is_scored_as_the_run_scored_it(call: WarmPython, trained: Path, split: str):
    found = last(call("evaluate", f"--workdir={trained}", f"--split={split}"))
    results = json.loads((trained / "results.json").read_text())
    assert found["step"] == results["best_step"]
    for name in ("nats_per_token", "bits_per_byte", "perplexity", "tokens", "nats_per_token_low95"):
        assert found[name] == pytest.approx(results[f"{split}_{name}"], rel=1e-6), name
    assert found["outside_vocabulary"] == 0


def test_units_and_intervals_agree(call: WarmPython, trained: Path):
    """One byte is one symbol here, so the three figures are functions of one another."""
    found = last(call("evaluate", f"--workdir={trained}", "--split=train"))
    assert found["interval"].startswith("95 % over ")
    for end in ("", "_low95", "_high95"):
        nats = found[f"nats_per_token{end}"]
        assert found[f"bits_per_byte{end}"] == pytest.approx(nats / math.log(2), rel=1e-9)
        assert found[f"perplexity{end}"] == pytest.approx(math.exp(nats), rel=1e-9)
    assert found["nats_per_token_low95"] < found["nats_per_token"] < found["nats_per_token_high95"]


def test_symbols_outside_the_vocabulary_are_counted(call: WarmPython, trained: Path, tmp_path: Path):
    path = tmp_path / "other.txt"
    path.write_bytes(b"3 quick QUICK foxes.\n" * 20)  # five capitals a line that the run never saw
    ended = call("evaluate", f"--workdir={trained}", f"--text={path}")
    found = last(ended)
    assert found["outside_vocabulary"] == 100
    assert found["tokens"] == 20 * 16 - 1  # the very first symbol is not predicted
    assert "319 symbols scored, 100 outside the vocabulary" in ended.out
    assert "of 420 symbols in all: the first is read only" in ended.out
    assert (
        "100 symbols (23.87%) are outside the vocabulary and are not coded: every figure is of the others" in ended.out
    )
    assert "bits_per_byte" not in found
    assert found["bits_per_coded_byte"] == pytest.approx(found["nats_per_token"] / math.log(2))
    assert found["text"] == str(path)


def test_a_first_symbol_outside_the_vocabulary_is_counted_nowhere(call: WarmPython, trained: Path, tmp_path: Path):
    """It is not scored, whatever it is: what is outside is the same number in both places that say it."""
    path = tmp_path / "capital.txt"
    path.write_bytes(b"Quick Quick foxes.\n" * 20)
    ended = call("evaluate", f"--workdir={trained}", f"--text={path}")
    found = last(ended)
    assert found["outside_vocabulary"] == found["uncoded_symbols"] == 39
    assert found["tokens"] + found["uncoded_symbols"] == 20 * 19 - 1
    assert "39 outside the vocabulary" in ended.out


def test_a_file_that_is_no_gzip_though_its_name_says_so_is_read_with_a_note(
    call: WarmPython, trained: Path, tmp_path: Path
):
    path = tmp_path / "plain.gz"
    path.write_bytes(b"3 quick foxes.\n" * 20)
    ended = call("evaluate", f"--workdir={trained}", f"--text={path}")
    assert last(ended)["tokens"] == 299
    assert f"{path} is no gzip by its content, whatever its name: it is read as it stands" in ended.out


def test_text_of_which_nothing_is_known(call: WarmPython, trained: Path, tmp_path: Path):
    """No symbol scored is no perplexity of 1."""
    path = tmp_path / "capitals.txt"
    path.write_text("QQQQ" * 10)
    refused(call("evaluate", f"--workdir={trained}", f"--text={path}"), str(path), "40", "outside the vocabulary")


def test_wrong_calls(call: WarmPython, trained: Path, tmp_path: Path):
    none = tmp_path / "none"
    for name, content in (("empty", b""), ("one", b"a")):
        (tmp_path / name).write_bytes(content)
    run = f"--workdir={trained}"
    refused(call("evaluate", run, "--split=tset"), "--split='tset'", "'test'", "test, train, validation")
    refused(call("evaluate", run, f"--text={none}"), f"--text={none}", "no such file")
    refused(call("evaluate", run, f"--text={tmp_path / 'empty'}"), "--text=", "empty")
    refused(call("evaluate", run, f"--text={tmp_path / 'one'}"), "1 symbol cannot be scored")
