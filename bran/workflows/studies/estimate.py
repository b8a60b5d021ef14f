"""How long a study will take, from a short measurement of each row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from bran.corpus.document import Document
from bran.training.loop import Metrics
from bran.workflows.fitting import Listener
from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.work import Bench

_DOCUMENTS = 24
"""How many are trained and predicted on to see how fast that goes."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Documents per second of one row."""

    training: float
    prediction: float

    def seconds(self, run: PlannedRun) -> float:
        """How long ``run`` will take if all its epochs are trained."""
        train, validation, test = (len(getattr(run.split, side)) for side in ("train", "validation", "test"))
        epochs = run.config.training.epochs
        return epochs * train / self.training + ((epochs + 1) * validation + test) / self.prediction


def measure(run: PlannedRun, bench: Bench) -> Speed:
    """Train two epochs on a few documents of ``run`` and predict them; the second epoch counts.

    Raises:
        TrainingError: when there is nothing to learn.
    """
    torch.set_num_threads(bench.threads)
    documents = _few(bench.corpus.select(run.split.train))
    training = run.config.training.model_copy(update={"epochs": 2})
    config = run.config.model_copy(update={"training": training})
    fitter = bench.fitter(PlannedRun(run.row, run.seed, run.split, config, run.key))
    speeds: list[float] = []

    def note(metrics: Metrics, epoch: int) -> None:
        speeds.append(metrics["documents_per_second"])

    with TemporaryDirectory() as folder:
        model = fitter.fit(run.split, documents, (), folder=Path(folder), listener=Listener(epoch=note))
    started = time.perf_counter()
    fitter.predictions(model, documents)
    return Speed(speeds[-1], len(documents) / (time.perf_counter() - started))


def _few(documents: Sequence[Document]) -> Sequence[Document]:
    """The first documents, those with relations before the others: there must be something to learn."""
    return sorted(documents, key=lambda document: not document.relations)[:_DOCUMENTS]
