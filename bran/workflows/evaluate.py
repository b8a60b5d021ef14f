"""Scoring a model against gold documents."""

from __future__ import annotations

from pathlib import Path

from bran.errors import ModelError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.extraction.predictor import Predictor


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
