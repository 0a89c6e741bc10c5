"""The figures of causes and closing symbols, read off their own axes and pixels."""

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnn_research.report import cell_figures


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved, with their axes still there."""
    kept, save = [], cell_figures.save

    def keep(figure, axes, path):
        axes = list(axes)
        kept.append((figure, axes[0]))
        with monkeypatch.context() as patch:
            patch.setattr(plt, "close", lambda figure: None)
            save(figure, axes, path)

    monkeypatch.setattr(cell_figures, "save", keep)
    yield kept
    plt.close("all")


def closing(concept="quotes", plain=0.5, held=0.5):
    bins = [
        {"nearest": 1, "farthest": 4, "at_end": {"positions": 3, "plain": plain, "intervened": held}},
        {"nearest": 5, "farthest": 9, "at_end": {"positions": 1234, "plain": plain, "intervened": held}},
        {"nearest": 10, "farthest": None, "at_end": {"positions": 0, "plain": None, "intervened": None}},
    ]
    return {"concept": concept, "closing": {"unit": "layer1.c[3]", "value": 0.5, "bins": bins}}


def test_a_point_says_on_how_many_positions_it_rests(tmp_path, drawn):
    cell_figures.closing(closing(), tmp_path / "a.png")
    ((_, axes),) = drawn
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1-4\nn = 3", "5-9\nn = 1,234", "10+\nn = 0"]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [point.get_markerfacecolor() == "white" for point in points] == [True, False, True] * 2


def test_both_lines_are_seen_where_they_are_the_same(tmp_path):
    cell_figures.closing(closing(), tmp_path / "a.png")
    pixels = matplotlib.image.imread(tmp_path / "a.png")[..., :3]
    # Below the legend, between the two points.
    height, width = pixels.shape[:2]
    row = pixels[height // 3 : height * 2 // 3, int(0.3 * width) : int(0.5 * width)]
    for colour in ((0, 0.447, 0.698), (0.835, 0.369, 0)):
        assert (np.abs(row - colour).max(axis=-1) < 0.03).any()


def test_no_title_is_wider_than_its_figure(tmp_path, drawn):
    cell_figures.closing(closing("a_pattern_with_a_very_long_name_" * 5), tmp_path / "a.png")
    ((figure, _),) = drawn
    figure.canvas.draw()
    extent = figure._suptitle.get_window_extent()
    assert extent.x0 >= 0
    assert extent.x1 <= figure.bbox.width


def test_no_row_lies_on_the_frame_and_no_label_beyond_it(tmp_path, drawn):
    effect = {
        "unit": "layer1.c[3]",
        "proved": True,
        "contrast": {"value": 0.1, "low": 0.05, "high": 0.15},
        "controls": {"contrast": [0.01], "units": ["layer1.c[0]"] * 20},
    }
    cell_figures.causes([{"concept": name, "effect": effect} for name in ("a" * 60, "b", "c")], tmp_path / "a.png")
    ((figure, axes),) = drawn
    figure.canvas.draw()
    assert axes.xaxis.label.get_window_extent().x1 <= figure.bbox.width
    low, high = axes.get_ylim()
    assert low <= -0.5
    assert high >= 2.5
