"""What is inside the page: decoded here once more by other means, and held against what went in."""

import base64
import html
import json
import re
import zlib

import numpy as np
import pytest
from explorer_example import HOSTILE, example, standard_library

from rnn_research.errors import UserError
from rnn_research.report.explorer.data import Activations, ExplorerData, Guesses, Labels, likeliest, quantised
from rnn_research.report.explorer.encoding import nibbles
from rnn_research.report.explorer.explorer_page import write_explorer

ZERO = Activations(np.zeros((2, 1), np.int8), np.ones(1))


def small(text="abc", **changes) -> ExplorerData:
    q_NU = np.zeros((len(text), 2), np.int8)
    return ExplorerData("a title", text, {(0, "h"): Activations(q_NU, np.ones(2))})._replace(**changes)


def blocks_of(page: str) -> dict[str, bytes]:
    """The arrays of a page by their names."""
    found = re.findall(r'<script type="text/plain" id="([^"]+)">([^<]*)</script>', page)
    return {name: zlib.decompress(base64.b64decode(block)) for name, block in found}


def meta_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="meta">([^<]*)</script>', page)[1])


def unpacked(block: bytes, units: int, length: int, zero: int) -> np.ndarray:
    """Levels ``[N, U]``: digit by digit, each added to the one before it on a clock of sixteen hours."""
    digits = iter(block.hex())
    level_UN = []
    for _ in range(units):
        hour, course = 0, []
        for _ in range(length):
            hour = (hour + int(next(digits), 16)) % 16
            course.append(hour - zero)
        level_UN.append(course)
    return np.array(level_UN).T


@pytest.fixture
def written(tmp_path):
    def write(data: ExplorerData) -> str:
        write_explorer(tmp_path / "explorer.html", data)
        return (tmp_path / "explorer.html").read_text(encoding="utf-8")

    return write


def test_three_levels_by_hand():
    # 0, 3, -2 are 8, 11, 6 above -8; their differences from 0, 8 and 11 are 8, 3 and -5, which is 11 modulo 16.
    assert nibbles(np.array([[0], [3], [-2]], np.int8), signed=True).tobytes() == b"\x83\xb0"


@pytest.mark.parametrize("length", [300, 301])
def test_activations_come_back_within_half_a_level(written, length):
    rng = np.random.default_rng(1)
    signed_NU, gate_NU = rng.normal(size=(length, 3)) * (0.1, 1, 30), rng.uniform(size=(length, 1))
    data = small(
        "x" * length,
        activations={(0, "c"): quantised(signed_NU), (1, "f"): quantised(gate_NU, units=[7], scale=1.0)},
    )
    page = written(data)
    meta, blocks = meta_of(page)["activations"], blocks_of(page)
    assert [(each["layer"], each["quantity"], each["units"], each["signed"]) for each in meta] == [
        (0, "c", None, True),
        (1, "f", [7], False),
    ]
    for entry, values_NU, top in zip(meta, (signed_NU, gate_NU), (7, 15), strict=True):
        scale_U, centre_U = np.array(entry["scale"]), np.array(entry["centre"] or 0)
        level_NU = unpacked(blocks[entry["block"]], values_NU.shape[1], length, 8 if entry["signed"] else 0)
        clipped_NU = np.clip(values_NU, centre_U - scale_U, centre_U + scale_U)
        # Half a level, and half of a step of int8 before it.
        assert np.all(
            np.abs(centre_U + level_NU / top * scale_U - clipped_NU) <= scale_U * (0.5 / top + 0.5 / 127 + 1e-3)
        )
        assert np.mean(clipped_NU == values_NU) > 0.98


def test_text_labels_and_guesses_come_back(written):
    text = HOSTILE + standard_library(500)
    page = written(example(text, 12))
    meta, blocks = meta_of(page), blocks_of(page)
    assert blocks["text"].decode("utf-32-le", "surrogatepass") == text
    data = example(text, 12)
    for name, labels in data.labels.items():
        values_N = np.frombuffer(blocks[meta["labels"][name]["block"]], "<i4")
        np.testing.assert_array_equal(values_N, labels.values_N)
    index_NK = np.frombuffer(blocks["guesses-index"], "<u4").reshape(len(text), 5)
    np.testing.assert_array_equal(index_NK, data.guesses.index_NK)
    assert meta["guesses"]["vocabulary"] == sorted(set(text))
    assert blocks["guesses-probability"] == data.guesses.probability_NK.tobytes()


def test_the_likeliest_come_first():
    found = likeliest([[0.1, 0.6, 0.3], [1.0, 0.0, 0.0]], ["a", "b", "c"], count=2)
    assert found.index_NK.tolist() == [[1, 2], [0, 1]]
    assert found.probability_NK.tolist() == [[153, 76], [255, 0]]


def test_a_rare_burst_does_not_pale_a_unit():
    values_NU = np.tile([[0.25], [0.75]], (500, 1))
    values_NU[0] = 50
    found = quantised(values_NU)
    assert found.scale_U == pytest.approx([0.25], rel=1e-2)
    assert found.centre_U == pytest.approx([0.5], rel=1e-2)


def test_a_saturated_unit_is_not_one_solid_colour(written):
    """Its levels are about its own mean: between 32 and 33 they use nearly all fifteen, and its values come back."""
    values_NU = 32.5 + 0.5 * np.sin(np.arange(400) / 10)[:, None]
    data = small("x" * 400, activations={(0, "c"): quantised(values_NU)})
    page = written(data)
    (entry,) = meta_of(page)["activations"]
    level_NU = unpacked(blocks_of(page)[entry["block"]], 1, 400, 8)
    assert len(set(level_NU.ravel().tolist())) >= 14
    back_NU = np.array(entry["centre"]) + level_NU / 7 * np.array(entry["scale"])
    np.testing.assert_allclose(back_NU, values_NU, atol=0.04)


def test_rounding_is_not_coloured():
    """float16 has steps of 0.03 at 32: one of them is half a colour at most."""
    values_NU = np.float16(32.5) + np.float16(0.03125) * (np.arange(400)[:, None] % 50 == 0)
    assert np.abs(quantised(values_NU).q_NU).max() <= 64


def test_nothing_from_outside_is_markup(written):
    """Every string of the data is hostile; the page has the same elements as one with harmless strings."""

    def with_strings(string: str) -> str:
        labels = Labels("categorical", np.zeros(len(string), np.int16), [string])
        guesses = Guesses([string], np.zeros((len(string), 1), int), np.zeros((len(string), 1), np.uint8))
        entry = {"concept": string, "kind": "categorical", "verdict": string, "reason": string}
        changes = {"title": string, "labels": {string: labels}, "guesses": guesses}
        return written(small(string, **changes, concepts=[entry], facts={string: string}))

    hostile, harmless = with_strings(HOSTILE), with_strings("harmless")
    tags = [re.findall(r"<[a-z/!][^\s>]*", page, re.IGNORECASE) for page in (hostile, harmless)]
    assert tags[0] == tags[1]
    assert "document.title='broken'</script>" not in hostile
    assert meta_of(hostile)["title"] == HOSTILE
    shown = html.unescape(re.search("<title>(.*?)</title>", hostile, re.DOTALL)[1])
    assert shown.startswith("</script><script>document.title='broken'")


def test_the_page_asks_for_nothing_from_outside(written):
    page = written(small())
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)\s*=|@import|url\(|\bfetch\(|XMLHttpRequest|innerHTML", page)


def test_what_is_not_a_number_is_null(written):
    entry = {
        "concept": "x",
        "kind": "binary",
        "best": {"confirm": float("nan"), "mcc": np.float32(np.inf), "n": np.int64(3)},
    }
    page = written(small(concepts=[entry]))
    assert meta_of(page)["concepts"][0]["best"] == {"confirm": None, "mcc": None, "n": 3}


def test_no_activation_takes_more_than_four_bits(written):
    q_NU = np.random.default_rng(0).integers(-127, 128, (4000, 64)).astype(np.int8)
    page = written(small("x" * 4000, activations={(0, "h"): Activations(q_NU, np.ones(64))}))
    block = re.search('id="activations-0-h">([^<]*)<', page)[1]
    assert len(block) <= 4000 * 64 / 2 * 4 / 3 * 1.002


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activations": {(1, "c"): ZERO}}, "activations of layer 2, c are of 2 characters and the text has 3"),
        ({"text": ""}, "no text"),
        ({"activations": {}}, "no activations"),
        ({"activations": {(0, "c"): Activations(np.zeros((3, 2), np.int8), np.ones(1))}}, "layer 1, c: 2 units"),
        ({"labels": {"x": Labels("binary", np.zeros(2, int))}}, "labels of x are of 2 characters"),
        ({"labels": {"x": Labels("binary", np.array([0, 1, 2]))}}, "labels of x are binary and must be from 0 to 1"),
        ({"labels": {"x": Labels("categorical", np.array([0, 1, 1]), ["a"])}}, "must be from 0 to 0"),
        ({"guesses": Guesses(["a"], np.zeros((2, 5), int), np.zeros((2, 5), np.uint8))}, "guesses are of 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(written, changes, message):
    with pytest.raises(UserError, match=message) as error:
        written(small(**changes))
    assert "\n" not in str(error.value)
