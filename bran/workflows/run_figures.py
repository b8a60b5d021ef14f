"""The figures that a run of ``bran train`` draws of itself: of each split, and of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bran.errors import DataError
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.view.plots.files import write_both
from bran.workflows.plots import Plot, candidate_plots, evaluation_plots, plot_learning
from bran.workflows.tracking import Run

FIGURES = "figures"
"""The folder of figures within that of a run or split, and among the artifacts of a tracked run."""


class RunFigures:
    """Draws a run: into its folder, and to the tracker.

    Args:
        protocol: under which scores are drawn.
    """

    def __init__(self, protocol: str = FILTERED) -> None:
        self.protocol = protocol

    def of_split(self, folder: Path, run: Run, gold: GoldStandard, candidates: Predictions, threshold: float) -> None:
        """Draw one split: learning curve, precision and recall, scores, F1 by distance and numbers of mentions.

        Args:
            folder: of the split.
            run: takes the files.
            gold: of its test part.
            candidates: every candidate of the test part with its score.
            threshold: of the model.
        """
        plots = {"learning": plot_learning([folder])} | evaluation_plots(
            gold, candidates.keep(threshold, gold.schema), protocol=self.protocol
        )
        with suppress(DataError):  # a test part without a candidate has no curve
            plots |= candidate_plots(gold, {folder.name: (candidates, threshold)}, protocol=self.protocol)
        self._write(plots, folder, run)

    def of_run(self, folder: Path, run: Run) -> None:
        """Draw the learning curves of all fits in ``folder`` together; ``run`` takes the files."""
        self._write({"learning": plot_learning([folder])}, folder, run)

    def _write(self, plots: Mapping[str, Plot], folder: Path, run: Run) -> None:
        for path in write_plots(plots, folder / FIGURES):
            run.log_file(path, FIGURES)


def write_plots(plots: Mapping[str, Plot], folder: Path) -> list[Path]:
    """Write ``plots`` to ``folder`` as SVG and PNG, with their numbers as TSV; returns the files."""
    files: list[Path] = []
    for name, plot in plots.items():
        numbers = folder / f"{name}.tsv"
        files += [*write_both(plot.figure, folder, name), numbers]
        plot.write_numbers(numbers)
    return files
