"""What ``bran train`` does: fits every split of a run, scores it on its test part, tracks and writes all of it.

A run's folder::

    config.yaml            the resolved config
    splits.json            document ids of every part
    <split>/model/         the trained model
    <split>/predictions.parquet   every candidate of the test part with its score
    <split>/scores.json    raw and filtered, with signatures
    model/                 trained on the whole corpus (``refit``)
    summary.json, summary.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from bran.config import config_hash
from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.splits import Split
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport, evaluate
from bran.export.reading import read_table
from bran.export.writers import open_writer
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.files import atomic_write
from bran.training.loop import Metrics
from bran.workflows.fitting import Fitter, Listener, Machine
from bran.workflows.run_config import RunConfig
from bran.workflows.summary import Summary
from bran.workflows.tracking import NullTracker, Run, Tracker

PREDICTIONS, SCORES, MODEL = "predictions.parquet", "scores.json", "model"


class Display(Protocol):
    """Shows a run to whoever waits for it."""

    def fit(self, name: str, documents: int) -> AbstractContextManager[Listener]:
        """Show one fit, that will read ``documents`` documents in all epochs together."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A split that was fitted and scored.

    Attributes:
        split: which.
        report: its scores on the test part.
        predictions: every candidate of the test part with its score.
        threshold: what was chosen on the validation part.
    """

    split: Split
    report: EvaluationReport
    predictions: Predictions
    threshold: float


class TrainingRun:
    """One run of ``bran train``; started again in the same folder, it does what is missing.

    Args:
        config: what to do.
        corpus: what to do it on.
        folder: where everything goes.
        mesh: the tree of the hypernym filter.
        machine: device and checkpoints.
        tracker: where runs are logged.
        display: shows progress.
        init: a model folder to start every fit from.
    """

    def __init__(
        self,
        config: RunConfig,
        corpus: Corpus,
        folder: Path,
        *,
        mesh: MeshTree,
        machine: Machine | None = None,
        tracker: Tracker | None = None,
        display: Display,
        init: Path | None = None,
    ) -> None:
        self.config, self.corpus, self.folder = config, corpus, folder
        self.fitter = Fitter(config, mesh=mesh, machine=machine)
        self.tracker = tracker or NullTracker()
        self.display = display
        self.init = init

    def run(self, *, source: Path, only: Sequence[str] = ()) -> Summary:
        """Do all that the config asks for.

        Args:
            source: where the corpus was read from, for the record.
            only: names of splits; the others, and the refit, are left for another time.
        """
        groups = [config.build(self.corpus) for config in self.config.splits]
        self._write_settings(groups)
        with self.tracker.start(self.config.name, tags={"config": config_hash(self.config)}) as run:
            self._log_settings(run, source, groups)
            outcomes = [
                [self._split(split, run) for split in group if not only or split.name in only] for group in groups
            ]
            summary = Summary.of([group for group in outcomes if group])
            if self.config.refit and not only:
                self._refit(outcomes[0] if outcomes else [], run, summary)
            self._write(summary, run)
        return summary

    def _split(self, split: Split, run: Run) -> Outcome:
        folder = self.folder / split.name
        test = self.corpus.select(split.test)
        if not (folder / SCORES).exists():
            with run.start(split.name, tags={"split": split.name}) as child:
                model = self._fit(split, folder, child)
                self._predict(model, test, folder)
                report = self._score(split, test, folder, model.description)
                child.log_metrics(_flat(report))
                child.log_file(folder / PREDICTIONS)
                child.log_dict(report.to_dict(), SCORES)
                child.log_dict({"train": split.train, "validation": split.validation, "test": split.test}, "split.json")
        description = _read_description(folder)
        report = self._score(split, test, folder, description)
        return Outcome(split, report, _read_predictions(folder, self.config.name), description.threshold)

    def _fit(self, split: Split, folder: Path, run: Run) -> TrainedModel:
        train, validation = self.corpus.select(split.train), self.corpus.select(split.validation)
        with self.display.fit(split.name, len(train) * self.config.training.epochs) as listener:

            def on_epoch(metrics: Metrics, epoch: int) -> None:
                listener.epoch(metrics, epoch)
                run.log_metrics(metrics, step=epoch)

            heard = Listener(on_epoch, listener.advance)
            model = self.fitter.fit(split, train, validation, folder=folder, listener=heard, init=self.init)
        record = {**model.description.training, "corpus": self.corpus.hash}
        model.description = model.description.model_copy(update={"training": record})
        model.save(folder / MODEL)
        return model

    def _predict(self, model: TrainedModel, documents: Sequence[Document], folder: Path) -> None:
        predictor = self.fitter.predictor(model)
        with open_writer(folder / PREDICTIONS, schema=self.fitter.schema) as writer:
            for document in predictor.predict(documents, threshold=0.0):
                writer.write(document)

    def _score(
        self, split: Split, test: Sequence[Document], folder: Path, description: ModelDescription
    ) -> EvaluationReport:
        predictions = _read_predictions(folder, self.config.name).keep(description.threshold)
        signed = Predictions(
            predictions.system,
            predictions.relations,
            config=config_hash(self.config),
            seed=self.config.training.seed,
            threshold=description.threshold,
        )
        report = evaluate(self.fitter.gold(test, split=split.name), signed)
        _write_json(folder / SCORES, report.to_dict())
        return report

    def _refit(self, outcomes: Sequence[Outcome], run: Run, summary: Summary) -> None:
        """Train on everything; the threshold is the best one on predictions that no model was trained on."""
        folder = self.folder / "refit"
        if (folder / MODEL / "model.json").exists():
            return
        everything = Split("refit", tuple(document.id for document in self.corpus.documents), (), ())
        with run.start("refit", tags={"split": "refit"}) as child:
            model = self._fit(everything, folder, child)
            if outcomes:
                documents = [d for outcome in outcomes for d in self.corpus.select(outcome.split.test)]
                relations = {id_: rs for outcome in outcomes for id_, rs in outcome.predictions.relations.items()}
                threshold = self.fitter.threshold(documents, Predictions(self.config.name, relations)).value
                record = {**model.description.training, "summary": summary.to_dict()}
                model.description = model.description.model_copy(update={"threshold": threshold, "training": record})
            model.save(folder / MODEL)
            child.log_params({"threshold": model.description.threshold})
            child.log_model(folder / MODEL, example=self.corpus.documents[0])

    def _write_settings(self, groups: Iterable[Sequence[Split]]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        splits = {split.name: asdict(split) for group in groups for split in group}
        _write_json(self.folder / "config.json", self.config.model_dump(mode="json", by_alias=True))
        _write_json(self.folder / "splits.json", {"corpus": self.corpus.hash, "splits": splits})

    def _log_settings(self, run: Run, source: Path, groups: Iterable[Sequence[Split]]) -> None:
        settings = self.config.model_dump(mode="json", by_alias=True)
        run.log_params({key: value for key, value in settings.items() if key != "splits"})
        run.log_dict(settings, "config.yaml")
        run.log_corpus(source.name, source=source, digest=self.corpus.hash, documents=len(self.corpus.documents))
        run.log_file(self.folder / "splits.json")

    def _write(self, summary: Summary, run: Run) -> None:
        _write_json(self.folder / "summary.json", summary.to_dict())
        with atomic_write(self.folder / "summary.md") as stream:
            stream.write(summary.to_markdown())
        run.log_text(summary.to_markdown(), "summary.md")
        run.log_metrics(summary.metrics)


def _flat(report: EvaluationReport) -> dict[str, float]:
    return {
        f"{protocol}_{name}_{metric}": card.score(name, metric)
        for protocol, card in report.cards.items()
        for name in ("micro", "intra", "inter")
        for metric in ("precision", "recall", "f1")
    }


def _read_description(folder: Path) -> ModelDescription:
    from bran.extraction.trained_model import read_description

    return read_description(folder / MODEL)


def _read_predictions(folder: Path, name: str) -> Predictions:
    return Predictions.of(read_table(folder / PREDICTIONS), system=name)


def _write_json(path: Path, data: Any) -> None:
    with atomic_write(path) as stream:
        stream.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
