"""A study as MLflow holds it, read back without the folder it was run in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient, MlflowException
from mlflow.entities import Run

from bran.errors import ConfigError
from bran.workflows.mlflow_tracker import MlflowTracker
from bran.workflows.studies.folder import RECORD, RESULT
from bran.workflows.studies.results import RunResult, StudyResults, parse_record, parse_result
from bran.workflows.studies.tracking import ERROR, KEY, LEVEL, STUDY_ID


class MlflowStudyStore:
    """Reads studies of one experiment.

    Args:
        tracker: of the experiment.
        experiment: its name, for errors.
    """

    def __init__(self, tracker: MlflowTracker, experiment: str) -> None:
        self.client, self.id, self.experiment = MlflowClient(tracker.uri), tracker.experiment_id, experiment

    def read(self, name: str | None = None) -> StudyResults:
        """The study that was started last; of those called ``name`` when one is given.

        Raises:
            ConfigError: when there is none, or what is logged of it is damaged.
        """
        where = f" and attributes.run_name = '{name}'" if name else ""
        found = self._search(f"tags.`{LEVEL}` = 'study'{where}")
        if not found:
            known = ", ".join(sorted({run.info.run_name for run in self._search(f"tags.`{LEVEL}` = 'study'")}))
            wanted = f"study {name!r}" if name else "study"
            raise ConfigError(f"MLflow experiment {self.experiment!r} has no {wanted}; it has {known or 'none'}")
        study = found[0]
        record = parse_record(self._text(study, RECORD), f"MLflow run {study.info.run_id}")
        runs = self._search(f"tags.`{LEVEL}` = 'run' and tags.`{STUDY_ID}` = '{record.id}'")
        by_key = {run.data.tags[KEY]: run for run in runs}
        wanted_keys = [run.key for run in record.runs if run.key in by_key]
        results = {key: self._result(by_key[key]) for key in wanted_keys if by_key[key].info.status == "FINISHED"}
        errors = {key: by_key[key].data.tags.get(ERROR, "") for key in wanted_keys if key not in results}
        return StudyResults(record, results, {key: error for key, error in errors.items() if error})

    def _result(self, run: Run) -> RunResult:
        return parse_result(self._text(run, RESULT), f"MLflow run {run.info.run_id}")

    def _search(self, where: str) -> list[Run]:
        """All runs for which ``where`` holds, the newest first."""
        runs: list[Run] = []
        token = None
        while True:
            page = self.client.search_runs(
                [self.id], where, order_by=["attributes.start_time DESC"], page_token=token, max_results=1000
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _text(self, run: Run, file: str) -> str:
        """The text of an artifact.

        Raises:
            ConfigError: when it is not there.
        """
        with TemporaryDirectory() as folder:
            try:
                path = self.client.download_artifacts(run.info.run_id, file, folder)
                return Path(path).read_text(encoding="utf-8")
            except (MlflowException, OSError) as error:
                reason = str(error).partition("\n")[0]
                raise ConfigError(f"MLflow run {run.info.run_id}: {file} cannot be read ({reason})") from None
