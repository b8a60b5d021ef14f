from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run as Stored

from bran.corpus.document import Document
from bran.errors import ConfigError
from bran.workflows.mlflow_tracker import MlflowRun, requirements
from bran.workflows.tracking import NullTracker, Run, Tracker, TrackingConfig


@pytest.fixture
def client(store: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{store / 'mlflow.db'}")


@pytest.fixture
def tracker(store: Path) -> Tracker:
    return TrackingConfig(folder=store, experiment="tests").build()


def runs(client: MlflowClient) -> dict[str, Stored]:
    """Every run of the experiment by its name."""
    experiment = client.get_experiment_by_name("tests")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id])
    return {run.info.run_name: run for run in found}


def artifact(client: MlflowClient, run: Stored, file: str) -> Path:
    return Path(client.download_artifacts(run.info.run_id, file))


def test_run_keeps_parameters_tags_and_metrics_of_every_epoch(tracker: Tracker, client: MlflowClient) -> None:
    with tracker.start("train", tags={"split": "random"}) as run:
        run.log_params({"model": {"encoder": {"dim": 64, "norm": "post"}, "empty": {}}, "seeds": [1, 2], "init": None})
        for epoch in range(3):
            run.log_metrics({"loss": 1 / (epoch + 1), "f1/Positive+": epoch / 10}, step=epoch)
        run.set_tags({"corpus": "invented"})
    stored = runs(client)["train"]
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {
        "model.encoder.dim": "64",
        "model.encoder.norm": "post",
        "model.empty": "{}",
        "seeds": "[1, 2]",
        "init": "null",
    }
    assert {"split": "random", "corpus": "invented"}.items() <= stored.data.tags.items()
    history = client.get_metric_history(stored.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(0, 1), (1, 1 / 2), (2, 1 / 3)]
    assert stored.data.metrics["f1/Positive_"] == pytest.approx(0.2)


def test_more_parameters_than_one_request_takes_and_very_long_ones(tracker: Tracker, client: MlflowClient) -> None:
    with tracker.start("train") as run:
        run.log_params({"long": "x" * 10_000, "many": {f"key{index}": index for index in range(250)}})
    assert len(runs(client)["train"].data.params) == 251


def test_files_texts_and_settings_come_back(tracker: Tracker, client: MlflowClient, tmp_path: Path) -> None:
    table = tmp_path / "predictions.parquet"
    table.write_bytes(b"a table")
    config = {"model": {"dim": 64, "name": "ä"}, "seed": 1}
    with tracker.start("train") as run:
        run.log_dict(config, "config.yaml")
        run.log_dict({"training": ["1", "2"], "validation": ["3"]}, "split.json")
        run.log_text("F1 62.1 | corpus 0123", "signature.txt")
        run.log_file(table, "predictions")
    stored = runs(client)["train"]
    assert yaml.safe_load(artifact(client, stored, "config.yaml").read_text(encoding="utf-8")) == config
    assert json.loads(artifact(client, stored, "split.json").read_text())["validation"] == ["3"]
    assert artifact(client, stored, "signature.txt").read_text() == "F1 62.1 | corpus 0123"
    assert artifact(client, stored, "predictions/predictions.parquet").read_bytes() == b"a table"


def test_files_lie_beside_the_store(tracker: Tracker, client: MlflowClient, store: Path) -> None:
    with tracker.start("train") as run:
        run.log_text("text", "note.txt")
    assert runs(client)["train"].info.artifact_uri.startswith((store / "mlartifacts").as_uri())
    assert list((store / "mlartifacts").rglob("note.txt"))


def test_corpus_is_an_input_and_its_hash_a_tag(tracker: Tracker, client: MlflowClient, tmp_path: Path) -> None:
    with tracker.start("train") as run:
        run.log_corpus("invented", source=tmp_path, digest="0123456789ab", documents=7)
    stored = runs(client)["train"]
    assert stored.data.tags["corpus_hash"] == "0123456789ab"
    (given,) = stored.inputs.dataset_inputs
    assert (given.dataset.name, given.dataset.digest) == ("invented", "0123456789ab")
    assert json.loads(given.dataset.source) == {"uri": tmp_path.as_uri()}
    assert json.loads(given.dataset.profile) == {"documents": 7}
    assert [(tag.key, tag.value) for tag in given.tags] == [("mlflow.data.context", "training")]


def test_folds_stand_under_their_parent(tracker: Tracker, client: MlflowClient) -> None:
    with tracker.start("folds") as parent:
        for fold in range(2):
            with parent.start(f"fold {fold}", tags={"fold": str(fold)}) as child:
                child.log_metrics({"f1": float(fold)})
        parent.log_metrics({"f1": 0.5})
    stored = runs(client)
    parent_id = stored["folds"].info.run_id
    assert "mlflow.parentRunId" not in stored["folds"].data.tags
    for fold in range(2):
        assert stored[f"fold {fold}"].data.tags["mlflow.parentRunId"] == parent_id
        assert stored[f"fold {fold}"].data.metrics == {"f1": fold}
    assert stored["folds"].data.metrics == {"f1": 0.5}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_breaks_ends_as_failed(tracker: Tracker, client: MlflowClient, error: type[BaseException]) -> None:
    def train() -> None:
        with tracker.start("folds") as parent:
            with parent.start("fold 0"):
                pass
            with parent.start("fold 1"):
                raise error

    with pytest.raises(error):
        train()
    found = {name: run.info.status for name, run in runs(client).items()}
    assert found == {"folds": "FAILED", "fold 0": "FINISHED", "fold 1": "FAILED"}
    assert mlflow.active_run() is None


def test_failed_fold_that_is_caught_leaves_its_parent_well(tracker: Tracker, client: MlflowClient) -> None:
    def fold(parent: Run) -> None:
        with parent.start("fold 0"):
            raise RuntimeError

    with tracker.start("folds") as parent:
        with pytest.raises(RuntimeError):
            fold(parent)
        parent.log_metrics({"f1": 0.5})
    assert {name: run.info.status for name, run in runs(client).items()} == {"folds": "FINISHED", "fold 0": "FAILED"}


def test_environment_names_the_store(
    store: Path, client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store / 'mlflow.db'}")
    elsewhere = tmp_path / "elsewhere"
    with TrackingConfig(folder=elsewhere, experiment="tests").build().start("train"):
        pass
    assert list(runs(client)) == ["train"]
    assert not elsewhere.exists()


def test_one_tracker_does_not_decide_the_store_of_the_next(store: Path, tmp_path: Path, migrated: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "mlflow.db").write_bytes(migrated.read_bytes())
    trackers = [TrackingConfig(folder=folder, experiment="tests").build() for folder in (store, other)]
    for tracker in (*trackers, trackers[0]):
        with tracker.start("train") as run:
            run.log_text("text", "note.txt")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    counts = [len(list((folder / "mlartifacts").rglob("note.txt"))) for folder in (store, other)]
    assert counts == [2, 1]


def test_same_experiment_is_found_again(store: Path, client: MlflowClient) -> None:
    for name in ("first", "second"):
        with TrackingConfig(folder=store, experiment="tests").build().start(name):
            pass
    assert set(runs(client)) == {"first", "second"}


@pytest.mark.parametrize("uri", ["./mlruns", "nonsense://somewhere"])
def test_store_that_cannot_be_is_told_in_one_line(uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ConfigError, match="MLflow store") as caught:
        TrackingConfig().build()
    assert "\n" not in str(caught.value)


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        TrackingConfig(folder=tmp_path / "file").build()


def test_a_new_store_is_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from bran.workflows.tracking import TrackingConfig\n"
        "import bran.workflows.mlflow_tracker\n"
        "Path(sys.argv[2]).touch()\n"
        "while len(list(Path(sys.argv[1]).glob('ready*'))) < 2: time.sleep(0.01)\n"
        "print(TrackingConfig(folder=Path(sys.argv[1]) / 'store').open().experiment_id)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    opened = [
        subprocess.Popen([*command, str(tmp_path / f"ready{n}")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for n in range(2)
    ]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in opened]
    assert [code for *_, code in ends] == [0, 0], ends
    assert len({id_ for id_, *_ in ends}) == 1


def test_store_in_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / ".mlflow.db.lock").mkdir()
    with pytest.raises(ConfigError, match=r"mlflow\.db: cannot be locked \(.*\); expected a folder"):
        TrackingConfig(folder=tmp_path).open()


def test_deleted_experiment_is_told(store: Path, client: MlflowClient) -> None:
    client.delete_experiment(client.create_experiment("tests"))
    with pytest.raises(ConfigError, match="'tests' was deleted"):
        TrackingConfig(folder=store, experiment="tests").build()


def test_null_tracker_leaves_nothing(tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = TrackingConfig(enabled=False).build()
    with tracker.start("train", tags={"a": "b"}) as run, run.start("fold 0") as child:
        for each in (run, child):
            each.set_tags({"a": "b"})
            each.log_params({"a": 1})
            each.log_metrics({"f1": 1.0}, step=1)
            each.log_corpus("invented", source=tmp_path, digest="0", documents=1)
            each.log_dict({}, "config.yaml")
            each.log_text("", "note.txt")
            each.log_file(tmp_path / "nothing", "folder")
            each.log_model(tmp_path / "nothing", example=document)
    assert not list(tmp_path.iterdir())
    assert mlflow.active_run() is None


def test_null_tracker_lets_errors_through() -> None:
    def train() -> None:
        with NullTracker().start("train"):
            raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        train()


def test_mlflow_and_telemetry_wait_until_tracking_is_on() -> None:
    code = (
        "import os, sys; from bran.workflows.tracking import TrackingConfig\n"
        "TrackingConfig(enabled=False).build()\n"
        "sys.exit('mlflow' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_requirements_are_pinned_to_what_can_be_installed() -> None:
    found = dict(requirement.split("==") for requirement in requirements())
    assert found["bran-relations"]
    assert {"torch", "safetensors", "tokenizers"} < set(found)
    assert not any("+" in version for version in found.values())


def test_null_tracker_has_every_method_of_a_run() -> None:
    methods = {name for name in vars(Run) if not name.startswith("_")} | {"start"}
    for kind in (NullTracker, MlflowRun):
        assert all(callable(getattr(kind, name, None)) for name in methods)
