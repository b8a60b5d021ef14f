"""Unlabelled texts in, an encoder out: what it remembers, that a killed run goes on, and what starts from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from bran.config import config_hash, load_config
from bran.corpus.schema import load_schema
from bran.encoding.subwords import SubwordConfig
from bran.encoding.vectors import SubwordVectors, VectorConfig
from bran.errors import ConfigError, ModelError, TrainingError
from bran.nn.pretrained import EncoderDescription, PretrainedEncoder
from bran.workflows.pretrain import PretrainConfig
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import _encoder_differences
from bran.workflows.tracking import NullTracker
from tests.language_models import pretrain_config, pretrained, pretraining_run, texts
from tests.runs import Ears, abstracts, run_config, start

DROPOUT = ("model.embeddings.dropout=0.2", "next_sentence=true")


class Killed(BaseException):
    """Ends a run as a signal would."""


class Notebook(NullTracker):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.params: dict[str, Any] = {}
        self.epochs: list[int] = []
        self.corpora: list[tuple[str, int]] = []
        self.files: list[str] = []

    @contextmanager
    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> Iterator[Notebook]:
        self.tags.update(tags or {})
        yield self

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.params.update(params)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        assert {"masked_loss", "validation_masked_loss", "validation_perplexity", "score"} <= set(metrics)
        self.epochs.append(step)

    def log_corpus(self, name: str, *, source: Path, digest: str, documents: int) -> None:
        self.corpora.append((name, documents))

    def log_dict(self, data: Mapping[str, Any], file: str) -> None:
        self.files.append(file)


def assert_same(found: PretrainedEncoder, expected: PretrainedEncoder) -> None:
    for name, tensor in expected.reader.state_dict().items():
        assert torch.equal(found.reader.state_dict()[name], tensor), name


def test_a_run_leaves_an_encoder_that_says_how_it_was_made(tmp_path: Path) -> None:
    ears = Ears()
    encoder = pretrained(tmp_path, "training.keep_best=false", ears=ears)
    loaded = PretrainedEncoder.load(tmp_path / "model")
    assert_same(loaded, encoder)
    assert loaded.description == encoder.description
    training = loaded.description.training
    assert (training["documents"], training["epochs"], training["kept_epoch"]) == (12, 2, 2)
    assert training["last_epoch"]["masked_loss"] > 0
    assert {key: training[key] for key in ("config", "corpus")} == pretraining_run(
        tmp_path, "training.keep_best=false"
    ).identity
    assert ears.epochs == [("tiny encoder", 1), ("tiny encoder", 2)]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]  # no checkpoint


def test_a_finished_run_is_read_and_that_of_others_refused(tmp_path: Path) -> None:
    encoder = pretrained(tmp_path)
    ears = Ears()
    assert_same(pretrained(tmp_path, ears=ears), encoder)
    assert not ears.epochs
    with pytest.raises(ConfigError, match=r"holds the encoder of config [0-9a-f]{12}, this run has [0-9a-f]{12}"):
        pretrained(tmp_path, "training.seed=1")
    other = pretraining_run(tmp_path, given=texts()[1:])
    with pytest.raises(ConfigError, match=r"holds the encoder of corpus"):
        other.run(tracker=NullTracker(), display=Ears(), sources=[])


@pytest.mark.parametrize("step", [2, 3])
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(tmp_path: Path, step: int) -> None:
    def kill(name: str, steps: int) -> None:
        if steps == step:
            raise Killed

    whole = pretrained(tmp_path / "whole", *DROPOUT)
    with pytest.raises(Killed):
        pretrained(tmp_path / "killed", *DROPOUT, ears=Ears(on_advance=kill))
    assert not (tmp_path / "killed" / "model").exists()
    with pytest.raises(ModelError, match="belongs to a run with other settings or data"):
        pretrained(tmp_path / "killed", "training.seed=3")
    assert_same(pretrained(tmp_path / "killed", *DROPOUT), whole)


def test_next_sentence_prediction_gives_another_encoder_of_the_same_shape(tmp_path: Path) -> None:
    plain, paired = pretrained(tmp_path / "plain"), pretrained(tmp_path / "paired", "next_sentence=true")
    assert set(plain.reader.state_dict()) == set(paired.reader.state_dict())
    assert not torch.equal(plain.reader.embeddings.subwords.weight, paired.reader.embeddings.subwords.weight)
    assert "next_loss" in paired.description.training["last_epoch"]
    assert "next_loss" not in plain.description.training["last_epoch"]


def learned_vectors(folder: Path, vocabulary: int = 80, seed: int = 0) -> SubwordVectors:
    """Vectors of the invented texts, written to ``folder`` and read from there."""
    settings = VectorConfig(subwords=SubwordConfig(vocabulary=vocabulary, min_frequency=1), dim=8, seed=seed)
    SubwordVectors.learn(texts(), settings).save(folder)
    return SubwordVectors.load(folder)


def test_embeddings_start_from_vectors(tmp_path: Path) -> None:
    vectors = learned_vectors(tmp_path / "vectors")
    run = pretraining_run(tmp_path, f"vectors={tmp_path / 'vectors'}")
    subwords, network = run._new()
    assert len(subwords) == len(vectors.subwords)
    ratio = network.reader.embeddings.subwords.weight[5] / torch.from_numpy(vectors.vectors[5])
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=0.02, atol=0)


def test_other_vectors_are_another_run(tmp_path: Path) -> None:
    learned_vectors(tmp_path / "vectors")
    settings = [f"vectors={tmp_path / 'vectors'}"]
    encoder = pretrained(tmp_path / "run", *settings)
    assert encoder.description.vocabulary == encoder.subwords.hash
    assert encoder.description.training["vectors"] == SubwordVectors.load(tmp_path / "vectors").hash
    learned_vectors(tmp_path / "vectors", vocabulary=70)
    with pytest.raises(ConfigError, match=r"run: holds the encoder of vectors [0-9a-f]{12}, this run has [0-9a-f]{12}"):
        pretrained(tmp_path / "run", *settings)


FROZEN = ("model.embeddings={positions: none, frozen: true, dropout: 0.0}",)


def test_a_relation_model_starts_from_frozen_vectors_and_what_was_learned_over_them(tmp_path: Path) -> None:
    vectors = learned_vectors(tmp_path / "vectors")
    vectors_key = f"vectors={tmp_path / 'vectors'}"
    encoder = pretrained(tmp_path / "run", vectors_key, *FROZEN)
    random = pretraining_run(tmp_path, vectors_key, *FROZEN)._new()[1].reader.state_dict()
    found = encoder.reader.state_dict()
    assert torch.equal(found["embeddings.subwords.weight"], random["embeddings.subwords.weight"])
    assert any(not torch.equal(found[name], random[name]) for name in found if name.startswith("encoder."))
    weights = load_file(tmp_path / "run" / "model" / "weights.safetensors")
    assert weights["embeddings.subwords.weight"].dtype == torch.float16  # as small as the vectors are
    config = run_config("model.embeddings.positions=none", "model.embeddings.frozen=true", vectors_key)
    start(tmp_path / "trained", config, init=tmp_path / "run" / "model", only=["fold-1"])
    trained = load_file(tmp_path / "trained" / "fold-1" / "model" / "weights.safetensors")
    assert torch.equal(trained["embeddings.subwords.weight"], weights["embeddings.subwords.weight"])
    learned_vectors(tmp_path / "vectors", vocabulary=len(vectors.subwords) - 5)
    with pytest.raises(ModelError, match=r"model: has a vocabulary of \d+ subwords .*; expected the \d+ of vectors"):
        start(tmp_path / "other", config, init=tmp_path / "run" / "model", only=["fold-1"])


def test_an_encoder_is_pretrained_further(tmp_path: Path) -> None:
    first = pretrained(tmp_path / "first")
    settings = [f"init={tmp_path / 'first' / 'model'}", "training.optimiser.learning_rate=1e-12"]
    further = pretrained(tmp_path / "further", *settings)
    assert further.subwords.hash == first.subwords.hash
    for name, tensor in first.reader.state_dict().items():
        torch.testing.assert_close(further.reader.state_dict()[name], tensor, atol=1e-6, rtol=0)
    with pytest.raises(ModelError, match=r"first/model: has window = 128; expected 64"):
        pretrained(tmp_path / "other", *settings, "window=64")
    with pytest.raises(ModelError, match=r"first/model: has model\.encoder\.dim = 8; expected 16"):
        pretrained(tmp_path / "other", *settings, "model.encoder.dim=16")
    assert pretrained(tmp_path / "none", "model.embeddings.positions=none").description.window == 128
    shorter = [f"init={tmp_path / 'none' / 'model'}", "model.embeddings.positions=none", "window=64"]
    assert pretrained(tmp_path / "shorter", *shorter).description.window == 64


MENTIONS = ("training.masking.mentions=0.5", "training.mentions={types: true, concepts: 2}")


def test_mentions_are_told_and_their_heads_are_left_behind(tmp_path: Path) -> None:
    plain, entities = pretrained(tmp_path / "plain"), pretrained(tmp_path / "entities", *MENTIONS, given=abstracts())
    assert set(plain.reader.state_dict()) == set(entities.reader.state_dict())
    written = load_file(tmp_path / "entities" / "model" / "weights.safetensors")
    assert set(written) == set(entities.reader.state_dict())
    metrics = entities.description.training["last_epoch"]
    assert {"type_loss", "concept_accuracy", "validation_type_accuracy", "validation_concept_loss"} <= set(metrics)
    assert entities.description.training["held_out"]["mentions"] == 0.5
    classes = pretraining_run(tmp_path, *MENTIONS, given=abstracts())._classes
    assert classes.types == ("Chemical", "Disease")
    assert classes.concepts == ("MESH:C1", "MESH:D1")


@pytest.mark.parametrize("changes", [MENTIONS, MENTIONS[:1]])
def test_texts_without_mentions_have_none_to_tell(tmp_path: Path, changes: tuple[str, ...]) -> None:
    with pytest.raises(TrainingError, match=r"masking\.mentions = 0\.5: none of the 12 texts has a mention; expected"):
        pretrained(tmp_path, *changes)


def test_the_perplexity_of_the_kept_epoch_stands_in_the_card(tmp_path: Path) -> None:
    ears = Ears()
    encoder = pretrained(tmp_path, "training.masking.unit=word", "training.epochs=3", ears=ears)
    held_out = encoder.description.training["held_out"]
    kept = encoder.description.training["kept_epoch"]
    assert held_out == {"perplexity": ears.metrics[kept - 1]["validation_perplexity"], "unit": "word", "rate": 0.15}
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert f"- held_out: perplexity {held_out['perplexity']:.4g}, unit word, rate 0.15" in card.splitlines()
    assert "held_out" not in pretrained(tmp_path / "all", "validation=0").description.training


def test_held_out_texts_are_not_learned_from(tmp_path: Path) -> None:
    run = pretraining_run(tmp_path)
    train, held_out = run._examples(run._new()[0])
    assert (len(train), len(held_out)) == (9, 3)
    assert not {example.document.id for example in train} & {example.document.id for example in held_out}
    everything = pretraining_run(tmp_path, "validation=0")
    assert [len(part) for part in everything._examples(everything._new()[0])] == [12, 0]
    assert pretrained(tmp_path, "validation=0").description.training["kept_epoch"] == 2


def test_settings_epochs_and_texts_are_tracked(tmp_path: Path) -> None:
    book = Notebook()
    run = pretraining_run(tmp_path)
    run.run(tracker=book, display=Ears(), sources=[Path("a.jsonl"), Path("b.jsonl")])
    assert book.tags == run.identity
    assert book.params["training"]["masking"] == {"rate": 0.15, "masked": 0.8, "replaced": 0.1}
    assert book.epochs == [1, 2]
    assert book.corpora == [("a.jsonl", 12), ("b.jsonl", 12)]
    assert book.files == ["config.yaml", "model.json"]


def test_texts_without_letters_are_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="none of the 2 training documents has a subword to learn from"):
        pretraining_run(tmp_path, "validation=0", given=[" ", "  "]).run(
            tracker=NullTracker(), display=Ears(), sources=[]
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("validation=1", "validation = 1: Input should be less than 1"),
        ("masking.rate=0.2", "unknown key 'masking'.* did you mean 'training.masking'"),
        ("training.masking.rate=0", "training.masking.rate = 0: Input should be greater than 0"),
        ("model.embeddings.types=true", "unknown key 'model.embeddings.types'"),
        ("model.embeddings.frozen=true", "frozen = true: random embeddings would stay so; expected vectors or init"),
        ("training.mentions={types: true}", r"training = .*masking\.mentions = 0 hides none"),
    ],
)
def test_settings_that_do_not_hold(change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pretrain_config(change)


def test_the_config_that_ships_is_of_the_encoder_of_the_paper(root: Path) -> None:
    configs = root / "pipelines" / "cdr" / "configs"
    pretrain = load_config(PretrainConfig, configs / "pretrain.yaml")
    paper = load_config(RunConfig, configs / "paper.yaml")
    assert pretrain.model.encoder == paper.model.encoder
    assert pretrain.model.embeddings.positions == paper.model.embeddings.positions
    assert (pretrain.window, pretrain.subwords) == (paper.encoding.window, paper.encoding.subwords)
    assert config_hash(pretrain) != config_hash(PretrainConfig())


def test_the_other_config_that_ships_is_of_the_encoder_of_the_model_that_ships(root: Path) -> None:
    configs = root / "pipelines" / "cdr" / "configs"
    pretrain = load_config(PretrainConfig, configs / "pretrain-bran.yaml")
    model = load_config(RunConfig, configs / "bran.yaml")
    encoder = EncoderDescription(name="", window=pretrain.window, model=pretrain.model)
    for part in ("positions", "frozen"):
        assert getattr(pretrain.model.embeddings, part) == getattr(model.model.embeddings, part)
    assert pretrain.vectors == model.vectors == "pubmed"
    network = pretrain.model.build_reader(vocabulary=20, window=64).state_dict()
    bran = model.model.build(schema=load_schema("cdr"), vocabulary=20, window=64).state_dict()
    assert {name: bran[name].shape for name in network} == {name: tensor.shape for name, tensor in network.items()}
    assert not [*filter(None, _encoder_differences(encoder, model.model, "encoding.window", model.encoding.window))]
