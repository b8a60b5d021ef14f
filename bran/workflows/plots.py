"""What ``bran plot`` draws, and what training and evaluation draw of themselves: numbers in, a figure with them out."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bran.corpus.document import Document, Relation
from bran.corpus.lengths import document_lengths
from bran.errors import ConfigError, DataError
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.reliability import Reliability
from bran.evaluation.scored import ScoredCandidates
from bran.evaluation.scores import precision_recall_f1
from bran.evaluation.strata import Measure, document_mentions, pair_mentions, sentence_distance, strata
from bran.evaluation.thresholds import score_curve
from bran.files import atomic_write
from bran.view.plots.histograms import lengths_plot, scores_plot
from bran.view.plots.learning import LOSS, SCORE, LearningCurve, learning_plot
from bran.view.plots.network import Edge, network_plot
from bran.view.plots.precision_recall import Chosen, PrecisionRecall, precision_recall_plot
from bran.view.plots.reliability import reliability_plot
from bran.view.plots.strata import Group, strata_plot
from bran.workflows.epochs import EPOCHS, read_epochs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MODEL = Path("model", "model.json")
_EDGE = ("type", "head", "head_name", "head_type", "tail", "tail_name", "tail_type", "documents", "mean_score")


@dataclass(frozen=True, slots=True)
class Slicing:
    """How relations are put into groups.

    Attributes:
        measure: what they are measured by.
        starts: the least value of each group.
        label: what people call the measure.
    """

    measure: Measure
    starts: tuple[int, ...]
    label: str


SLICINGS = {
    "distance": Slicing(sentence_distance, (0, 1, 2, 3, 5), "sentences that the nearest mentions of a pair are apart"),
    "pair-mentions": Slicing(pair_mentions, (2, 3, 4, 6, 9, 13), "mentions of both ends of a pair"),
    "document-mentions": Slicing(document_mentions, (0, 11, 16, 21, 31), "mentions in the document"),
}
"""The ways in which scores are cut, by name."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure and the numbers in it.

    Attributes:
        figure: what is seen.
        header: names of the columns of ``rows``.
        rows: every number that is drawn.
    """

    figure: Figure
    header: tuple[str, ...]
    rows: list[tuple[str | int | float | None, ...]]

    def write_numbers(self, path: Path) -> None:
        """Write the numbers to ``path`` as TSV."""
        with atomic_write(path) as stream:
            csv.writer(stream, delimiter="\t", lineterminator="\n").writerows([self.header, *self.rows])


def plot_learning(folders: Sequence[Path]) -> Plot:
    """Learning curves of the fits in ``folders``: of runs of ``bran train``, of their splits, or of a study's runs.

    Raises:
        DataError: when a folder has no epochs.
    """
    fits: dict[str, LearningCurve] = {}
    for folder in folders:
        for path in _epoch_files(folder):
            name = path.parent.name if len(folders) == 1 else f"{folder.name}/{path.parent.name}"
            epochs = [(epoch.epoch, epoch.metrics) for epoch in read_epochs(path)]
            fits[name] = LearningCurve.of(epochs, kept=_kept_epoch(path.parent / _MODEL))
    rows: list[tuple[str | int | float | None, ...]] = [
        (name, int(epoch), loss, dict(fit.score).get(epoch), int(epoch == fit.kept))
        for name, fit in fits.items()
        for epoch, loss in fit.loss
    ]
    return Plot(learning_plot(fits), ("fit", "epoch", LOSS, SCORE, "kept"), rows)


def plot_precision_recall(
    gold: GoldStandard,
    systems: Mapping[str, tuple[Predictions, float | None]],
    *,
    protocol: str = FILTERED,
) -> Plot:
    """Precision and recall at every threshold.

    Args:
        gold: documents with the answers.
        systems: by name, all candidates with their scores, and the threshold that decides, if there is one.
        protocol: ``raw`` or ``filtered``.

    Raises:
        DataError: when a relation has no score, or there is none.
    """
    drawn: dict[str, PrecisionRecall] = {}
    rows: list[tuple[str | int | float | None, ...]] = []
    for name, (predictions, threshold) in systems.items():
        curve = score_curve(gold, predictions, protocol=protocol)
        scores = curve.scores.tolist()
        found = None if threshold is None else curve.at(threshold)
        chosen = Chosen(found.value, found.precision, found.recall, found.f1) if found else None
        points = [(recall, precision) for precision, recall, _ in scores]
        drawn[name] = PrecisionRecall(points, curve.average_precision, chosen)
        rows += [(name, value, *each) for value, each in zip(curve.thresholds.tolist(), scores, strict=True)]
    return Plot(precision_recall_plot(drawn), ("system", "threshold", "precision", "recall", "f1"), rows)


def plot_strata(
    gold: GoldStandard, predictions: Predictions, slicing: str, *, protocol: str = FILTERED, resamples: int = 1000
) -> Plot:
    """F1 by the groups of one of :data:`SLICINGS`.

    Args:
        gold: documents with the answers.
        predictions: kept at a threshold.
        slicing: its name.
        protocol: ``raw`` or ``filtered``.
        resamples: corpora drawn for each interval.
    """
    chosen = SLICINGS[slicing]
    found = strata(gold, predictions, chosen.measure, chosen.starts, protocol=protocol, resamples=resamples)
    groups = [Group(s.name, s.f1, s.low, s.high, s.gold, s.predicted) for s in found]
    totals = gold.count(predictions)[protocol].totals.sum(axis=(0, 1))
    figure = strata_plot(groups, label=chosen.label, total=float(precision_recall_f1(totals)[2]))
    header = (slicing, "tp", "fp", "fn", "precision", "recall", "f1", "low", "high")
    return Plot(figure, header, [(s.name, s.tp, s.fp, s.fn, s.precision, s.recall, s.f1, s.low, s.high) for s in found])


def plot_lengths(documents: Iterable[Document], *, subwords: Callable[[str], int] | None = None) -> Plot:
    """Histograms of the lengths of ``documents``; ``subwords`` counts those of a text."""
    lengths = document_lengths(documents, subwords=subwords)
    numbers = zip(*lengths.values(), strict=True)
    return Plot(lengths_plot(lengths), tuple(lengths), [tuple(each) for each in numbers])


def plot_scores(documents: Iterable[Document], *, threshold: float | None = None) -> Plot:
    """How scores are distributed, or probabilities where every relation has one.

    Args:
        documents: with predicted relations, such as :func:`bran.export.reading.read_table` gives.
        threshold: on the score; marked where scores are drawn.

    Raises:
        DataError: when no relation has a score.
    """
    relations = [relation for document in documents for relation in document.relations]
    measure, values = _measured(relations)
    figure = scores_plot({"unknown": values}, label=measure, threshold=threshold if measure == "score" else None)
    return Plot(figure, (measure,), [(value,) for value in values])


def plot_judged_scores(
    gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED, threshold: float | None = None
) -> Plot:
    """How scores are distributed over right and wrong candidates.

    Raises:
        DataError: when a relation has no score.
    """
    scored = ScoredCandidates.of(gold, predictions, protocol=protocol)
    parts = {"right": scored.scores[scored.correct].tolist(), "wrong": scored.scores[~scored.correct].tolist()}
    rows: list[tuple[str | int | float | None, ...]] = [(name, value) for name in parts for value in parts[name]]
    return Plot(scores_plot(parts, label="score", threshold=threshold), ("candidate", "score"), rows)


def plot_reliability(gold: GoldStandard, systems: Mapping[str, Predictions], *, protocol: str = FILTERED) -> Plot:
    """How often candidates with a score are right.

    Raises:
        DataError: when a relation has no score, or there is none.
    """
    parts: dict[str, Reliability] = {}
    for name, predictions in systems.items():
        scored = ScoredCandidates.of(gold, predictions, protocol=protocol)
        if not len(scored):
            raise DataError(f"{name}: no scored relation for any gold document; expected the scores of candidates")
        parts[name] = Reliability.of(scored.scores, scored.correct)
    header = ("system", "low", "high", "count", "predicted", "observed")
    rows: list[tuple[str | int | float | None, ...]] = [
        (name, b.low, b.high, b.count, b.predicted, b.observed) for name, part in parts.items() for b in part.bins
    ]
    return Plot(reliability_plot(parts), header, rows)


def plot_network(
    inputs: Sequence[Path], *, top: int = 40, min_probability: float | None = None, min_score: float | None = None
) -> Plot:
    """The pairs that most documents relate, as a network; counted as ``bran aggregate`` counts.

    Args:
        inputs: relation tables and folders of runs.
        top: how many pairs are drawn; of those with as many documents, the ones of the highest mean score.
        min_probability: a document states a relation only from this probability on.
        min_score: a document states a relation only from this score on.

    Raises:
        FormatError: when an input cannot be read.
    """
    import pyarrow.parquet as pq

    from bran.export.aggregate import Aggregation, aggregate  # imports DuckDB

    settings = Aggregation(min_probability=min_probability, min_score=min_score, ids=0)
    with TemporaryDirectory() as folder:
        path = Path(folder, "relations.parquet")
        aggregate(inputs, path, settings)
        rows = pq.read_table(path, columns=list(_EDGE)).to_pylist()
    rows.sort(key=lambda row: (-row["documents"], -(row["mean_score"] or 0.0), row["head"], row["tail"], row["type"]))
    edges = [
        Edge(
            row["head"],
            row["tail"],
            row["head_name"] or row["head"],
            row["tail_name"] or row["tail"],
            row["head_type"] or "",
            row["tail_type"] or "",
            row["documents"],
        )
        for row in rows[:top]
    ]
    figure = network_plot(edges, of=len(rows) if len(rows) > len(edges) else None)
    return Plot(figure, _EDGE, [tuple(row[name] for name in _EDGE) for row in rows[:top]])


def evaluation_plots(gold: GoldStandard, predictions: Predictions, *, protocol: str = FILTERED) -> dict[str, Plot]:
    """F1 by distance and numbers of mentions, by the name of the figure.

    Args:
        gold: documents with the answers.
        predictions: kept at a threshold.
        protocol: ``raw`` or ``filtered``.
    """
    return {name: plot_strata(gold, predictions, name, protocol=protocol) for name in SLICINGS}


def candidate_plots(
    gold: GoldStandard, candidates: Mapping[str, tuple[Predictions, float | None]], *, protocol: str = FILTERED
) -> dict[str, Plot]:
    """Precision and recall, by the name of the figure; of a single system, the distribution of its scores too.

    Args:
        gold: documents with the answers.
        candidates: by name, all candidates with their scores and the threshold.
        protocol: ``raw`` or ``filtered``.
    """
    plots = {"precision-recall": plot_precision_recall(gold, candidates, protocol=protocol)}
    if len(candidates) == 1:
        ((predictions, threshold),) = candidates.values()
        plots["scores"] = plot_judged_scores(gold, predictions, protocol=protocol, threshold=threshold)
    return plots


def _epoch_files(folder: Path) -> list[Path]:
    here = folder / EPOCHS
    found = [here] if here.is_file() else sorted(folder.glob(f"*/{EPOCHS}"))
    if not found:
        raise DataError(
            f"{folder}: has no {EPOCHS}; expected the folder of a `bran train` run, or of one of its splits"
        )
    return found


def _kept_epoch(description: Path) -> int | None:
    """The epoch whose weights a model has; ``None`` while it is trained."""
    if not description.is_file():
        return None
    try:
        kept = json.loads(description.read_text(encoding="utf-8"))["training"].get("kept_epoch")
    except (ValueError, KeyError):
        raise ConfigError(f"{description}: damaged; expected what `bran train` wrote") from None
    return None if kept is None else int(kept)


def _measured(relations: Sequence[Relation]) -> tuple[str, list[float]]:
    probabilities = [r.probability for r in relations if r.probability is not None]
    if relations and len(probabilities) == len(relations):
        return "probability", probabilities
    scores = [r.score for r in relations if r.score is not None]
    if not scores:
        raise DataError("no relation has a score; expected the relations of a model")
    return "score", scores
