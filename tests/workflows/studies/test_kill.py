"""A study that is killed goes on as if nothing had happened: nothing is lost, and nothing is run twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from bran.workflows.studies.folder import RESULT
from bran.workflows.studies.results import parse_result
from bran.workflows.studies.tracking import KEY, LEVEL
from bran.workflows.studies.work import EPOCHS
from tests.runs import TREE, abstracts, settings, write_corpus
from tests.studies import VARIANTS, process_environment, write_study

RUNS = 40
SHAPE = {
    "base": settings("training.epochs=2"),
    "variants": {**VARIANTS, "pre-norm": {"model.encoder.norm": "pre"}},
    "seeds": [0, 1, 2, 3, 4],
}
"""Four rows, five seeds, two folds."""


def begin(folder: Path, root: Path, output: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bran", "study", "run", "study.yaml", "--corpus", "corpus.txt"]
    return subprocess.Popen(
        [*command, "--mesh", "tree.tsv", "-o", output, "--threads", "1", "--bootstrap", "50", *options],
        cwd=folder,
        env=process_environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(output: Path) -> dict[str, int]:
    """When each result was written, by key."""
    return {path.parent.name: path.stat().st_mtime_ns for path in output.glob(f"runs/*/{RESULT}")}


@pytest.mark.slow
def test_forty_runs_survive_three_kills(tmp_path: Path, root: Path) -> None:
    write_study(tmp_path / "study.yaml", **SHAPE)
    write_corpus(tmp_path / "corpus.txt", abstracts())
    TREE.write(tmp_path / "tree.tsv")
    output = tmp_path / "study"
    before: dict[str, int] = {}
    for kill in range(1, 4):
        process = begin(tmp_path, root, "study", "--jobs", "2")
        wanted, limit = 10 * kill, time.monotonic() + 300
        while len(finished(output)) < wanted:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < limit
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert before.items() <= finished(output).items()
        before = finished(output)
    process = begin(tmp_path, root, "study", "--jobs", "2")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert before.items() <= finished(output).items()
    assert len(finished(output)) == RUNS
    assert out.count(" s of training") <= RUNS - len(
        before
    )  # a worker may have ended one more before it died with its parent
    for folder in (output / "runs").iterdir():
        assert [json.loads(line)["epoch"] for line in (folder / EPOCHS).read_text().splitlines()] == [1, 2]
    check_store(tmp_path)
    check_same(tmp_path, root, output)


def check_store(folder: Path) -> None:
    """Every run stands in MLflow once, finished, each epoch once."""
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("bran").experiment_id
    for level, count in (("study", 1), ("variant", 4), ("run", RUNS)):
        runs = client.search_runs([experiment], f"tags.`{LEVEL}` = '{level}'", max_results=1000)
        assert len(runs) == count
        assert {run.info.status for run in runs} == {"FINISHED"}
    assert len({run.data.tags[KEY] for run in runs}) == RUNS
    for run in runs:
        steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "pair_loss")]
        assert steps == [1, 2]


def check_same(folder: Path, root: Path, output: Path) -> None:
    """What was disturbed has the results of what was not."""
    process = begin(folder, root, "undisturbed", "--no-track", "--only", "cnn-only/3", "--only", "base/0")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    keys = list(finished(folder / "undisturbed"))
    assert len(keys) == 4
    for key in keys:
        one, other = (
            parse_result((place / "runs" / key / RESULT).read_text(), key) for place in (output, folder / "undisturbed")
        )
        assert (one.counts, one.threshold, one.curve) == (other.counts, other.threshold, other.curve)
