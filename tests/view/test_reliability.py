from __future__ import annotations

import io

import numpy as np
from matplotlib import image

from bran.evaluation.reliability import Reliability
from bran.view.reliability import reliability_png, reliability_svg
from tests.view.test_figures import texts


def parts() -> dict[str, Reliability]:
    generator = np.random.default_rng(2)
    probabilities = generator.uniform(size=300)
    correct = generator.uniform(size=300) < probabilities**2
    return {
        "scores": Reliability.of(probabilities, correct),
        "probabilities": Reliability.of(probabilities**2, correct),
    }


def test_a_diagram_tells_errors_and_counts() -> None:
    found = texts(reliability_svg(parts()))
    for name, reliability in parts().items():
        assert f"{name}: ECE {reliability.ece_width:.3f}, log loss {reliability.log_loss:.3f}" in found
        assert {str(each.count) for each in reliability.bins} <= set(found)
    assert "share that is right" in found


def test_a_single_bin_can_be_drawn() -> None:
    assert texts(reliability_svg({"same": Reliability.of(np.full(3, 0.3), np.array([True, False, False]))}))


def test_the_same_diagram_has_the_same_bytes() -> None:
    assert reliability_svg(parts()) == reliability_svg(parts())
    assert reliability_png(parts()) == reliability_png(parts())


def test_a_png_shows_something() -> None:
    pixels = image.imread(io.BytesIO(reliability_png(parts())))
    assert pixels.shape[:2] == (900, 975)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 3
