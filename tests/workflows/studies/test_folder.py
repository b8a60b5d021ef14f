from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import ConfigError
from bran.workflows.studies.folder import RECORD, RESULT, StudyFolder, write_failure
from bran.workflows.studies.plan import Plan
from bran.workflows.studies.results import StudyResults


def test_what_is_written_is_read(finished: tuple[Path, Plan, StudyResults]) -> None:
    folder, plan, results = finished
    place = StudyFolder(folder)
    assert place.read() == results
    assert place.record.rows == {
        "base": {},
        "cnn-only": {"model.encoder.attention": None},
        "max": {"model.scorer.pooling.kind": "max"},
    }
    files = {path.name for path in place.run_folder(plan.runs[0]).iterdir()}
    assert {"config.yaml", "epochs.jsonl", RESULT, "run.json", "fold-1"} <= files
    assert not list(folder.rglob("*.part"))


def test_failures_are_kept_until_they_are_forgotten(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path)
    assert folder.failure("k") is None
    write_failure(tmp_path / "runs" / "k", "no memory")
    assert folder.failure("k") == "no memory"
    folder.forget_failure("k")
    assert folder.failure("k") is None


def test_a_folder_that_holds_no_study(tmp_path: Path) -> None:
    assert StudyFolder(tmp_path).earlier_id() is None
    with pytest.raises(ConfigError, match=r"study\.json: cannot be read \(No such file or directory\)"):
        StudyFolder(tmp_path).read()
    (tmp_path / RECORD).write_text("{")
    with pytest.raises(ConfigError, match=r"study\.json: damaged"):
        StudyFolder(tmp_path).earlier_id()
