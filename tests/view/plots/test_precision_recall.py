from __future__ import annotations

import numpy as np

from bran.view.plots.files import svg
from bran.view.plots.precision_recall import Chosen, PrecisionRecall, precision_recall_plot
from tests.view.plots.test_curves import texts

CURVE = PrecisionRecall([(0.5, 1.0), (1.0, 0.5)], 0.75, Chosen(0.4, precision=1.0, recall=0.5, f1=2 / 3))


def test_the_curve_and_its_threshold() -> None:
    (axes,) = precision_recall_plot({"model": CURVE}).axes
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert drawn["model: average precision 0.750"] == [[0.5, 1.0], [1.0, 0.5]]
    assert drawn["threshold 0.400: F1 0.667"] == [[0.5, 1.0]]


def test_grey_lines_have_the_f1_that_is_written_at_them() -> None:
    (axes,) = precision_recall_plot({}).axes
    assert [text.get_text() for text in axes.texts] == ["F1 0.2", "F1 0.4", "F1 0.6", "F1 0.8"]
    for text, line in zip(axes.texts, axes.lines, strict=True):
        recall, precision = line.get_xydata().T
        f1 = float(text.get_text().removeprefix("F1 "))
        np.testing.assert_allclose(2 * precision * recall / (precision + recall), f1)


def test_without_a_threshold_none_is_marked() -> None:
    found = texts(svg(precision_recall_plot({"a": PrecisionRecall(CURVE.points, 0.75)})))
    assert "a: average precision 0.750" in found
    assert not [text for text in found if text.startswith("threshold")]
