"""The models that corpora are measured with."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from benchmarks.setting import random_model
from bran.corpus.document import Document
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.workflows.bundled import model_folder


class Model(StrEnum):
    """The models that are measured."""

    ships = "ships"
    random = "d64"

    def folder(self, scratch: Path, documents: Sequence[Document]) -> Path:
        """Its folder; that of random weights is made where it is missing, as it finds as much as there is to find."""
        path = scratch / "models" / self.value
        if self is Model.ships:
            return model_folder()
        if not path.is_dir() and documents:
            model = random_model([document.text for document in documents])
            model.description = model.description.model_copy(update={"threshold": _usual_threshold(model, documents)})
            path.parent.mkdir(parents=True, exist_ok=True)
            model.save(path)
        return path


def _usual_threshold(model: TrainedModel, documents: Sequence[Document], sample: int = 200) -> float:
    """The score that as many candidates reach as relations are annotated: their writing takes time, too."""
    chosen = documents[:: max(1, len(documents) // sample)]
    scored = Predictor(model).predict(chosen, threshold=0)
    scores = sorted((relation.score or 0.0 for document in scored for relation in document.relations), reverse=True)
    annotated = sum(len(document.relations) for document in chosen)
    return scores[min(annotated, len(scores) - 1)]
