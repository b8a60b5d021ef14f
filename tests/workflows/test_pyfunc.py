from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import predictions_to_json

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.encoding.examples import EncodingConfig
from bran.encoding.subwords import SubwordConfig, Subwords
from bran.errors import ConfigError, ModelError, UnknownTypeError
from bran.export.table import FLAT
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.encoder import EncoderConfig
from bran.nn.model import ModelConfig
from bran.workflows.frames import input_frame, table_frame
from bran.workflows.tracking import TrackingConfig


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights."""
    torch.manual_seed(1)
    subwords = Subwords.learn(["zorvapine and tremor followed fever in patients"] * 3, SubwordConfig(vocabulary=64))
    schema, encoding = load_schema("cdr"), EncodingConfig(window=64, overlap=8)
    config = ModelConfig(encoder=EncoderConfig(dim=8, blocks=1))
    network = config.build(schema=schema, vocabulary=len(subwords), window=encoding.window)
    description = ModelDescription(
        name="random", relation_schema=schema, encoding=encoding, model=config, threshold=0.0, bran_version="0.0.7"
    )
    folder = tmp_path_factory.mktemp("model") / "random"
    TrainedModel(description, subwords, network).save(folder)
    return folder


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory, migrated: Path, folder: Path, document: Document) -> Path:
    """The logged model, as a folder."""
    store = tmp_path_factory.mktemp("tracking")
    shutil.copy(migrated, store)
    with TrackingConfig(folder=store, experiment="tests").build().start("train") as run:
        run.log_model(folder, example=document)
    client = MlflowClient(f"sqlite:///{store / 'mlflow.db'}")
    (stored,) = client.search_runs([client.get_experiment_by_name("tests").experiment_id])
    (output,) = stored.outputs.model_outputs
    return Path(client.get_logged_model(output.model_id).artifact_location.removeprefix("file://"))


@pytest.fixture(scope="module")
def model(logged: Path) -> PyFuncModel:
    return mlflow.pyfunc.load_model(str(logged))


def test_logged_model_predicts_what_the_predictor_does(model: PyFuncModel, folder: Path, document: Document) -> None:
    found = model.predict(input_frame([document]))
    expected = table_frame(Predictor.load(folder).predict([document]), model_version="0.0.7")
    pd.testing.assert_frame_equal(found, expected)
    assert sorted(zip(found["head"], found["tail"], strict=True)) == [("MESH:C1", "MESH:D1"), ("MESH:C1", "MESH:D2")]
    assert set(found["model"]) == {"random"}


def test_threshold_decides_what_is_kept(model: PyFuncModel, document: Document) -> None:
    scores = sorted(model.predict(input_frame([document]))["score"])
    kept = model.predict(input_frame([document]), params={"threshold": scores[1]})
    assert list(kept["score"]) == scores[1:]
    none = model.predict(input_frame([document]), params={"threshold": 1.0})
    assert none.empty
    assert list(none.columns) == FLAT.names
    with pytest.raises(ConfigError, match=r"threshold 1\.5: expected a number between 0 and 1"):
        model.predict(input_frame([document]), params={"threshold": 1.5})


def test_only_the_model_folder_is_logged_and_no_pickle(logged: Path, folder: Path) -> None:
    kept = {file.name: file.read_bytes() for file in (logged / "artifacts" / folder.name).iterdir()}
    assert kept == {file.name: file.read_bytes() for file in folder.iterdir()}
    assert not [file for file in logged.rglob("*") if file.suffix in {".pkl", ".pickle", ".pt", ".bin"}]
    requirements = (logged / "requirements.txt").read_text()
    assert "bran-relations==" in requirements
    assert f"torch=={torch.__version__.partition('+')[0]}" in requirements


def test_signature_and_example(model: PyFuncModel, logged: Path, document: Document) -> None:
    signature = model.metadata.signature
    assert signature.inputs.input_names() == ["id", "title", "abstract", "mentions"]
    assert signature.outputs.input_names() == FLAT.names
    assert [param.name for param in signature.params] == ["threshold"]
    example = model.metadata.load_input_example(str(logged))
    assert example["id"].tolist() == [document.id]
    assert len(model.predict(example)) == 2


def test_title_alone_and_served_answer(model: PyFuncModel, document: Document) -> None:
    row = {"id": "7", "title": "Zorvapine, tremor.", "abstract": None, "mentions": json.dumps([
        {"start": 0, "end": 9, "type": "Chemical", "concepts": ["MESH:C1"]},
        {"start": 11, "end": 17, "type": "Disease", "concepts": ["MESH:D1"]},
    ])}  # fmt: skip
    stream = io.StringIO()
    predictions_to_json(model.predict(pd.DataFrame([row])), stream)
    (answer,) = json.loads(stream.getvalue())["predictions"]
    assert (answer["document"], answer["head_name"], answer["tail_name"]) == ("7", "Zorvapine", "tremor")
    assert 0 <= answer["score"] <= 1
    assert answer["head_start"] is None


def test_bad_rows_are_refused(model: PyFuncModel, document: Document) -> None:
    frame = input_frame([document])
    with pytest.raises(MlflowException, match="mentions"):
        model.predict(frame.drop(columns="mentions"))
    with pytest.raises(UnknownTypeError, match=r"input row 1 \(document 101\): entity type 'Gene'"):
        model.predict(frame.assign(mentions='[{"start": 0, "end": 2, "type": "Gene"}]'))


def test_folder_that_holds_no_model_is_not_logged(store: Path, tmp_path: Path, document: Document) -> None:
    (tmp_path / "empty").mkdir()
    tracker = TrackingConfig(folder=store, experiment="tests").build()
    with tracker.start("train") as run, pytest.raises(ModelError, match=r"model\.json"):
        run.log_model(tmp_path / "empty", example=document)
    assert not list(store.rglob("MLmodel"))
