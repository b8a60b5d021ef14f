"""``bran study``: what it prints, and that whatever it is given, it answers with one clear line."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.cli.study_display import StudyDisplay
from bran.workflows.studies.folder import RESULT, StudyFolder
from bran.workflows.studies.results import Epoch
from bran.workflows.train import TrainingRun
from tests.runs import KFOLD, TREE, abstracts, write_config, write_corpus
from tests.studies import invented_result, small_plan, write_study


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a study of two rows on two folds, a corpus, and the tree of diseases."""
    monkeypatch.chdir(tmp_path)
    write_study(Path("study.yaml"), variants={"max": {"model.scorer.pooling.kind": "max"}})
    write_corpus(Path("corpus.txt"), abstracts())
    TREE.write("tree.tsv")
    return tmp_path


def bran(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def study(*options: str, track: bool = False, file: str = "study.yaml", corpus: str = "corpus.txt") -> Result:
    shared = ["--mesh", "tree.tsv", "-o", "out", "--threads", "1", "--device", "cpu", "--bootstrap", "20"]
    return bran("study", "run", file, "--corpus", corpus, *shared, *options, *([] if track else ["--no-track"]))


def test_a_study_from_plan_to_report(here: Path) -> None:
    result = study()
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    names = ["base/0/fold-1", "max/0/fold-1", "base/0/fold-2", "max/0/fold-2"]
    assert [line.split("  ")[:2] for line in lines[:4]] == [[f"[{n}/4]", name] for n, name in enumerate(names, start=1)]
    assert re.fullmatch(r"\[1/4\]  base/0/fold-1  F1 \d+\.\d  \d+ s of training", lines[0])
    assert lines[-1] == "tables and figures: out/report/report.html"
    assert Path("out/report/report.html").is_file()
    assert not Path("mlflow.db").exists()
    again = study()
    assert again.exit_code == 0
    assert "[1/4]" not in again.stdout
    report = bran("study", "report", "out", "-o", "elsewhere", "--bootstrap", "20")
    assert report.exit_code == 0
    assert report.stdout.splitlines()[:-1] == again.stdout.splitlines()[:-1]
    for path in Path("out/report").rglob("*.*"):
        assert path.read_bytes() == (Path("elsewhere") / path.relative_to("out/report")).read_bytes()


def test_a_printed_command_repeats_a_run(here: Path) -> None:
    assert study("--only", "max").exit_code == 0
    folder = StudyFolder(Path("out"))
    command = folder.record.command("max/0/fold-2").split()
    assert command[0] == "bran"
    repeated = bran(*command[1:], "--no-track")
    assert repeated.exit_code == 0, repeated.output
    (result,) = Path("repeated").glob(f"runs/*/{RESULT}")
    key = result.parent.name
    one, other = folder.result(key), StudyFolder(Path("repeated")).result(key)
    assert one is not None
    assert other is not None
    assert (one.counts, one.curve, one.threshold) == (other.counts, other.curve, other.threshold)


def test_a_plan_without_running_it(here: Path) -> None:
    assert study("--only", "max/0/fold-1").exit_code == 0
    before = sorted(Path("out").rglob("*"))
    result = study("--dry-run", "--jobs", "2")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert [row[:4] for row in cells] == [["base", "0", "0", "2"], ["max", "1", "0", "1"]]
    assert lines[-4:-1] == ["base/0/fold-1", "base/0/fold-2", "max/0/fold-2"]
    assert re.fullmatch(r"3 runs to do of 4, about \d+:\d\d:\d\d with --jobs 2 \(1 thread each\)", lines[-1])
    assert sorted(Path("out").rglob("*")) == before


def test_failed_runs_end_with_a_line_and_are_tried_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("no\nmemory")

    monkeypatch.setattr(TrainingRun, "_fit", breaks)
    result = study("--only", "base")
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert result.exit_code == 7
    assert "[1/2]  base/0/fold-1  failed: RuntimeError: no memory" in result.stdout
    assert result.stderr == (
        "error: 2 of 4 runs failed, first base/0/fold-1: RuntimeError: no memory; --retry-failed tries them again\n"
    )
    assert study("--only", "base").exit_code == 7
    again = study("--only", "base", "--retry-failed")
    assert again.exit_code == 0, again.output
    assert "[2/2]  base/0/fold-2  F1" in again.stdout


def test_a_full_disk_leaves_what_is_done(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert study("--only", "base/0/fold-1").exit_code == 0
    (done,) = Path("out/runs").glob(f"*/{RESULT}")
    before = done.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bran.workflows.train.write_candidates", full)
    result = study()
    assert result.exit_code == 1
    assert re.fullmatch(
        r"error: out/runs/\w+: no space left on the disk; what is done is whole, start again to go on\n", result.stderr
    )
    assert done.read_bytes() == before
    monkeypatch.undo()
    monkeypatch.chdir(here)
    again = study()
    assert again.exit_code == 0, again.output
    assert "base/0/fold-1" not in again.stdout


def test_tracked_studies_are_reported_without_their_folder(here: Path) -> None:
    result = study("--only", "base", track=True)
    assert result.exit_code == 0, result.output
    shutil.rmtree("out")
    report = bran("study", "report", "--study", "tiny", "--bootstrap", "20")
    assert report.exit_code == 0, report.output
    assert report.stdout.splitlines()[:-1] == [line for line in result.stdout.splitlines()[2:-1] if line]
    assert Path("report/report.tex").is_file()
    missing = bran("study", "report", "--study", "other")
    assert (missing.exit_code, missing.stderr) == (
        3,
        "error: MLflow experiment 'bran' has no study 'other'; it has tiny\n",
    )


CASES: dict[str, tuple[dict[str, Any], list[str], int, str]] = {
    "a key": (
        {"variants": {"a": {"model.encoder.bloks": 2}}},
        [],
        3,
        "study.yaml: variant 'a': unknown key 'model.encoder.bloks' (value 2); did you mean 'blocks'?",
    ),
    "no change": ({"variants": {"a": {"training.epochs": 1}}}, [], 3, "study.yaml: variant 'a': changes nothing"),
    "a fold": ({"splits": [{**KFOLD, "folds": 20}]}, [], 3, "20 folds of 12 documents; expected at least one document"),
    "a run": ({}, ["--only", "base/7"], 3, "run 'base/7': is not in the study; expected variant/seed/fold"),
    "a device": ({}, ["--device", "cuda:9"], 3, "device 'cuda:9': not usable here"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_studies_are_one_line_before_anything_runs(here: Path, case: str) -> None:
    given, options, code, line = CASES[case]
    write_study(Path("study.yaml"), **{"variants": {"max": {"model.scorer.pooling.kind": "max"}}, **given})
    result = study(*options)
    assert result.exit_code == code
    assert result.stderr.startswith(f"error: {line}")
    assert result.stderr.count("\n") == 1
    assert not Path("out").exists()


def test_files_that_are_not_there(here: Path) -> None:
    assert study(file="absent.yaml").stderr.startswith("error: absent.yaml: cannot be read (No such file")
    assert study(corpus="absent.txt").exit_code == 4
    assert bran("study", "report", "absent").stderr.startswith("error: absent/study.json: cannot be read (No such file")


@pytest.mark.parametrize("command", ["study", "train"])
def test_a_server_that_is_not_there_is_named_at_once(here: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr(TrainingRun, "_fit", never)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    result = study(track=True) if command == "study" else train()
    assert result.exit_code == 8
    assert result.stderr == (
        "error: MLflow server http://127.0.0.1:1: cannot be reached ([Errno 111] Connection refused); "
        "expected one that answers\n"
    )


def train() -> Result:
    write_config(Path("run.yaml"))
    return bran("train", "run.yaml", "--corpus", "corpus.txt", "-o", "run", "--mesh", "tree.tsv")


def test_the_table_on_a_terminal(here: Path) -> None:
    runs = small_plan(here, variants={}, seeds=[0, 1]).runs
    console = Console(force_terminal=True, width=140, record=True)
    display = StudyDisplay(console, runs, protocol="filtered", jobs=2)
    with display.shown():
        display.finished(runs[0], invented_result("base", 0, "fold-1", 7))
        for run in runs[1:3]:
            display.started(run)
        display.epoch(runs[1], Epoch(epoch=3, time=0, metrics={}))
        shown = Console(width=140, record=True, file=io.StringIO())
        shown.print(display.table())
        display.failed(runs[2], "no memory")
        display.finished(runs[1], invented_result("base", 0, "fold-2", 7))
    text = shown.export_text()
    assert "1 of 4 runs" in text
    (row,) = [line for line in text.splitlines() if " base " in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "base", "1", "0", "3", "82.4", "0/fold-2 epoch 3 of 1, 1/fold-1 starts"
    ]  # fmt: skip
    said = console.export_text()
    assert "base/1/fold-1  failed: no memory" in said
    assert "base/0/fold-1  F1" not in said
    assert re.search(r"3 of 4 runs, about 0:00:0\d left", said)
