"""What ``bran train`` does: fits every split of a run, scores it on its test part, tracks and writes all of it.

A run's folder::

    run.json               the resolved config, and hashes of it, of the corpus and of the model that was started from
    splits.json            document ids of the corpus, and of every part
    <split>/epochs.jsonl   loss and validation scores of each epoch, as it ended
    <split>/model/         the trained model
    <split>/candidates.parquet   every candidate of the test part with its score
    <split>/scores.json    raw and filtered, with signatures
    <split>/figures/       learning curve, precision and recall, scores, F1 by distance and mentions; their numbers
    figures/               learning curves of all fits
    refit/model/           trained on the whole corpus, calibrated on the test parts of the first kind of split
    refit/calibration.json, reliability.svg, reliability.png   how far its scores and probabilities can be believed
    summary.json, summary.md
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bran.config import config_hash
from bran.corpus.load import Corpus
from bran.corpus.splits import Split
from bran.errors import ConfigError
from bran.evaluation.calibration_report import CalibrationReport
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import evaluate
from bran.evaluation.thresholds import BEST_F1
from bran.export.reading import read_table
from bran.extraction.trained_model import ModelDescription, TrainedModel, read_description
from bran.nn.model_folder import DESCRIPTION
from bran.training.checkpoint import CHECKPOINT
from bran.training.loop import Metrics
from bran.workflows.calibrate import calibrated, write_report
from bran.workflows.epochs import EPOCHS, EpochFile
from bran.workflows.evaluate import flat_scores
from bran.workflows.fitting import Fitter, Listener
from bran.workflows.pretrained_encoders import encoder_hash
from bran.workflows.run_config import RunConfig
from bran.workflows.run_files import (
    CANDIDATES,
    MODEL,
    REFIT,
    SCORES,
    SPLITS,
    Outcome,
    write_candidates,
    write_json,
    write_settings,
    write_summary,
)
from bran.workflows.starts import start_hash
from bran.workflows.summary import Summary
from bran.workflows.tracking import Run, Tracker

if TYPE_CHECKING:
    from bran.workflows.run_figures import RunFigures


class Display(Protocol):
    """Shows a run to whoever waits for it."""

    def fit(self, name: str, documents: int) -> AbstractContextManager[Listener]:
        """Show one fit, that will read ``documents`` documents in all epochs together."""


class TrainingRun:
    """One run of ``bran train``; started again in the same folder, it does what is missing.

    Args:
        config: what to do.
        corpus: what to do it on.
        folder: where everything goes.
        fitter: fits the models of ``config``.
        tracker: where runs are logged.
        display: shows progress.
        init: folder of a model or pretrained encoder to start every fit from; by default that of ``config``.
        figures: draws the run; ``None``: no figures.
    """

    def __init__(
        self,
        config: RunConfig,
        corpus: Corpus,
        folder: Path,
        *,
        fitter: Fitter,
        tracker: Tracker,
        display: Display,
        init: Path | None = None,
        figures: RunFigures | None = None,
    ) -> None:
        self.config, self.corpus, self.folder = config, corpus, folder
        self.fitter, self.tracker, self.display = fitter, tracker, display
        self.init = init or (Path(config.init) if config.init else None)
        self.figures = figures

    def run(self, *, source: Path, only: Sequence[str] = ()) -> Summary:
        """Do all that the config asks for.

        Args:
            source: where the corpus was read from, for the record.
            only: names of splits; the others, and the refit, are left for another time.

        Raises:
            ConfigError: when ``only`` names no split, two splits have one name, or the folder holds results of
                another config, corpus, start or teacher.
            DuplicateDocumentError: when a document of the corpus is among the weak ones.
        """
        groups = self._groups(only)
        self.fitter.data.check(self.corpus)
        self._write_settings()
        self.fitter.machine.processes.wait()
        with self.tracker.start(self.config.name, tags=self._identity) as run:
            self._log_settings(run, source)
            outcomes = [[outcome for split in group if (outcome := self._split(split, run))] for group in groups]
            summary = Summary.of([{outcome.split.name: outcome.report for outcome in group} for group in outcomes])
            if self.config.refit and not only:
                self._refit(outcomes[0] if outcomes else [], run, summary)
            self._write_summary(summary, run)
            if self.figures:
                self.figures.of_run(self.folder, run)
        return summary

    def follow(self, *, only: Sequence[str] = ()) -> None:
        """Take part in the fits of another process's :meth:`run`, and write nothing."""
        self.fitter.data.check(self.corpus)
        missing = [split for group in self._groups(only) for split in group if not self._done(split)]
        if self.config.refit and not only and not self._done(self._everything):
            missing.append(self._everything)
        self.fitter.machine.processes.wait()
        for split in missing:
            train, validation = self.corpus.select(split.train), self.corpus.select(split.validation)
            self.fitter.fit(split, train, validation, folder=self.folder / split.name, init=self.init)

    def _groups(self, only: Sequence[str]) -> list[list[Split]]:
        """The splits of each kind, without those that are neither wanted now nor done."""
        groups = [config.build(self.corpus) for config in self.config.splits]
        names = [split.name for group in groups for split in group]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"splits: {name!r} stands twice; expected each kind of split once")
        for name in only:
            if name not in names:
                raise ConfigError(f"split {name!r}; the config has {', '.join(names) or 'none'}")
        wanted = only or names
        return [[split for split in group if split.name in wanted or self._done(split)] for group in groups]

    @property
    def _everything(self) -> Split:
        return Split(REFIT, tuple(document.id for document in self.corpus.documents), (), ())

    @cached_property
    def _identity(self) -> dict[str, str]:
        """Hashes of what decides the results."""
        init = {"init": start_hash(self.init)} if self.init else {}
        knowledge = {"knowledge": self.fitter.knowledge.hash} if self.fitter.knowledge else {}
        named = encoder_hash(self.config.model)
        encoder = {"encoder": named} if named else {}
        config = {"config": config_hash(self.config), "corpus": self.corpus.hash}
        names = [split.name for kind in self.config.splits for split in kind.build(self.corpus)]
        data = self.fitter.data.identity([*names, *([REFIT] if self.config.refit else [])])
        return {**config, **knowledge, **encoder, **init, **data}

    def _done(self, split: Split) -> bool:
        """Whether the last file that is written of ``split`` is there."""
        last = Path(SCORES) if split.test else Path(MODEL, DESCRIPTION)
        return (self.folder / split.name / last).exists()

    def _split(self, split: Split, run: Run) -> Outcome | None:
        """Fit and score one split, or only read what an earlier start has left of it; ``None`` without a test part."""
        folder = self.folder / split.name
        if self._done(split):
            return self._outcome(split, folder) if split.test else None
        with run.start(split.name, tags={"split": split.name}) as child:
            child.log_dict({"train": split.train, "validation": split.validation, "test": split.test}, "split.json")
            model = self._fit(split, folder, child)
            self._save(model, folder, child)
            outcome = self._score(model, split, folder, child) if split.test else None
            (folder / CHECKPOINT).unlink(missing_ok=True)
        return outcome

    def _score(self, model: TrainedModel, split: Split, folder: Path, run: Run) -> Outcome:
        documents = self.corpus.select(split.test)
        write_candidates(self.fitter.predictor(model).predict(documents, threshold=0.0), folder, self.fitter.schema)
        outcome = self._outcome(split, folder)
        run.log_metrics(flat_scores(outcome.report))
        run.log_file(folder / CANDIDATES)
        run.log_dict(outcome.report.to_dict(), SCORES)
        if self.figures:
            gold, threshold = self._gold(split), model.description.threshold
            self.figures.of_split(folder, run, gold, outcome.candidates, threshold)
        write_json(folder / SCORES, outcome.report.to_dict())
        return outcome

    def _fit(self, split: Split, folder: Path, run: Run) -> TrainedModel:
        train, validation = self.corpus.select(split.train), self.corpus.select(split.validation)
        log = EpochFile(folder / EPOCHS)
        documents = self.fitter.data.epoch_size(len(train)) * self.config.training.epochs
        with self.display.fit(split.name, documents) as listener:

            def on_epoch(metrics: Metrics, epoch: int) -> None:
                log.add(metrics, epoch)
                listener.epoch(metrics, epoch)
                run.log_metrics(metrics, step=epoch)

            heard = Listener(on_epoch, listener.advance)
            model = self.fitter.fit(split, train, validation, folder=folder, listener=heard, init=self.init)
        record = {**model.description.training, **self._identity}
        model.description = model.description.model_copy(update={"training": record})
        return model

    def _save(self, model: TrainedModel, folder: Path, run: Run) -> None:
        """Write and log the model."""
        model.save(folder / MODEL)
        run.log_params({"threshold": model.description.threshold})
        run.log_model(folder / MODEL, example=self.corpus.documents[0])

    def _outcome(self, split: Split, folder: Path) -> Outcome:
        """Score the predictions that lie in ``folder``, at the threshold of its model."""
        candidates = replace(
            Predictions.of(read_table(folder / CANDIDATES), system=self.config.name),
            config=config_hash(self.config),
            seed=self.config.training.seed,
        )
        predictions = candidates.keep(read_description(folder / MODEL).threshold, self.fitter.schema)
        return Outcome(split, evaluate(self._gold(split), predictions), candidates)

    def _gold(self, split: Split) -> GoldStandard:
        return self.fitter.gold(self.corpus.select(split.test), split=split.name)

    def _refit(self, outcomes: Sequence[Outcome], run: Run, summary: Summary) -> None:
        """Train on everything; threshold and calibration are from models that did not see the document."""
        if self._done(self._everything):
            return
        folder = self.folder / self._everything.name
        with run.start(folder.name, tags={"split": folder.name}) as child:
            model = self._fit(self._everything, folder, child)
            if outcomes:
                report = self._calibrate(outcomes, folder, child)
                model.description = _described(model.description, report, summary)
            self._save(model, folder, child)
            (folder / CHECKPOINT).unlink(missing_ok=True)

    def _calibrate(self, outcomes: Sequence[Outcome], folder: Path, run: Run) -> CalibrationReport:
        """Calibrate on predictions of models that did not see the document."""
        documents = [document for outcome in outcomes for document in self.corpus.select(outcome.split.test)]
        relations = {id_: found for outcome in outcomes for id_, found in outcome.candidates.relations.items()}
        predictions = replace(outcomes[0].candidates, relations=relations)
        gold = self.fitter.gold(documents, split="out-of-fold")
        report = CalibrationReport.of(gold, predictions, protocol=self.config.protocol)
        run.log_metrics(report.metrics)
        for path in write_report(report, folder):
            run.log_file(path)
        return report

    def _write_settings(self) -> None:
        splits = [split for group in self._groups(()) for split in group]
        settings = self.config.model_dump(mode="json", by_alias=True)
        write_settings(self.folder, self._identity, settings, corpus=self.corpus, splits=splits)

    def _log_settings(self, run: Run, source: Path) -> None:
        settings = self.config.model_dump(mode="json", by_alias=True)
        run.log_params({key: value for key, value in settings.items() if key != "splits"})
        run.log_dict(settings, "config.yaml")
        run.log_corpus(source.name, source=source, digest=self.corpus.hash, documents=len(self.corpus.documents))
        run.log_file(self.folder / SPLITS)

    def _write_summary(self, summary: Summary, run: Run) -> None:
        write_summary(summary, self.folder)
        run.log_text(summary.to_markdown(), "summary.md")
        run.log_metrics(summary.metrics)


def _described(description: ModelDescription, report: CalibrationReport, summary: Summary) -> ModelDescription:
    """``description`` with the threshold of best F1, the calibration, and what the splits scored."""
    threshold = report.thresholds[BEST_F1]
    record = {**description.training, "out_of_fold": threshold.model_dump(), "scores": summary.to_dict()}
    return calibrated(description.model_copy(update={"threshold": threshold.value, "training": record}), report)
