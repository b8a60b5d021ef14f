"""What a fit starts from: the encoder's weights are taken over, all else is fresh, and what does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bran.corpus.schema import load_schema
from bran.errors import ConfigError, ModelError
from bran.extraction.trained_model import TrainedModel, read_description
from bran.nn.pretrained import PretrainedEncoder
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import check_start, describe, start_from, start_hash
from tests.language_models import pretrained
from tests.runs import run_config, start

STILL = ("training.optimiser.learning_rate=1e-12", "training.average=0")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pretrained encoder. Only to be read."""
    folder = tmp_path_factory.mktemp("pretrained")
    pretrained(folder)
    return folder / "model"


def started(folder: Path, config: RunConfig, seed: int = 0) -> TrainedModel:
    wanted = describe(config, load_schema(config.relation_schema))
    return start_from(folder, wanted, seed=seed, device=torch.device("cpu"))


def test_embeddings_and_blocks_are_the_encoders_and_all_else_is_fresh(encoder: Path) -> None:
    reader = PretrainedEncoder.load(encoder).reader.state_dict()
    model, other = (started(encoder, run_config(), seed).network.state_dict() for seed in (0, 1))
    for name, tensor in model.items():
        if name in reader:
            assert torch.equal(tensor, reader[name]), name
        elif tensor.any() and tensor.numel() > 1 and not torch.equal(tensor, torch.ones_like(tensor)):
            assert not torch.equal(tensor, other[name]), name
    assert {name.partition(".")[0] for name in model.keys() - reader.keys()} == {"embeddings", "scorer", "tagger"}
    assert [name for name in model.keys() - reader.keys() if name.startswith("emb")] == ["embeddings.types.weight"]


def test_dropout_may_differ(encoder: Path) -> None:
    changes = ("model.encoder.dropout=0.3", "model.encoder.feed_forward.dropout=0.2", "model.embeddings.dropout=0.4")
    model = started(encoder, run_config(*changes))
    assert model.description.model.encoder.dropout == 0.3
    assert model.network.embeddings.dropout.p == 0.4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.encoder.dim=16", r"has model\.encoder\.dim = 8; expected 16, as the config has it"),
        ("model.encoder.blocks=2", r"has model\.encoder\.blocks = 1; expected 2"),
        ("model.encoder.attention.heads=4", r"has model\.encoder\.attention\.heads = 2; expected 4"),
        ("model.encoder.attention=null", r"has model\.encoder\.attention = .*; expected None"),
        ("model.encoder.feed_forward={kind: lstm}", r"has model\.encoder\.feed_forward = "),
        ("model.embeddings.positions=none", r"has model\.embeddings\.positions = "),
        ("encoding.window=64", r"has encoding\.window = 128; expected 64"),
    ],
)
def test_an_encoder_that_does_not_fit_is_named(encoder: Path, change: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        started(encoder, run_config(change))
    assert str(encoder) in str(caught.value)


def test_a_run_starts_from_the_encoder_that_its_config_names(tmp_path: Path, encoder: Path) -> None:
    start(tmp_path / "named", run_config(*STILL, init=str(encoder)), only=["fold-1"])
    start(tmp_path / "given", run_config(*STILL), init=encoder, only=["fold-1"])
    reader = load_file(encoder / "weights.safetensors")
    for name in ("named", "given"):
        model = tmp_path / name / "fold-1" / "model"
        weights = load_file(model / "weights.safetensors")
        for key, tensor in reader.items():
            torch.testing.assert_close(weights[key].float(), tensor.float(), atol=1e-6, rtol=0)
        assert read_description(model).training["init"] == start_hash(encoder)
        assert (model / "subwords.json").read_bytes() == (encoder / "subwords.json").read_bytes()


def test_a_model_may_be_named_too(tmp_path: Path, encoder: Path) -> None:
    start(tmp_path / "first", run_config(), only=["fold-1"])
    model = tmp_path / "first" / "fold-1" / "model"
    again = started(model, run_config(init=str(model)))
    for name, tensor in TrainedModel.load(model).network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
    assert start_hash(model) != start_hash(encoder)
    changed = started(model, run_config("model.encoder.dropout=0.1", "model.embeddings.frozen=true"))
    assert changed.network.encoder.state_dict().keys() == again.network.encoder.state_dict().keys()
    assert {module.p for module in changed.network.encoder.modules() if isinstance(module, torch.nn.Dropout)} >= {0.1}
    assert not changed.network.embeddings.subwords.weight.requires_grad
    with pytest.raises(ModelError, match=r"has model\.encoder\.dim = 8; expected 16"):
        started(model, run_config("model.encoder.dim=16"))


def test_nothing_to_start_from_is_named(tmp_path: Path) -> None:
    wanted = describe(run_config(), load_schema("cdr"))
    with pytest.raises(ModelError, match=r"absent/model\.json: not a model folder"):
        check_start(tmp_path / "absent", wanted)


def test_vectors_beside_it_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"init = run/model: has a vocabulary .* of its own; expected no vectors"):
        run_config(init="run/model", vectors="pubmed")


def test_a_config_without_it_is_what_it_was() -> None:
    assert "init" not in run_config().model_dump(mode="json")
    assert run_config(init="a").model_dump(mode="json")["init"] == "a"
