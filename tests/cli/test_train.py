"""``bran train``: its options, what it prints, and that several processes do the work of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.cli.train import ProgressDisplay
from bran.extraction.trained_model import read_description
from tests.runs import KFOLD, TEMPORAL, TREE, abstracts, write_config, write_corpus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a config, a corpus, and the tree of diseases."""
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "corpus.txt", abstracts())
    write_config(tmp_path / "run.yaml", splits=[KFOLD, TEMPORAL], refit=True)
    TREE.write(tmp_path / "tree.tsv")
    return tmp_path


def train(*arguments: str, track: bool = False) -> Result:
    options = ["--corpus", "corpus.txt", "--mesh", "tree.tsv", "--threads", "1", *([] if track else ["--no-track"])]
    return CliRunner().invoke(app, ["train", "run.yaml", *options, *arguments])


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_whole_run(folder: Path) -> None:
    output = folder / ("a-long-folder-name-" * 6)
    result = train("-o", str(output))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    epochs = [line for line in lines if "  epoch " in line]
    assert [line.split("  ")[:2] for line in epochs] == [
        [name, f"epoch {epoch}"] for name in ("fold-1", "fold-2", "cut-1", "refit") for epoch in (1, 2)
    ]
    for line in epochs:
        assert " pair_loss 0." in line
        assert (" average_precision " in line) == ("refit" not in line)
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    summary = read(output / "summary.json")
    assert [row[:2] for row in rows] == [
        [f"{kind} x {len(summary[kind][protocol]['splits'])}", protocol]
        for kind in ("fold", "cut")
        for protocol in ("raw", "filtered")
    ]
    assert rows[0][4] == "{:.1f} ± {:.1f}".format(*summary["fold"]["raw"]["f1"])
    assert lines[-1] == f"scores with signatures: {output / 'summary.md'}"
    assert {path.name for path in folder.iterdir()} == {"corpus.txt", "run.yaml", "tree.tsv", output.name}
    assert "mesh:tree.tsv" in (output / "summary.md").read_text(encoding="utf-8")


def test_overrides_and_a_single_split(folder: Path) -> None:
    result = train("-o", "run", "--set", "training.seed=7", "--set", "training.epochs=1", "--only", "fold-2")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (folder / "run").iterdir() if path.is_dir()} == {"fold-2", "figures"}
    assert read_description(folder / "run" / "fold-2" / "model").training["seed"] == 7
    assert read(folder / "run" / "run.json")["settings"]["training"]["epochs"] == 1


def test_a_model_to_start_from(folder: Path) -> None:
    assert train("-o", "first", "--only", "cut-1").exit_code == 0
    result = train("-o", "second", "--only", "cut-1", "--init", "first/cut-1/model")
    assert result.exit_code == 0, result.output
    assert "init" in read_description(folder / "second" / "cut-1" / "model").training
    refused = train("-o", "third", "--init", "first/cut-1/model", "--set", "model.encoder.dim=16")
    assert refused.exit_code == 5
    assert refused.stderr == (
        "error: first/cut-1/model: has model.encoder.dim = 8; expected 16, as the config has it; "
        "the model is no start for it\n"
    )


def test_weak_documents_beside_the_corpus(folder: Path) -> None:
    documents = abstracts()
    write_corpus(folder / "corpus.txt", documents[:8])
    write_corpus(folder / "weak.txt", documents[8:])
    write_corpus(folder / "overlapping.txt", documents[7:])
    weak = ("--set", "weak.unstated={kind: positive_unlabelled, recall: 0.5}", "--set", "weak.documents=weak.txt")
    result = train("-o", "run", "--only", "fold-1", *weak)
    assert result.exit_code == 0, result.output
    assert read_description(folder / "run" / "fold-1" / "model").training["documents"]["weak"] == 4
    refused = train("-o", "refused", *weak, "--set", "weak.documents=overlapping.txt")
    assert refused.exit_code == 4
    assert refused.stderr == (
        "error: overlapping.txt (document 1007): is document 1007 of the corpus that is trained and scored on; "
        "expected none of its documents (bran corpus weak --exclude)\n"
    )
    assert not (folder / "refused").exists()


def test_brackets_in_a_path_are_printed_as_they_are(folder: Path) -> None:
    result = train("-o", "runs-[bold]x", "--only", "cut-1")
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("scores with signatures: runs-[bold]x/summary.md\n")


def test_an_interrupt_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bran.workflows.train.write_candidates", interrupt)
    result = train("-o", "run")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    again = train("-o", "run")
    assert again.exit_code == 0
    assert "fold-1  epoch" not in again.stdout
    assert "fold-2  epoch 1" in again.stdout


def test_the_bar_has_speed_and_time_left_on_a_terminal() -> None:
    console = Console(force_terminal=True, width=120, record=True)
    with ProgressDisplay(console).fit("fold-1", 20) as listener:
        for _ in range(2):
            listener.advance(10)
        listener.epoch({"pair_loss": 0.25, "score": 0.5}, 1)
    shown = console.export_text()
    assert "fold-1  epoch 1  pair_loss 0.25  score 0.5" in shown
    assert "20/20" in shown
    assert "documents/s" in shown


@pytest.mark.slow
def test_two_processes_write_what_one_does(folder: Path, root: Path) -> None:
    """``torchrun`` with half the accumulation: the same steps, one set of files, one report."""
    assert train("-o", "one", "--set", "training.accumulate=2").exit_code == 0
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "bran"]
    options = ["--corpus", "corpus.txt", "--mesh", "tree.tsv", "--threads", "1", "--device", "cpu", "--no-track"]
    done = subprocess.run(
        [*command, "train", "run.yaml", *options, "-o", "two"],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("scores with signatures: two/summary.md") == 1
    assert done.stdout.count("fold-1  epoch 1") == 1
    names = [sorted(str(path.relative_to(run)) for path in run.rglob("*")) for run in (folder / "one", folder / "two")]
    assert names[0] == names[1]
    one, two = (read(folder / name / "summary.json") for name in ("one", "two"))
    assert one["fold"]["filtered"]["f1"] == pytest.approx(two["fold"]["filtered"]["f1"], abs=0.5)
    descriptions = [read_description(folder / name / "refit" / "model") for name in ("one", "two")]
    assert descriptions[0].threshold == pytest.approx(descriptions[1].threshold, abs=0.01)
    assert descriptions[0].training["steps"] == descriptions[1].training["steps"]
