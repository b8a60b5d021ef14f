from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import ConfigError, TrainingError
from bran.workflows.studies.folder import StudyFolder
from bran.workflows.studies.plan import Plan
from bran.workflows.studies.results import StudyResults
from bran.workflows.studies.study import check_failures, state
from bran.workflows.train import TrainingRun
from tests.studies import Diary, execute, record_of, small_plan

TWO = {"variants": {}}
"""The base alone, on two folds."""


def test_every_run_is_done_and_told_of(finished: tuple[Path, Plan, StudyResults]) -> None:
    _, plan, results = finished
    assert set(results.results) == {run.key for run in plan.runs}
    assert not results.failures
    check_failures(results)


def test_a_second_start_tells_of_what_is_done_and_does_nothing(finished: tuple[Path, Plan, StudyResults]) -> None:
    folder, plan, results = finished
    diary = Diary()
    again = execute(plan, folder, diary)
    assert diary.lines == [("finished", run.name) for run in plan.runs]
    assert again.results == results.results
    assert again.record.id == results.record.id


def test_an_interrupted_study_goes_on(tmp_path: Path) -> None:
    def interrupt(name: str) -> None:
        if name == "base/0/fold-2":
            raise KeyboardInterrupt

    plan = small_plan(tmp_path, **TWO, changes={"training.epochs": 2})
    with pytest.raises(KeyboardInterrupt):
        execute(plan, tmp_path, Diary(interrupt))
    diary = Diary()
    results = execute(plan, tmp_path, diary)
    assert diary.names("started") == ["base/0/fold-2"]
    assert diary.names("finished") == ["base/0/fold-1", "base/0/fold-2"]
    assert diary.names("epoch 1") == ["base/0/fold-2"]
    undisturbed = execute(plan, tmp_path / "other")
    for key, result in undisturbed.results.items():
        assert (results.results[key].counts, results.results[key].threshold) == (result.counts, result.threshold)


def test_failed_runs_are_left_alone_until_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = TrainingRun._fit

    def breaks_on_one(self: TrainingRun, split: object, *rest: object) -> object:
        if getattr(split, "name", "") == "fold-1":
            raise TrainingError("the loss is nan")
        return fit(self, split, *rest)  # type: ignore[arg-type]

    plan = small_plan(tmp_path, **TWO)
    monkeypatch.setattr(TrainingRun, "_fit", breaks_on_one)
    first = execute(plan, tmp_path, diary := Diary())
    assert diary.names("failed: the loss is nan") == ["base/0/fold-1"]
    assert diary.names("finished") == ["base/0/fold-2"]
    assert first.failed == [("base/0/fold-1", "the loss is nan")]
    message = "1 of 2 runs failed, first base/0/fold-1: the loss is nan; --retry-failed tries them again"
    with pytest.raises(TrainingError, match=message):
        check_failures(first)
    monkeypatch.undo()
    second = execute(plan, tmp_path, diary := Diary())
    assert (second.failures, diary.names("started")) == (first.failures, [])
    third = execute(plan, tmp_path, diary := Diary(), retry_failed=True)
    assert (third.failures, diary.names("started")) == ({}, ["base/0/fold-1"])
    assert len(third.results) == 2


def test_a_repeated_row_gives_the_same_numbers(finished: tuple[Path, Plan, StudyResults], tmp_path: Path) -> None:
    _, plan, results = finished
    folder = StudyFolder(tmp_path)
    only = plan.select(["cnn-only"])
    record = record_of(plan, folder)
    assert "--only cnn-only --device cpu --threads 1" in record.command("cnn-only")
    again = execute(Plan(plan.study, plan.corpus, only), tmp_path)
    assert len(again.results) == 2
    for key, result in again.results.items():
        assert result.scores("filtered") == results.results[key].scores("filtered")
        assert result.curve == results.results[key].curve


def test_one_process_runs_a_study_at_a_time(tmp_path: Path) -> None:
    first, second = StudyFolder(tmp_path), StudyFolder(tmp_path)
    message = "another process is running this study"
    with first.locked(), pytest.raises(ConfigError, match=message), second.locked():
        pass
    with second.locked():
        pass


def test_the_state_of_the_runs(finished: tuple[Path, Plan, StudyResults], tmp_path: Path) -> None:
    folder, plan, _ = finished
    assert state(plan.runs, StudyFolder(folder), retry_failed=False).done == plan.runs
    assert state(plan.runs, StudyFolder(tmp_path), retry_failed=False).missing == plan.runs
