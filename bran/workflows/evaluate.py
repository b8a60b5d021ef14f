"""Scoring a model against gold documents, and tracking what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bran.errors import ModelError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport
from bran.extraction.predictor import Predictor
from bran.workflows.tracking import Tracker


def evaluate_model(folder: Path, gold: GoldStandard, *, threshold: float | None = None) -> Predictions:
    """The relations that the model in ``folder`` finds in the documents of ``gold``.

    Args:
        folder: what ``bran train`` wrote.
        gold: its documents are read, their relations are not.
        threshold: the model's own when ``None``.

    Raises:
        ModelError: when the folder cannot be read, or the model has other relation types than ``gold``.
    """
    predictor = Predictor.load(folder)
    description = predictor.model.description
    if description.relation_schema.labels != gold.schema.labels:
        wanted, has = ", ".join(gold.schema.labels), ", ".join(description.relation_schema.labels)
        raise ModelError(f"{folder}: predicts {has}; the gold documents are read with a schema of {wanted}")
    limit = description.threshold if threshold is None else threshold
    relations = {doc.id: doc.relations for doc in predictor.predict(gold.corpus.documents, threshold=limit)}
    training = description.training
    return Predictions(
        description.name, relations, config=training.get("config"), seed=training.get("seed"), threshold=limit
    )


def flat_scores(report: EvaluationReport) -> dict[str, float]:
    """Scores of all relations and of either span as flat metrics, in [0, 1]: ``filtered_micro_f1``, ..."""
    return {
        f"{protocol}_{name}_{metric}": card.score(name, metric)
        for protocol, card in report.cards.items()
        for name in ("micro", "intra", "inter")
        for metric in ("precision", "recall", "f1")
    }


def track_evaluation(report: EvaluationReport, tracker: Tracker, figures: Iterable[Path] = ()) -> None:
    """Log ``report`` as a run: scores as metrics and as ``scores.json``, and ``figures``."""
    with tracker.start(f"evaluate {report.system}", tags={"evaluation": report.system}) as run:
        run.set_tags({f"signature_{protocol}": str(card.signature) for protocol, card in report.cards.items()})
        run.log_metrics(flat_scores(report))
        run.log_dict(report.to_dict(), "scores.json")
        for path in figures:
            run.log_file(path, "figures")
