"""A study in MLflow: study → variant → seed/fold, written by the one process that leads it.

All that is logged can be logged again without a change, so that a killed study goes on where it was: runs are
found by their tags, epochs carry the time at which they ended, and a run is finished when all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mlflow import MlflowException

from bran.workflows.mlflow_tracker import MlflowRun, MlflowTracker
from bran.workflows.run_files import CANDIDATES
from bran.workflows.studies.folder import RECORD, REPORT, RESULT, StudyFolder
from bran.workflows.studies.plan import Plan, PlannedRun
from bran.workflows.studies.results import Epoch, RunResult, StudyRecord

LEVEL, STUDY, STUDY_ID, VARIANT, KEY, ERROR = (
    f"bran.{name}" for name in ("level", "study", "study_id", "variant", "key", "error")
)
"""Tags that runs are found by."""


class MlflowStudy:
    """An observer that logs to MLflow.

    Args:
        tracker: of the experiment.
        plan: of the study.
        record: what is known of it.
        folder: holds what is logged.
    """

    def __init__(self, tracker: MlflowTracker, plan: Plan, record: StudyRecord, folder: StudyFolder) -> None:
        self.plan, self.record, self.folder = plan, record, folder
        tags = {LEVEL: "study", STUDY_ID: record.id}
        self.study = tracker.reopen(record.name, tags=tags)
        self.rows: dict[str, MlflowRun] = {}
        self.open: dict[str, MlflowRun] = {}
        self.heard: dict[str, set[int]] = {}
        self._begin()

    def started(self, run: PlannedRun) -> None:
        """Open the run, with all that is known before its first epoch."""
        self._open(run)

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        """Log the epoch."""
        self._log_epoch(run, epoch)

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        """Log all that is not there yet, and end the run."""
        stored = self._open(run)
        if stored.finished:
            return
        for epoch in result.epochs:
            self._log_epoch(run, epoch)
        folder = self.folder.run_folder(run)
        stored.log_metrics({**result.metrics, **_facts(result)}, at=result.epochs[-1].time)
        stored.set_tags({f"bran.signature.{protocol}": card.signature for protocol, card in result.counts.items()})
        stored.log_file(folder / run.split.name / CANDIDATES)
        stored.log_file(folder / RESULT)
        stored.set_status("FINISHED")
        self._close(run)

    def failed(self, run: PlannedRun, error: str) -> None:
        """End the run as failed, with its error."""
        stored = self._open(run)
        stored.set_tags({ERROR: error[:5000]})
        stored.set_status("FAILED")
        self._close(run)

    def end(self, means: Mapping[str, Mapping[str, float]], *, failed: bool) -> None:
        """Log the report and the means of each row, and end the study.

        Args:
            means: metrics of each row.
            failed: whether a run did.
        """
        for path in sorted((self.folder.path / REPORT).rglob("*")):
            if path.is_file():
                self.study.log_file(path, str(path.parent.relative_to(self.folder.path)))
        for row, metrics in means.items():
            self._row(row).log_metrics(metrics)
            self._row(row).set_status("FINISHED")
        self.study.set_status("FAILED" if failed else "FINISHED")

    def _begin(self) -> None:
        self.study.set_status("RUNNING")
        self.study.set_tags({STUDY: self.record.name, "bran.code": self.record.code})
        self.study.log_dict(self.record.settings, "study.yaml")
        self.study.log_dict(self.record.environment, "environment.json")
        self.study.log_file(self.folder.path / RECORD)
        self._log_corpus(self.study)

    def _row(self, row: str) -> MlflowRun:
        """The run of a row."""
        if row not in self.rows:
            tags = {LEVEL: "variant", STUDY_ID: self.record.id, VARIANT: row}
            self.rows[row] = self.study.reopen(row, tags=tags)
            self.rows[row].log_params(self.record.rows[row])
            self.rows[row].set_status("RUNNING")
        return self.rows[row]

    def _open(self, run: PlannedRun) -> MlflowRun:
        """The run of ``run``."""
        if run.key not in self.open:
            tags = {LEVEL: "run", STUDY_ID: self.record.id, KEY: run.key}
            stored = self.open[run.key] = self._row(run.row).reopen(f"seed {run.seed}, {run.split.name}", tags=tags)
            if not stored.finished:
                self._describe(stored, run)
        return self.open[run.key]

    def _describe(self, stored: MlflowRun, run: PlannedRun) -> None:
        stored.set_status("RUNNING")
        settings = run.config.model_dump(mode="json", by_alias=True)
        params = {key: value for key, value in settings.items() if key != "splits"}
        stored.log_params({**params, "variant": run.row, "split": run.split.name})
        stored.log_dict(settings, "config.yaml")
        stored.log_dict(self.record.environment, "environment.json")
        stored.set_tags({"bran.command": self.record.command(run.name), STUDY: self.record.name, ERROR: ""})
        self._log_corpus(stored)

    def _log_corpus(self, stored: MlflowRun) -> None:
        documents = len(self.plan.corpus.documents)
        source = Path(self.record.corpus)
        stored.log_corpus(source.name, source=source, digest=self.record.corpus_hash, documents=documents)

    def _log_epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        heard = self.heard.setdefault(run.key, set())
        if epoch.epoch not in heard:
            self._open(run).log_metrics(epoch.metrics, step=epoch.epoch, at=epoch.time)
            heard.add(epoch.epoch)

    def _close(self, run: PlannedRun) -> None:
        self.open.pop(run.key, None)
        self.heard.pop(run.key, None)


class CarefulTracking:
    """A study in MLflow that no run is lost for: when the store fails while runs go on, it is told once and left alone.

    Args:
        study: what logs.
        warn: takes the line that tells of it.
    """

    def __init__(self, study: MlflowStudy, warn: Callable[[str], None]) -> None:
        self.study, self.warn = study, warn
        self.failing = False

    def started(self, run: PlannedRun) -> None:
        """As :meth:`MlflowStudy.started`."""
        self._try(lambda: self.study.started(run))

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        """As :meth:`MlflowStudy.epoch`."""
        self._try(lambda: self.study.epoch(run, epoch))

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        """As :meth:`MlflowStudy.finished`."""
        self._try(lambda: self.study.finished(run, result))

    def failed(self, run: PlannedRun, error: str) -> None:
        """As :meth:`MlflowStudy.failed`."""
        self._try(lambda: self.study.failed(run, error))

    def end(self, means: Mapping[str, Mapping[str, float]], *, failed: bool) -> None:
        """As :meth:`MlflowStudy.end`."""
        self._try(lambda: self.study.end(means, failed=failed))

    def _try(self, log: Callable[[], None]) -> None:
        if self.failing:
            return
        try:
            log()
        except (MlflowException, OSError) as error:
            self.failing = True
            reason = str(error).partition("\n")[0]
            self.warn(f"MLflow store: {reason}; runs go on, start the study again to log what is missing")


def _facts(result: RunResult) -> dict[str, float]:
    """What is measured of a run beside its scores."""
    return {"threshold": result.threshold, "parameters": result.parameters, "training_seconds": result.seconds}
