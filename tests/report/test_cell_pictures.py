"""The picture of a concept's best unit: a saturated unit has two colours, and the concept is marked."""

import matplotlib.image
import numpy as np

from rnn_research.report import cell_pictures
from rnn_research.runs.shown import Labels, Shown

SPACES = 80


def test_a_saturated_unit_is_not_one_solid_colour(tmp_path):
    """A c of 32 outside and 33 inside, over a text of blanks: half of it is orange and half of it blue."""
    inside_N = np.arange(2000) % SPACES >= SPACES // 2
    activations = {(0, "c"): (32 + inside_N.astype(np.float16))[:, None]}
    labels = {"quotes": Labels("binary", inside_N)}
    shown = Shown(" " * 2000, activations, np.ones((2000, 1)), labels, [" "], {"network": "x"})
    best = {"unit": "layer1.c[0]", "statistic": "auc", "confirm": 1.0}
    entry = {"concept": "quotes", "verdict": "single cell", "best": best}
    cell_pictures.picture(entry, shown, tmp_path / "a.png")
    text = matplotlib.image.imread(tmp_path / "a.png")[60:-90, 30:-40, :3]
    blue, orange = ((text[..., a] > text[..., b] + 0.2).mean() for a, b in ((2, 0), (0, 2)))
    assert min(blue, orange) > 0.3


def test_where_a_concept_holds():
    marked_N, said = cell_pictures.holds(Labels("count", np.array([0, 0, 3, 0, 1])))
    assert marked_N.tolist() == [False, False, True, False, True]
    assert "above its median" in said
    assert cell_pictures.holds(Labels("categorical", np.zeros(2), ["a", "b"])) == (None, "")
