"""The benchmark as a command: what it leaves, what it keeps, what it refuses."""

import json

import pytest
from processes import WarmPython, refused

EARLIER = {"loop": {"whole_over_chunk_median": 1.02, "rounds": 5}}
PACKAGES = {"flax.linen": "flax", "flax.nnx": "flax", "haiku": "haiku", "PyTorch": "torch"}


def test_one_shape_of_one_cell(call: WarmPython, tmp_path):
    (tmp_path / "KIND").write_text("benchmark\n")
    (tmp_path / "results.json").write_text(json.dumps(EARLIER))
    flags = ("--suite=cells", "--shapes=2x3x4", "--cells=elman", "--rounds=1", f"--workdir={tmp_path}")
    ended = call("benchmark", *flags)
    assert ended.status == 0, ended.err
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["loop"] == EARLIER["loop"]

    found = results["cells"]
    assert list(found["cases"]) == ["elman 2x3x4"]
    for pass_ in found["cases"]["elman 2x3x4"]["passes"].values():
        assert pass_["rounds"] == 1
        everyone = {*pass_["rows"], *found["left_out"]}
        assert everyone >= {"ours, plain", *PACKAGES}
        for row in pass_["rows"].values():
            assert 0 < row["milliseconds_least"] <= row["milliseconds_median"] <= row["milliseconds_most"]
            assert row["over_floor"] == pytest.approx(row["milliseconds_median"] / pass_["floor_milliseconds"])
        assert pass_["rows"][found["reference"]]["speed_of_ours_median"] == 1
    assert found["provenance"]["cores"] >= 1
    assert {"jax", "flax"} <= set(found["versions"])

    page = (tmp_path / "benchmark.md").read_text()
    assert "--suite=cells" in page
    assert "| forward + backward: flax.linen " in page
    assert "| whole_over_chunk_median |  1.02 |" in page
    assert str(tmp_path / "benchmark.md") in ended.out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--suite=cell",), ("--suite='cell'", "did you mean 'cells'?")),
        (("--suite=cells", "--shapes=32x100"), ("--shapes='32x100'", "32x100x128")),
        (("--suite=cells", "--shapes=32x100x128,0x1x1"), ("--shapes='0x1x1'", "BxTxH")),
        (("--suite=cells", "--shapes=4096x65536x4096"), ("--shapes=4096x65536x4096", "GB", "smaller")),
        (("--suite=train", "--cells=lstm,lsmt"), ("--cells='lsmt'", "did you mean 'lstm'?")),
        (("--suite=memory", "--shapes=2x3x4"), ("--shapes=2x3x4", "--suite=cells or train")),
        (("--suite=train", "--dtype=bfloat16"), ("--dtype=bfloat16", "--suite=cells")),
        (("--suite=cells", "--dtype=float16"), ("--dtype='float16'", "bfloat16, float32")),
        (("--suite=cells", "--rounds=0"), ("--rounds=0", "at least 1")),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_measured(call: WarmPython, tmp_path, flags, words):
    refused(call("benchmark", *flags, f"--workdir={tmp_path / 'new'}"), *words)
    assert not (tmp_path / "new").exists()
