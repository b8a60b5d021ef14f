"""Whole runs on a small corpus: what they write, that they go on where they were killed, and what they refuse."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from mlflow import MlflowClient
from mlflow.entities import Run as Stored
from safetensors.torch import load_file
from typer.testing import CliRunner

from bran.cli.main import app
from bran.config import config_hash
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DataError, DuplicateDocumentError, ModelError
from bran.evaluation.calibration_report import CalibrationReport
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.thresholds import expected_threshold
from bran.export.reading import read_table
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel, read_description
from bran.nn.devices import Processes
from bran.workflows.epochs import EPOCHS
from bran.workflows.frames import input_frame
from bran.workflows.summary import Summary
from bran.workflows.tracking import TrackingConfig
from tests.runs import (
    KFOLD,
    TEMPORAL,
    TREE,
    Ears,
    abstracts,
    fitter,
    run_config,
    start,
    training_run,
    write_config,
    write_corpus,
)

WHOLE = run_config(splits=[KFOLD, TEMPORAL], refit=True)
TRACKED = run_config(splits=[TEMPORAL], refit=True)
SPLITS = ("fold-1", "fold-2", "cut-1")
CDR = load_schema("cdr")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """The folder of a whole run that nothing disturbed, and its summary. Only to be read."""
    folder = tmp_path_factory.mktemp("run")
    return folder, start(folder, WHOLE)


@pytest.fixture
def copied(finished: tuple[Path, Summary], tmp_path: Path) -> Path:
    """A copy of that folder."""
    return shutil.copytree(finished[0], tmp_path / "copy")


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> dict[str, bytes]:
    """Everything that a run leaves and that must not depend on whether it was disturbed: all but times."""
    return {name: (folder / name).read_bytes() for name in files(folder) if Path(name).name != EPOCHS}


def signature(text: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in text.split("|"))


def test_a_whole_run_leaves_these_files(finished: tuple[Path, Summary]) -> None:
    model = {f"model/{name}" for name in ("model.json", "weights.safetensors", "subwords.json", "README.md")}
    scored = {f"{split}/{name}" for split in SPLITS for name in (*model, "scores.json", "candidates.parquet", EPOCHS)}
    calibration = ("calibration.json", "reliability.svg", "reliability.png")
    refit = {f"refit/{name}" for name in (*model, *calibration, EPOCHS)}
    assert files(finished[0]) == {"run.json", "splits.json", "summary.json", "summary.md", *scored, *refit}


def test_every_document_of_every_split_is_written_down(finished: tuple[Path, Summary]) -> None:
    record = read(finished[0] / "splits.json")
    assert record["corpus"] == Corpus(tuple(abstracts())).hash
    ids = {document.id for document in abstracts()}
    assert set(record["splits"]) == set(SPLITS)
    for split in record["splits"].values():
        sides = [set(split[side]) for side in ("train", "validation", "test")]
        assert not sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
        assert set.union(*sides) == ids
    assert sorted(record["splits"]["fold-1"]["test"] + record["splits"]["fold-2"]["test"]) == sorted(ids)
    assert record["splits"]["cut-1"]["test"] == ["1009", "1010", "1011"]
    assert max(record["splits"]["cut-1"]["train"]) < min(record["splits"]["cut-1"]["validation"])


def test_candidates_are_all_pairs_of_the_test_part(finished: tuple[Path, Summary]) -> None:
    splits = read(finished[0] / "splits.json")["splits"]
    for name in SPLITS:
        found = {document.id: document.relations for document in read_table(finished[0] / name / "candidates.parquet")}
        assert set(found) == set(splits[name]["test"])
        for relations in found.values():
            assert {(relation.head, relation.tail) for relation in relations} == {
                ("MESH:C1", "MESH:D1"),
                ("MESH:C1", "MESH:D2"),
                ("MESH:C1", "MESH:D8"),
            }
            assert all(0 < relation.score < 1 for relation in relations)


def test_scores_are_those_of_the_saved_model_at_its_threshold(finished: tuple[Path, Summary]) -> None:
    folder = finished[0]
    for name in SPLITS:
        predictor = fitter(WHOLE).predictor(TrainedModel.load(folder / name / "model"))
        test = Corpus(tuple(abstracts())).select(read(folder / "splits.json")["splits"][name]["test"])
        found = {
            (document.id, relation.tail) for document in predictor.predict(test) for relation in document.relations
        }
        right = {(document.id, "MESH:D1") for document in test}
        counts = read(folder / name / "scores.json")["protocols"]["raw"]["slices"]["micro"]
        assert (counts["tp"], counts["fp"], counts["fn"]) == (
            len(found & right), len(found - right), len(right - found)
        )  # fmt: skip


def test_signatures_say_what_the_scores_are_of(finished: tuple[Path, Summary]) -> None:
    folder = finished[0]
    for name in SPLITS:
        test = Corpus(tuple(abstracts())).select(read(folder / "splits.json")["splits"][name]["test"])
        threshold = read_description(folder / name / "model").threshold
        for protocol in ("raw", "filtered"):
            found = signature(read(folder / name / "scores.json")["protocols"][protocol]["signature"])
            assert found["corpus"] == Corpus(test).hash
            assert (found["split"], found["protocol"]) == (name, protocol)
            assert (found["documents"], found["relations"]) == (str(len(test)), str(len(test)))
            assert (found["config"], found["seed"]) == (config_hash(WHOLE), "0")
            assert float(found["threshold"]) == pytest.approx(threshold, rel=1e-5)
            assert found.get("mesh") == ("tiny" if protocol == "filtered" else None)


def test_the_summary_has_the_scores_of_each_split_and_their_mean(finished: tuple[Path, Summary]) -> None:
    folder, summary = finished
    f1 = [
        100 * read(folder / name / "scores.json")["protocols"]["raw"]["slices"]["micro"]["f1"]
        for name in ("fold-1", "fold-2")
    ]
    written = read(folder / "summary.json")
    assert list(written) == ["fold", "cut"]
    assert written["fold"]["raw"]["f1"][0] == pytest.approx(sum(f1) / 2, abs=0.01)
    assert written["fold"]["raw"]["f1"][1] == pytest.approx(abs(f1[0] - f1[1]) / 2**0.5, abs=0.01)
    assert summary.to_dict() == written
    markdown = (folder / "summary.md").read_text(encoding="utf-8")
    assert [line for line in markdown.splitlines() if line.startswith("## ")] == [f"## {name}" for name in SPLITS]
    for name in SPLITS:
        for protocol in ("raw", "filtered"):
            assert written[name.rsplit("-", 1)[0]][protocol]["splits"][name]["signature"] in markdown


def test_the_refit_threshold_comes_from_models_that_did_not_see_the_document(finished: tuple[Path, Summary]) -> None:
    folder = finished[0]
    candidates = [
        document for name in ("fold-1", "fold-2") for document in read_table(folder / name / "candidates.parquet")
    ]
    gold = GoldStandard(abstracts(), CDR, HypernymFilter(TREE))
    expected = expected_threshold(gold, Predictions.of(candidates, system="out of fold"))
    description = read_description(folder / "refit" / "model")
    assert description.threshold == expected.value != 0.5
    assert description.training["out_of_fold"]["f1"] == expected.f1
    assert description.training["documents"] == {"train": 12, "validation": 0}
    assert description.training["scores"] == read(folder / "summary.json")
    assert f"threshold: {expected.value:.4g}" in (folder / "refit" / "model" / "README.md").read_text()


def test_the_refit_is_calibrated_on_the_same_predictions(finished: tuple[Path, Summary]) -> None:
    folder = finished[0]
    found = {
        document.id: document.relations
        for name in ("fold-1", "fold-2")
        for document in read_table(folder / name / "candidates.parquet")
    }
    gold = GoldStandard(abstracts(), CDR, HypernymFilter(TREE))
    report = CalibrationReport.of(gold, Predictions("out of fold", found))
    description = read_description(folder / "refit" / "model")
    assert description.calibration == report.fitted.calibration
    assert description.thresholds == report.thresholds
    assert description.thresholds["best-f1"].value == description.threshold
    record = description.training["calibration"]
    assert record["after"] == report.after.metrics
    assert (record["candidates"], record["correct"]) == (24, 12)  # without the hypernym of each document
    assert signature(record["signature"])["split"] == "out-of-fold"
    written = read(folder / "refit" / "calibration.json")
    assert written["before"]["log_loss"] == report.before.log_loss
    assert sum(each["count"] for each in written["after"]["bins"]) == 24
    card = (folder / "refit" / "model" / "README.md").read_text(encoding="utf-8")
    assert f"| log loss (nats) | {report.before.log_loss:.4f} | {report.after.log_loss:.4f} |" in card
    (document,) = Predictor.load(folder / "refit" / "model").predict(abstracts()[:1], threshold=0)
    for relation in document.relations:
        assert relation.probability == pytest.approx(
            float(report.fitted.calibration.of("CID").probabilities(np.array([relation.score]))[0])
        )
    assert read_description(folder / "fold-1" / "model").calibration is None


def test_models_say_how_they_were_made(finished: tuple[Path, Summary]) -> None:
    training = read_description(finished[0] / "cut-1" / "model").training
    assert training == {
        "config": config_hash(WHOLE),
        "corpus": Corpus(tuple(abstracts())).hash,
        "seed": 0,
        "split": "cut-1",
        "documents": {"train": 6, "validation": 3},
        "epochs": 2,
        "kept_epoch": training["kept_epoch"],
        "steps": training["steps"],
    }
    assert training["kept_epoch"] in (1, 2)


def test_a_second_start_does_nothing_twice(copied: Path, finished: tuple[Path, Summary]) -> None:
    before = {name: (copied / name).stat().st_mtime_ns for name in files(copied) if "/" in name}
    ears = Ears()
    assert start(copied, WHOLE, ears=ears).to_dict() == finished[1].to_dict()
    assert ears.epochs == []
    assert ears.steps == {}
    assert {name: (copied / name).stat().st_mtime_ns for name in before} == before
    assert contents(copied) == contents(finished[0])


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def deaf() -> Ears:
    return Ears()


def after_an_epoch() -> Ears:
    return Ears(on_epoch=lambda name, epoch: interrupt() if (name, epoch) == ("fold-2", 1) else None)


def within_an_epoch() -> Ears:
    return Ears(on_advance=lambda name, steps: interrupt() if (name, steps) == ("cut-1", 3) else None)


def in_the_refit() -> Ears:
    return Ears(on_epoch=lambda name, epoch: interrupt() if (name, epoch) == ("refit", 2) else None)


def while_it_predicts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bran.workflows.train.write_candidates", interrupt)


def while_a_model_is_saved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bran.extraction.trained_model.render_card", interrupt)


def undisturbed(patch: pytest.MonkeyPatch) -> None:
    """Only the ears end the run."""


@pytest.mark.parametrize(
    ("ears", "disturb", "heard_again"),
    [
        (after_an_epoch, undisturbed, [("fold-2", 2), ("cut-1", 1), ("cut-1", 2), ("refit", 1), ("refit", 2)]),
        (within_an_epoch, undisturbed, [("cut-1", 2), ("refit", 1), ("refit", 2)]),
        (in_the_refit, undisturbed, [("refit", 2)]),
        (deaf, while_it_predicts, None),
        (deaf, while_a_model_is_saved, None),
    ],
)
def test_a_run_that_was_killed_goes_on_to_the_same_end(
    tmp_path: Path,
    finished: tuple[Path, Summary],
    ears: Callable[[], Ears],
    disturb: Callable[[pytest.MonkeyPatch], None],
    heard_again: list[tuple[str, int]] | None,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        disturb(patch)
        with pytest.raises(KeyboardInterrupt):
            start(tmp_path, WHOLE, ears=ears())
    assert not [name for name in files(tmp_path) if name.endswith((".part", ".partial"))]
    again = Ears()
    assert start(tmp_path, WHOLE, ears=again).to_dict() == finished[1].to_dict()
    if heard_again is None:  # the first split was trained, so it is not trained again
        assert "fold-1" not in again.steps
    else:
        # The epoch that was interrupted while it was told is told again, once it ends.
        assert [each for each in again.epochs if each in heard_again] == heard_again
        assert len(again.epochs) <= len(heard_again) + 1
    assert contents(tmp_path) == contents(finished[0])


def test_a_refit_that_was_killed_while_its_model_was_saved_is_done_again(
    copied: Path, finished: tuple[Path, Summary]
) -> None:
    (copied / "refit" / "model" / "model.json").unlink()
    start(copied, WHOLE)
    assert contents(copied) == contents(finished[0])


@pytest.mark.parametrize(
    ("changes", "documents", "message"),
    [
        ({"seed": 1}, abstracts(), f"holds results of config {config_hash(WHOLE)}, this run has "),
        ({}, abstracts(11), f"holds results of corpus {Corpus(tuple(abstracts())).hash}, this run has "),
    ],
)
def test_the_folder_of_another_run_is_refused(copied: Path, changes: dict, documents: list, message: str) -> None:
    before = contents(copied)
    overrides = [f"training.{key}={value}" for key, value in changes.items()]
    with pytest.raises(ConfigError) as caught:
        start(copied, run_config(*overrides, splits=[KFOLD, TEMPORAL], refit=True), documents=documents)
    assert str(caught.value).startswith(f"{copied}: {message}")
    assert "\n" not in str(caught.value)
    assert contents(copied) == before


def test_another_start_is_refused_too(copied: Path, finished: tuple[Path, Summary]) -> None:
    with pytest.raises(ConfigError, match=r"holds results of init None, this run has [0-9a-f]{12}"):
        start(copied, WHOLE, init=finished[0] / "fold-1" / "model")


def test_a_damaged_record_of_an_earlier_start_is_refused(copied: Path) -> None:
    (copied / "run.json").write_text("{")
    with pytest.raises(ConfigError, match=r"run\.json: damaged \(.*\); expected what an earlier start wrote"):
        start(copied, WHOLE)


def test_a_start_that_left_nothing_binds_nobody(tmp_path: Path) -> None:
    broken = run_config("model.encoder.attention.heads=3")
    with pytest.raises(ConfigError, match="expected a multiple of the 3 attention heads"):
        start(tmp_path, broken)
    assert start(tmp_path, run_config(), only=["fold-1"]).groups


def test_only_some_splits(tmp_path: Path, finished: tuple[Path, Summary]) -> None:
    first = start(tmp_path, WHOLE, only=["fold-2"])
    assert list(first.groups["fold"].reports) == ["fold-2"]
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"fold-2"}
    # What was done before is part of the summary.
    second = start(tmp_path, WHOLE, only=["cut-1"])
    assert {name: list(group.reports) for name, group in second.groups.items()} == {
        "fold": ["fold-2"],
        "cut": ["cut-1"],
    }
    assert not (tmp_path / "refit").exists()
    ears = Ears()
    start(tmp_path, WHOLE, ears=ears)
    assert {name for name, _ in ears.epochs} == {"fold-1", "refit"}
    assert contents(tmp_path) == contents(finished[0])


def test_a_split_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="split 'fold-3'; the config has fold-1, fold-2, cut-1"):
        start(tmp_path, WHOLE, only=["fold-3"])
    assert not list(tmp_path.iterdir())


def test_two_splits_of_one_name_are_refused(tmp_path: Path) -> None:
    config = run_config(splits=[KFOLD, {**KFOLD, "seed": 6}])
    with pytest.raises(ConfigError, match="splits: 'fold-1' stands twice; expected each kind of split once"):
        start(tmp_path, config)
    assert not list(tmp_path.iterdir())


def test_a_split_without_test_part_is_trained_once(tmp_path: Path) -> None:
    ids = [document.id for document in abstracts()]
    corpus = Corpus(tuple(abstracts()), dict.fromkeys(ids, "training"))
    config = run_config(splits=[{"kind": "given", "test": None, "validation": 0.34}])
    ears = Ears()
    for _ in range(2):
        run = training_run(tmp_path, config, ears=ears)
        run.corpus = corpus
        summary = run.run(source=Path("invented.txt"))
    assert ears.epochs == [("given", 1), ("given", 2)]
    assert summary.rows == []
    assert TrainedModel.load(tmp_path / "given" / "model").description.training["documents"]["train"] == 8


def test_only_a_refit(tmp_path: Path) -> None:
    summary = start(tmp_path, run_config(splits=[], refit=True))
    assert summary.rows == []
    description = read_description(tmp_path / "refit" / "model")
    assert description.threshold == 0.5
    assert "out_of_fold" not in description.training


def test_documents_that_stand_twice_are_refused() -> None:
    with pytest.raises(DuplicateDocumentError, match=r"\(document 1000\): id '1000' stands twice"):
        Corpus((*abstracts(), abstracts()[0]))
    doubled = abstracts()[0]
    with pytest.raises(DuplicateDocumentError, match="is that of document 1000 too; expected each title once"):
        Corpus((*abstracts(), type(doubled)("2000", doubled.passages)))


def test_a_temporal_split_needs_numbers(tmp_path: Path) -> None:
    first, *rest = abstracts()
    with pytest.raises(DataError, match="id 'PMC1'; expected a PMID"):
        start(tmp_path, WHOLE, documents=[type(first)("PMC1", first.passages), *rest])
    assert not list(tmp_path.iterdir())


# Fine-tuning


def test_a_model_to_start_from(tmp_path: Path, finished: tuple[Path, Summary]) -> None:
    given = finished[0] / "refit" / "model"
    config = run_config("training.optimiser.learning_rate=1e-12", "training.average=0", "training.seed=9")
    start(tmp_path, config, only=["fold-1"], init=given, documents=abstracts(8))
    model = tmp_path / "fold-1" / "model"
    before, after = (load_file(folder / "weights.safetensors") for folder in (given, model))
    assert before.keys() == after.keys()
    for name, weight in before.items():
        torch.testing.assert_close(after[name].float(), weight.float(), atol=1e-6, rtol=0)
    assert (model / "subwords.json").read_bytes() == (given / "subwords.json").read_bytes()
    training = read_description(model).training
    assert training["init"] == config_hash(read_description(given))
    assert training["documents"]["train"] < 12
    assert f"init: {training['init']}" in (model / "README.md").read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.encoder.blocks=2", r"has model\.encoder\.blocks = 1; expected 2, as the config has it"),
        ("encoding.window=64", r"has encoding\.window = 128; expected 64, as the config has it"),
        ("schema=SCHEMA", r"has relation_schema\.name = 'cdr'; expected 'mine', as the config has it"),
    ],
)
def test_a_model_that_is_no_start(
    tmp_path: Path, finished: tuple[Path, Summary], root: Path, change: str, message: str
) -> None:
    schema = tmp_path / "mine.yaml"
    shipped = root / "bran" / "corpus" / "schemas" / "cdr.yaml"
    schema.write_text(shipped.read_text().replace("name: cdr", "name: mine"))
    config = run_config(change.replace("SCHEMA", str(schema)))
    with pytest.raises(ModelError, match=message) as caught:
        start(tmp_path / "run", config, init=finished[0] / "refit" / "model")
    assert str(finished[0] / "refit" / "model") in str(caught.value)


def test_a_start_that_is_no_model_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent/model\.json: not a model folder \(No such file or directory\)"):
        start(tmp_path / "run", init=tmp_path / "absent")
    assert not (tmp_path / "run").exists()


# Several processes


def test_a_process_that_follows_writes_nothing(tmp_path: Path) -> None:
    ears = Ears()
    run = training_run(tmp_path / "run", WHOLE, ears=ears, processes=Processes(rank=1, count=1))
    run.follow()
    assert not (tmp_path / "run").exists()
    assert ears.epochs == []


def test_a_process_that_follows_skips_what_is_done(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[str] = []
    run = training_run(copied, WHOLE, processes=Processes(rank=1, count=1))
    monkeypatch.setattr(run.fitter, "fit", lambda split, *_, **__: fitted.append(split.name))
    shutil.rmtree(copied / "cut-1")
    run.follow()
    assert fitted == ["cut-1"]
    shutil.rmtree(copied / "refit")
    run.follow(only=["fold-1"])
    assert fitted == ["cut-1"]
    run.follow()
    assert fitted == ["cut-1", "cut-1", "refit"]


# Tracking


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> tuple[Path, MlflowClient, dict[str, Stored]]:
    """The folder of a run, the client of the store that it was logged to, and the logged runs by name."""
    folder = tmp_path_factory.mktemp("tracked")
    shutil.copy(migrated, folder)
    tracker = TrackingConfig(folder=folder, experiment="tests").build()
    start(folder / "run", TRACKED, tracker=tracker)
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("tests").experiment_id])
    return folder / "run", client, {run.info.run_name: run for run in found}


def test_each_split_is_a_run_under_that_of_the_command(
    tracked: tuple[Path, MlflowClient, dict[str, Stored]],
) -> None:
    runs = tracked[2]
    assert set(runs) == {"tiny", "cut-1", "refit"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for name in ("cut-1", "refit"):
        assert runs[name].data.tags["mlflow.parentRunId"] == runs["tiny"].info.run_id
        assert runs[name].data.tags["split"] == name


def test_settings_corpus_and_means_are_logged(tracked: tuple[Path, MlflowClient, dict[str, Stored]]) -> None:
    folder, client, runs = tracked
    parent = runs["tiny"]
    assert parent.data.params["model.encoder.dim"] == "8"
    assert parent.data.params["training.optimiser.learning_rate"] == "0.01"
    assert parent.data.tags["config"] == config_hash(TRACKED)
    assert parent.data.tags["corpus_hash"] == Corpus(tuple(abstracts())).hash
    written = read(folder / "summary.json")
    assert parent.data.metrics["cut_filtered_f1_mean"] == pytest.approx(written["cut"]["filtered"]["f1"][0], abs=0.01)
    logged = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert {"config.yaml", "splits.json", "summary.md"} <= logged


def test_every_epoch_and_the_results_of_each_split_are_logged(
    tracked: tuple[Path, MlflowClient, dict[str, Stored]],
) -> None:
    folder, client, runs = tracked
    run = runs["cut-1"]
    for metric in ("pair_loss", "score", "threshold", "documents_per_second"):
        assert [point.step for point in client.get_metric_history(run.info.run_id, metric)] == [1, 2]
    scores = read(folder / "cut-1" / "scores.json")["protocols"]
    assert run.data.metrics["filtered_micro_f1"] == scores["filtered"]["slices"]["micro"]["f1"]
    assert run.data.metrics["raw_intra_recall"] == scores["raw"]["slices"]["intra"]["recall"]
    assert float(run.data.params["threshold"]) == read_description(folder / "cut-1" / "model").threshold
    logged = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"split.json", "candidates.parquet", "scores.json"} <= logged
    split = read(Path(client.download_artifacts(run.info.run_id, "split.json")))
    assert {**split, "name": "cut-1"} == read(folder / "splits.json")["splits"]["cut-1"]


def test_the_calibration_of_the_refit_is_logged(tracked: tuple[Path, MlflowClient, dict[str, Stored]]) -> None:
    folder, client, runs = tracked
    run = runs["refit"]
    written = read(folder / "refit" / "calibration.json")
    for when in ("before", "after"):
        for measure in ("log_loss", "brier", "ece_width", "ece_mass"):
            assert run.data.metrics[f"calibration_{when}_{measure}"] == pytest.approx(written[when][measure])
    logged = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"calibration.json", "reliability.svg", "reliability.png"} <= logged


def test_the_logged_model_predicts_as_the_saved_one(tracked: tuple[Path, MlflowClient, dict[str, Stored]]) -> None:
    folder, client, runs = tracked
    (output,) = runs["refit"].outputs.model_outputs
    location = client.get_logged_model(output.model_id).artifact_location.removeprefix("file://")
    found = mlflow.pyfunc.load_model(location).predict(input_frame(abstracts(2)), params={"threshold": 0.0})
    predicted = Predictor.load(folder / "refit" / "model").predict(abstracts(2), threshold=0.0)
    expected = [(d.id, r.tail, r.score) for d in predicted for r in sorted(d.relations, key=lambda r: -(r.score or 0))]
    assert [tuple(row) for row in found[["document", "tail", "score"]].itertuples(index=False)] == expected


def test_a_run_that_breaks_is_logged_as_failed(tmp_path: Path, store: Path) -> None:
    tracker = TrackingConfig(folder=store, experiment="tests").build()
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path / "run", run_config(), tracker=tracker, ears=after_an_epoch())
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("tests").experiment_id])
    assert {run.info.run_name: run.info.status for run in found} == {
        "tiny": "FAILED",
        "fold-1": "FINISHED",
        "fold-2": "FAILED",
    }


def train_here(store: Path) -> list[str]:
    """Run the command in the folder of ``store``; names of the runs that it logged there."""
    write_corpus(store / "corpus.txt", abstracts())
    write_config(store / "run.yaml", splits=[TEMPORAL])
    arguments = ["train", "run.yaml", "--corpus", "corpus.txt", "-o", "run", "--experiment", "tests", "--threads", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tests")
    return sorted(run.info.run_name for run in client.search_runs([experiment.experiment_id])) if experiment else []


def test_runs_are_logged_to_the_store_in_the_working_folder(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store)
    assert train_here(store) == ["cut-1", "tiny"]


def test_unless_the_environment_names_another(
    store: Path, tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(migrated, other)
    monkeypatch.chdir(other)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store / 'mlflow.db'}")
    assert train_here(other) == []
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("tests").experiment_id])
    assert sorted(run.info.run_name for run in found) == ["cut-1", "tiny"]


def test_without_tracking_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = training_run(tmp_path / "run", run_config(), tracker=TrackingConfig(enabled=False).build())
    run.run(source=Path("invented.txt"), only=["fold-1"])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_results_depend_on_the_seed(tmp_path: Path, finished: tuple[Path, Summary]) -> None:
    other = run_config("training.seed=3")
    start(tmp_path, other, only=["fold-1"])
    weights = [load_file(folder / "fold-1/model/weights.safetensors") for folder in (finished[0], tmp_path)]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert fitter(other).config.training.seed == 3
