"""The folder of a study: everything in it appears by rename, so that a kill leaves it whole.

::

    study.json                what the study is: see StudyRecord
    runs/<key>/config.yaml    the resolved config of a run
    runs/<key>/epochs.jsonl   its epochs, as they end
    runs/<key>/result.json    what is kept of it; there when it is done
    runs/<key>/failed.json    its error; there when it failed
    runs/<key>/...            as `bran train` leaves it: model, candidates, scores
    report/                   tables and figures
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bran.errors import ConfigError
from bran.files import atomic_write
from bran.workflows.run_config import RunConfig
from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.results import (
    RunResult,
    StudyRecord,
    StudyResults,
    parse_record,
    parse_result,
)

RECORD, RESULT, FAILURE, RUN_CONFIG, REPORT = "study.json", "result.json", "failed.json", "config.yaml", "report"


class StudyFolder:
    """Reads and writes the folder of a study.

    Args:
        path: where it is, or is to be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running the same study.

        Raises:
            ConfigError: when one does already.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(f"{self.path}: another process is running this study; expected one only") from None
            yield

    def run_folder(self, run: PlannedRun) -> Path:
        """Where ``run`` is done."""
        return self.path / "runs" / run.key

    @property
    def record(self) -> StudyRecord:
        """What an earlier start has written of the study.

        Raises:
            ConfigError: when there is none, or it is damaged.
        """
        path = self.path / RECORD
        try:
            return parse_record(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ConfigError(
                f"{path}: cannot be read ({error.strerror}); expected a folder of `bran study run`"
            ) from None

    def earlier_id(self) -> str | None:
        """Id of the study, when the folder holds one."""
        return self.record.id if (self.path / RECORD).exists() else None

    def write_record(self, record: StudyRecord) -> None:
        """Write what the study is."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / RECORD, record.model_dump_json(indent=2))

    def result(self, key: str) -> RunResult | None:
        """The result of the run with this key, once it is done.

        Raises:
            ConfigError: when it is damaged.
        """
        path = self.path / "runs" / key / RESULT
        return parse_result(path.read_text(encoding="utf-8"), str(path)) if path.exists() else None

    def failure(self, key: str) -> str | None:
        """The error of the run with this key, when it failed."""
        path = self.path / "runs" / key / FAILURE
        return str(json.loads(path.read_text(encoding="utf-8"))["error"]) if path.exists() else None

    def forget_failure(self, key: str) -> None:
        """Let the run with this key be tried again."""
        (self.path / "runs" / key / FAILURE).unlink(missing_ok=True)

    def read(self) -> StudyResults:
        """All that the folder holds.

        Raises:
            ConfigError: when it is no study's, or damaged.
        """
        record = self.record
        keys = [run.key for run in record.runs]
        results = {key: result for key in keys if (result := self.result(key))}
        failures = {key: error for key in keys if key not in results and (error := self.failure(key))}
        return StudyResults(record, results, failures)


def write_result(folder: Path, result: RunResult) -> None:
    """Write the result of the run in ``folder``: it is done then."""
    write_json(folder / RESULT, result.model_dump_json())


def write_failure(folder: Path, error: str) -> None:
    """Write that the run in ``folder`` failed, and of what."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FAILURE, json.dumps({"error": error}, ensure_ascii=False))


def write_config(folder: Path, config: RunConfig) -> None:
    """Write the config of the run in ``folder``, as `bran train` takes it."""
    with atomic_write(folder / RUN_CONFIG) as stream:
        yaml.safe_dump(config.model_dump(mode="json", by_alias=True), stream, sort_keys=False, allow_unicode=True)


def write_json(path: Path, text: str) -> None:
    """Write ``text`` and a line end, by rename."""
    with atomic_write(path) as stream:
        stream.write(text + "\n")
