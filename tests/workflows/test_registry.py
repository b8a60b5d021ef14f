from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, ModelError
from bran.workflows.frames import documents_of, input_frame
from bran.workflows.registry import example_document, register_model
from bran.workflows.tracking import TrackingConfig
from tests.builders import several_types_schema, tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = tiny_model(threshold=0.25)
    model.description = model.description.model_copy(update={"training": {"seed": 3, "corpus": "0123", "epochs": 2}})
    folder = tmp_path_factory.mktemp("models") / "model"
    model.save(folder)
    return folder


@pytest.fixture
def tracking(store: Path) -> TrackingConfig:
    return TrackingConfig(folder=store, experiment="tests")


def test_a_folder_becomes_versions_of_a_registered_model(folder: Path, tracking: TrackingConfig) -> None:
    assert register_model(str(folder), "cdr", tracking=tracking) == "1"
    assert register_model(str(folder), "cdr", tracking=tracking, alias="champion") == "2"
    client = MlflowClient(tracking.open().uri)
    assert client.get_model_version_by_alias("cdr", "champion").version == 2
    tags = client.get_model_version("cdr", "1").tags
    assert {"seed": "3", "corpus": "0123", "threshold": "0.25"}.items() <= tags.items()
    loaded = mlflow.pyfunc.load_model("models:/cdr@champion")
    found = loaded.predict(input_frame([example_document(load_schema("cdr"))]), params={"threshold": 0.0})
    assert list(found["head"]) == ["EXAMPLE:1"]


def test_a_logged_model_is_registered_as_it_is(folder: Path, tracking: TrackingConfig) -> None:
    tracker = tracking.open()
    with tracker.start("train") as run:
        run.log_model(folder, example=example_document(load_schema("cdr")))
    client = MlflowClient(tracker.uri)
    (stored,) = client.search_runs([tracker.experiment_id])
    assert register_model(f"runs:/{stored.info.run_id}/model", "other", tracking=tracking) == "1"
    assert client.get_model_version("other", "1").run_id == stored.info.run_id
    assert len(client.search_runs([tracker.experiment_id])) == 1


def test_what_cannot_be_registered(folder: Path, tracking: TrackingConfig, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: not a model folder"):
        register_model(str(tmp_path), "cdr", tracking=tracking)
    with pytest.raises(ConfigError, match="model runs:/123/model as 'cdr': MLflow says: Run with id=123 not found"):
        register_model("runs:/123/model", "cdr", tracking=tracking)
    with pytest.raises(ConfigError, match="as 'a/b': MLflow says: "):
        register_model(str(folder), "a/b", tracking=tracking)


@pytest.mark.parametrize("schema", [load_schema("cdr"), several_types_schema()])
def test_the_example_has_a_mention_of_each_type(schema) -> None:  # type: ignore[no-untyped-def]
    document = example_document(schema)
    assert [document.text[m.start : m.end] for m in document.mentions] == list(schema.entity_types)
    assert documents_of(input_frame([document]), schema)[0].mentions == document.mentions


def test_a_folder_without_a_model_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        register_model(str(tmp_path / "absent"), "cdr", tracking=TrackingConfig(folder=tmp_path))
    assert not any(tmp_path.iterdir())


def test_the_command(folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store)
    result = CliRunner().invoke(app, ["model", "register", str(folder), "--name", "cdr", "--alias", "champion"])
    assert result.exit_code == 0, result.output
    assert result.stdout == "cdr version 1: models:/cdr/1\n"
    refused = CliRunner().invoke(app, ["model", "register", "absent", "--name", "cdr"])
    assert refused.exit_code == 5
    assert refused.stderr.startswith("error: absent/model.json: not a model folder")
