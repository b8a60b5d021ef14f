from __future__ import annotations

from bran.view.plots.files import svg
from bran.view.plots.learning import LearningCurve, learning_plot
from tests.view.plots.test_curves import texts

EPOCHS = [(1, {"pair_loss": 0.9, "score": 0.2}), (2, {"pair_loss": 0.5, "score": 0.6}), (3, {"pair_loss": 0.4})]


def test_what_is_drawn_is_what_the_epochs_say() -> None:
    figure = learning_plot({"fold-1": LearningCurve.of(EPOCHS, kept=2)})
    loss, score = figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 0.9], [2, 0.5], [3, 0.4]]
    assert score.lines[0].get_xydata().tolist() == [[1, 20.0], [2, 60.0]]
    assert loss.lines[1].get_xydata().tolist() == [[2, 0.5]]  # the mark of the kept epoch
    assert score.lines[1].get_xydata().tolist() == [[2, 60.0]]


def test_a_fit_that_was_not_validated_has_a_loss_alone() -> None:
    figure = learning_plot({"refit": LearningCurve.of([(1, {"pair_loss": 0.9})], kept=1)})
    assert [axes.get_ylabel() for axes in figure.axes] == ["training loss"]


def test_several_fits_are_named() -> None:
    figure = learning_plot({name: LearningCurve.of(EPOCHS) for name in ("fold-1", "fold-2")})
    assert {"fold-1", "fold-2", "training loss", "validation F1 (%)"} <= set(texts(svg(figure)))
    first, second = (figure.axes[0].lines[number].get_color() for number in (0, 1))
    assert first != second
