from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
import yaml

from bran.config import parse_config
from bran.errors import TrainingError
from bran.workflows.run_config import RunConfig
from bran.workflows.studies import work as work_module
from bran.workflows.studies.folder import RESULT, StudyFolder
from bran.workflows.studies.plan import Plan
from bran.workflows.studies.results import Epoch, StudyResults, parse_result
from bran.workflows.studies.work import EPOCHS, EpochLog, StudyStopped, work
from bran.workflows.train import TrainingRun
from tests.runs import start
from tests.studies import bench, small_plan

Finished = tuple[Path, Plan, StudyResults]


def test_a_result_is_that_of_bran_train(finished: Finished, tmp_path: Path) -> None:
    folder, plan, results = finished
    run = plan.select(["max/0/fold-2"])[0]
    result = results.results[run.key]
    settings = yaml.safe_load((folder / "runs" / run.key / "config.yaml").read_text())
    config = parse_config(RunConfig, settings, source="config.yaml")
    assert config == run.config
    summary = start(tmp_path, config, only=["fold-2"])
    card = summary.groups["fold"].reports["fold-2"].cards["filtered"]
    assert result.counts["filtered"].counts.values.tolist() == card.counts.values.tolist()
    assert result.counts["filtered"].signature == str(card.signature)
    assert result.scores("filtered")["micro"]["f1"] == card.score()
    assert result.metrics["filtered_micro_f1"] == card.score()


def test_a_result_says_what_it_was_made_of(finished: Finished) -> None:
    _, plan, results = finished
    run = plan.runs[0]
    result = results.results[run.key]
    assert result.documents == {"train": 4, "validation": 2, "test": 6}
    assert (result.seed, result.split, result.threads, result.device) == (0, "fold-1", 1, "cpu")
    assert result.corpus == plan.corpus.hash
    assert [epoch.epoch for epoch in result.epochs] == [1]
    assert result.seconds == pytest.approx(4 / result.epochs[0].metrics["documents_per_second"])
    assert result.curve[-1][0] + result.curve[-1][1] == 18 - 6  # all candidates of six documents, but hypernyms
    sizes = {row: results.results[plan.select([row])[0].key].parameters for row in ("base", "cnn-only")}
    assert sizes["cnn-only"] < sizes["base"]


def test_epochs_are_told_and_written_once(tmp_path: Path) -> None:
    told: list[Epoch] = []
    for numbers in ([1], [1, 2], [2, 3]):
        log = EpochLog(tmp_path / EPOCHS, told.append)
        with log.fit("fold-1", 4) as listener:
            for number in numbers:
                listener.epoch({"pair_loss": number / 10}, number)
    assert [epoch.epoch for epoch in told] == [1, 1, 2, 1, 2, 3]
    lines = [json.loads(line) for line in (tmp_path / EPOCHS).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[2]["metrics"] == {"pair_loss": 0.3}


def test_a_line_that_a_kill_has_cut_is_written_anew(tmp_path: Path) -> None:
    log = EpochLog(tmp_path / EPOCHS, lambda epoch: None)
    with log.fit("fold-1", 4) as listener:
        listener.epoch({"pair_loss": 0.5}, 1)
        listener.epoch({"pair_loss": 0.4}, 2)
    text = (tmp_path / EPOCHS).read_text()
    (tmp_path / EPOCHS).write_text(text[:-20])
    again = EpochLog(tmp_path / EPOCHS, lambda epoch: None)
    assert list(again.epochs) == [1]
    with again.fit("fold-1", 4) as listener:
        listener.epoch({"pair_loss": 0.4}, 2)
    assert [json.loads(line)["epoch"] for line in (tmp_path / EPOCHS).read_text().splitlines()] == [1, 2]


def test_a_run_that_is_done_is_left_alone(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, plan, _ = finished
    path = StudyFolder(folder).run_folder(plan.runs[0])
    before = (path / RESULT).stat().st_mtime_ns
    monkeypatch.setattr(TrainingRun, "run", None)
    assert work(plan.runs[0], path, bench(), lambda epoch: None) is None
    assert (path / RESULT).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (TrainingError("the loss\nis nan"), "the loss is nan"),
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
    ],
)
def test_what_breaks_a_run_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise error

    plan = small_plan(tmp_path)
    monkeypatch.setattr(TrainingRun, "run", breaks)
    folder = StudyFolder(tmp_path)
    path = folder.run_folder(plan.runs[0])
    assert work(plan.runs[0], path, bench(), lambda epoch: None) == line
    assert folder.failure(plan.runs[0].key) == line
    assert folder.result(plan.runs[0].key) is None


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_no_failure_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    plan = small_plan(tmp_path)
    monkeypatch.setattr(work_module, "write_result", full)
    path = tmp_path / "run"
    with pytest.raises(StudyStopped, match="no space left on the disk; what is done is whole, start again to go on"):
        work(plan.runs[0], path, bench(), lambda epoch: None)
    assert not (path / "failed.json").exists()
    monkeypatch.undo()
    assert work(plan.runs[0], path, bench(), lambda epoch: None) is None
    result = parse_result((path / RESULT).read_text(), "result")
    assert [epoch.epoch for epoch in result.epochs] == [1]


def test_code_that_was_changed_meanwhile_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = bench()
    monkeypatch.setattr(work_module, "code_hash", lambda: "another")
    with pytest.raises(StudyStopped, match=rf"the code has changed \({shared.code}, now another\)"):
        work(small_plan(tmp_path).runs[0], tmp_path / "run", shared, lambda epoch: None)
    assert not (tmp_path / "run").exists()
