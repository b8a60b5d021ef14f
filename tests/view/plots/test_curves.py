from __future__ import annotations

from xml.etree import ElementTree

from bran.view.plots.curves import Interval, curves, forest
from bran.view.plots.files import svg

INTERVALS = [Interval("cnn-only", -9.7, -11.0, -8.2), Interval("no <ner>", 0.4, -0.2, 1.1)]


def texts(drawing: str) -> list[str]:
    """What is written in a drawing."""
    root = ElementTree.fromstring(drawing)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return ["".join(element.itertext()).strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_forest_plot_names_every_row_from_the_top_down() -> None:
    found = texts(svg(forest(INTERVALS, label="difference")))
    assert [text for text in found if text in ("cnn-only", "no <ner>")] == ["cnn-only", "no <ner>"]
    assert "difference" in found


def test_an_interval_may_lie_beside_its_value() -> None:
    """A percentile interval need not hold the difference itself."""
    assert texts(svg(forest([Interval("a", 1.0, 1.2, 1.4)], label="x")))


def test_curves_have_a_legend() -> None:
    lines = {f"row {number}": [(1.0, 0.1 * number), (2.0, 0.2 * number)] for number in range(12)}
    found = texts(svg(curves({**lines, "one point": [(1.0, 1.0)]}, x="epoch", y="F1")))
    assert {"row 0", "row 11", "one point", "epoch", "F1"} <= set(found)
    assert texts(svg(curves({}, x="epoch", y="F1")))


def test_the_same_figure_has_the_same_bytes_and_no_date() -> None:
    first, second = (svg(forest(INTERVALS, label="difference")) for _ in range(2))
    assert first == second
    assert first.startswith("<svg")
    assert "<metadata" not in first
