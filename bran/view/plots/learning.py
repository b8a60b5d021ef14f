"""Learning curves: what a fit lost and scored, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bran.view.plots.curves import add_legend, draw_lines
from bran.view.plots.style import Points, line_style, marker, styled

LOSS = "pair_loss"
SCORE = "score"


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """One fit.

    Attributes:
        loss: epoch and mean training loss (of relations).
        score: epoch and validation F1 in [0, 1]; empty when nothing was validated.
        kept: the epoch whose weights were kept; ``None`` where that is not known yet.
    """

    loss: Points
    score: Points
    kept: int | None = None

    @classmethod
    def of(cls, epochs: Sequence[tuple[int, Mapping[str, float]]], *, kept: int | None = None) -> LearningCurve:
        """From the number and the metrics of each epoch, as the training loop reports them."""

        def points(name: str) -> Points:
            return [(float(number), metrics[name]) for number, metrics in epochs if name in metrics]

        return cls(points(LOSS), points(SCORE), kept)


@styled
def learning_plot(fits: Mapping[str, LearningCurve]) -> Figure:
    """Loss above, validation F1 below, by epoch, one line per fit; the kept epoch is marked on its line."""
    scored = any(fit.score for fit in fits.values())
    figure = Figure(figsize=(6.5, 5.2 if scored else 3.0))
    axes = figure.subplots(2 if scored else 1, 1, sharex=True, squeeze=False)[:, 0]
    _draw(axes[0], {name: fit.loss for name, fit in fits.items()}, fits, label="training loss")
    if scored:
        scores = {name: [(x, 100 * y) for x, y in fit.score] for name, fit in fits.items()}
        _draw(axes[1], scores, fits, label="validation F1 (%)")
    axes[-1].set_xlabel("epoch (marked: the one that was kept)")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(fits) > 1:
        add_legend(axes[0])
    return figure


def _draw(axes: Axes, lines: Mapping[str, Points], fits: Mapping[str, LearningCurve], *, label: str) -> None:
    draw_lines(axes, lines)
    for number, (name, points) in enumerate(lines.items()):
        marked = [point for point in points if point[0] == fits[name].kept]
        style = {**line_style(number), "linestyle": ""}
        axes.plot([x for x, _ in marked], [y for _, y in marked], marker=marker(number), markersize=6, **style)
    axes.set_ylabel(label)
