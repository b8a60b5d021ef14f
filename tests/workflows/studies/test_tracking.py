from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Run as Stored

from bran.errors import ConfigError
from bran.workflows.studies.folder import REPORT, StudyFolder
from bran.workflows.studies.mlflow_store import MlflowStudyStore
from bran.workflows.studies.plan import Plan
from bran.workflows.studies.report import StudyReport
from bran.workflows.studies.results import StudyResults
from bran.workflows.studies.tracking import CarefulTracking, MlflowStudy
from bran.workflows.tracking import TrackingConfig
from tests.studies import Diary, execute, record_of, small_plan

Finished = tuple[Path, Plan, StudyResults]


def opened(store: Path, plan: Plan, folder: Path) -> MlflowStudy:
    """The study in ``store``; its folder has a record already, or gets one."""
    place = StudyFolder(folder)
    record = record_of(plan, place)
    place.write_record(record)
    return MlflowStudy(TrackingConfig(folder=store, experiment="tests").open(), plan, record, place)


def stored(store: Path, level: str) -> dict[str, Stored]:
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tests").experiment_id
    runs = client.search_runs([experiment], f"tags.`bran.level` = '{level}'")
    return {f"{run.data.params.get('variant', '')} {run.info.run_name}".strip(): run for run in runs}


def read(store: Path, name: str | None = None) -> StudyResults:
    return MlflowStudyStore(TrackingConfig(folder=store, experiment="tests").open(), "tests").read(name)


@pytest.fixture
def tracked(finished: Finished, store: Path) -> Path:
    """A store that the finished study was logged to."""
    folder, plan, results = finished
    study = opened(store, plan, folder)
    execute(plan, folder, study)
    report = StudyReport(results, resamples=20)
    report.write(folder / REPORT)
    study.end(report.means, failed=False)
    return store


def test_runs_stand_under_variants_under_the_study(tracked: Path, finished: Finished) -> None:
    client = MlflowClient(f"sqlite:///{tracked / 'mlflow.db'}")
    (study,) = stored(tracked, "study").values()
    rows, runs = stored(tracked, "variant"), stored(tracked, "run")
    assert study.info.run_name == "tiny"
    assert set(rows) == {"base", "cnn-only", "max"}
    assert set(runs) == {f"{row} seed 0, fold-{n}" for row in rows for n in (1, 2)}
    for name, run in runs.items():
        parent = rows[name.partition(" ")[0]]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert parent.data.tags["mlflow.parentRunId"] == study.info.run_id
    for run in (study, *rows.values(), *runs.values()):
        assert run.info.status == "FINISHED"
    assert rows["cnn-only"].data.params == {"model.encoder.attention": "null"}
    assert "fold_filtered_f1_mean" in rows["base"].data.metrics
    names = {item.path for item in client.list_artifacts(study.info.run_id, REPORT)}
    assert {f"{REPORT}/report.html", f"{REPORT}/report.tex", f"{REPORT}/figures"} <= names


def test_a_run_has_all_that_is_known_of_it(tracked: Path, finished: Finished) -> None:
    _, plan, results = finished
    client = MlflowClient(f"sqlite:///{tracked / 'mlflow.db'}")
    planned = plan.select(["max/0/fold-2"])[0]
    run, result = stored(tracked, "run")["max seed 0, fold-2"], results.results[planned.key]
    assert run.data.params["model.scorer.pooling.kind"] == "max"
    assert run.data.params["training.seed"] == "0"
    assert run.data.metrics["filtered_type:CID_f1"] == result.metrics["filtered_type:CID_f1"]
    assert run.data.metrics["parameters"] == result.parameters
    history = client.get_metric_history(run.info.run_id, "pair_loss")
    assert [(metric.step, metric.timestamp) for metric in history] == [(1, result.epochs[0].time)]
    assert run.data.tags["corpus_hash"] == plan.corpus.hash
    assert "--only max/0/fold-2" in run.data.tags["bran.command"]
    assert run.inputs.dataset_inputs[0].dataset.digest == plan.corpus.hash
    files = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert files == {"candidates.parquet", "config.yaml", "environment.json", "result.json"}
    config = Path(client.download_artifacts(run.info.run_id, "config.yaml"))
    assert yaml.safe_load(config.read_text()) == planned.config.model_dump(mode="json", by_alias=True)
    versions = json.loads(Path(client.download_artifacts(run.info.run_id, "environment.json")).read_text())
    assert {"bran", "python", "torch", "cores"} <= set(versions)


def test_logged_again_nothing_changes(tracked: Path, finished: Finished) -> None:
    folder, plan, _ = finished
    before = {name: run.data.to_dictionary() for name, run in stored(tracked, "run").items()}
    study = opened(tracked, plan, folder)
    execute(plan, folder, study)
    study.end({}, failed=False)
    assert {name: run.data.to_dictionary() for name, run in stored(tracked, "run").items()} == before
    assert len(stored(tracked, "study")) == 1


def test_a_run_that_a_kill_left_open_is_gone_on_with(finished: Finished, store: Path) -> None:
    folder, plan, results = finished
    run = plan.runs[0]
    first = opened(store, plan, folder)
    first.started(run)
    first.epoch(run, results.results[run.key].epochs[0])
    (left,) = stored(store, "run").values()
    assert left.info.status == "RUNNING"
    execute(plan, folder, opened(store, plan, folder))
    runs = stored(store, "run")
    assert len(runs) == len(plan.runs)
    again = runs["base seed 0, fold-1"]
    assert (again.info.run_id, again.info.status) == (left.info.run_id, "FINISHED")
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    assert len(client.get_metric_history(left.info.run_id, "pair_loss")) == 1


def test_the_report_comes_from_the_store_alone(tracked: Path, finished: Finished, tmp_path: Path) -> None:
    _, _, results = finished
    found = read(tracked)
    assert (found.results, found.failures) == (results.results, {})
    assert found.record.runs == results.record.runs
    for name, study in (("folder", results), ("store", found)):
        StudyReport(study, resamples=20).write(tmp_path / name)
    for path in (tmp_path / "folder").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "store" / path.relative_to(tmp_path / "folder")).read_bytes()


def test_a_failed_run_is_logged_with_its_error(store: Path, tmp_path: Path) -> None:
    plan = small_plan(tmp_path, variants={})
    study = opened(store, plan, tmp_path)
    study.failed(plan.runs[0], "the loss is nan")
    study.end({}, failed=True)
    (run,) = stored(store, "run").values()
    assert (run.info.status, run.data.tags["bran.error"]) == ("FAILED", "the loss is nan")
    assert stored(store, "study")["tiny"].info.status == "FAILED"
    assert read(store, "tiny").failed == [("base/0/fold-1", "the loss is nan")]
    study.started(plan.runs[0])
    assert stored(store, "run")["base seed 0, fold-1"].data.tags["bran.error"] == ""


def test_a_study_that_is_not_there(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MLflow experiment 'tests' has no study; it has none"):
        read(store)
    opened(store, small_plan(tmp_path), tmp_path)
    with pytest.raises(ConfigError, match="MLflow experiment 'tests' has no study 'other'; it has tiny"):
        read(store, "other")


def test_a_store_that_fails_is_told_of_once(finished: Finished, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, plan, _ = finished
    study = opened(store, plan, folder)

    def broken(*_: object, **__: object) -> None:
        raise MlflowException("connection refused\nand more")

    monkeypatch.setattr(study, "finished", broken)
    warnings: list[str] = []
    tracking, diary = CarefulTracking(study, warnings.append), Diary()
    execute(plan, folder, tracking, diary)
    tracking.end({}, failed=False)
    assert len(diary.names("finished")) == len(plan.runs)
    assert warnings == ["MLflow store: connection refused; runs go on, start the study again to log what is missing"]


def test_tracking_takes_little_time(finished: Finished, store: Path) -> None:
    """Two percent of five minutes are six seconds: opening a study and logging a run with its epochs take less."""
    folder, plan, results = finished
    started = time.perf_counter()
    study = opened(store, plan, folder)
    run = plan.runs[0]
    study.started(run)
    for number in range(1, 11):
        study.epoch(run, results.results[run.key].epochs[0].model_copy(update={"epoch": number}))
    study.finished(run, results.results[run.key])
    assert time.perf_counter() - started < 6
