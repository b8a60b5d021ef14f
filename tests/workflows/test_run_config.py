"""The config of a run: every one that ships holds and builds what it describes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.config import config_hash, load_config, parse_config
from bran.corpus.load import Corpus
from bran.corpus.schema import load_schema
from bran.encoding.vectors import SubwordVectors
from bran.errors import ConfigError
from bran.workflows.bundled import vectors_folder
from bran.workflows.run_config import RunConfig
from tests.runs import abstracts, run_config

_FOLDER = Path(__file__).parents[2] / "pipelines" / "cdr" / "configs"
CONFIGS = sorted(path for path in _FOLDER.glob("*.yaml") if not path.stem.startswith("pretrain"))
NATIVE = [path for path in CONFIGS if path.stem != "minilm"]  # whose encoder is built from its folder alone


@pytest.mark.parametrize("path", NATIVE, ids=lambda path: path.stem)
def test_every_shipped_config_builds_its_network(path: Path) -> None:
    config = load_config(RunConfig, path)
    size = config.encoding.subwords.vocabulary
    if config.vectors:
        vectors = SubwordVectors.load(vectors_folder(config.vectors))
        size = len(vectors.subwords)
        assert vectors.vectors.shape[1] >= config.model.encoder.dim
    schema = load_schema(config.relation_schema)
    network = config.model.build(schema=schema, vocabulary=size, window=config.encoding.window)
    assert network.embeddings.subwords.weight.shape == (size, config.model.encoder.dim)
    assert config.training.optimiser.build(network).param_groups


def test_shipped_configs_differ_and_say_what_they_train() -> None:
    configs = [load_config(RunConfig, path) for path in CONFIGS]
    assert len({config.name for config in configs}) == len({config_hash(config) for config in configs}) == len(CONFIGS)
    assert all(config.splits or config.refit for config in configs)


def test_the_model_that_ships_is_scored_on_folds_and_on_time() -> None:
    (path,) = (path for path in CONFIGS if path.stem == "bran")
    config = load_config(RunConfig, path)
    corpus = Corpus(tuple(abstracts()))
    assert [split.kind for split in config.splits] == ["kfold", "temporal"]
    assert len(config.splits[0].build(corpus)) == 5
    assert config.splits[1].cuts >= 3
    assert config.refit


def test_a_config_that_trains_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^mine: neither splits nor refit are given, so there is nothing to train$"):
        parse_config(RunConfig, {"name": "idle"}, source="mine")
    assert parse_config(RunConfig, {"refit": True}, source="mine").splits == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("splits.0=1", "override 'splits.0=1': 'splits' is a plain value"),
        (
            "splits=[{kind: kfold, foldz: 3}]",
            r"unknown key 'splits.0.kfold.foldz' \(value 3\); did you mean 'splits.folds'",
        ),
        ("splits=[{kind: random}]", "'kfold', 'temporal', 'given'"),
        ("splits=[{folds: 3}]", "key 'splits.0.kind' is missing"),
        ("splits=[{kind: kfold, folds: 1}]", "folds = 1: Input should be greater than or equal to 2"),
        ("protocol=strict", "protocol = 'strict': Input should be 'raw' or 'filtered'"),
        ("relation_schema=cdr", r"unknown key 'relation_schema' \(value 'cdr'\)"),
        ("epochs=3", r"unknown key 'epochs' \(value 3\); did you mean 'training.epochs'"),
        ("training.optimizer.kind=adam", "unknown key 'training.optimizer' .* did you mean 'optimiser'"),
        ("model.encoder.feed_forward={kind: mixture}", "'convolution', 'gated', 'lstm', 'none'"),
        ("training.epochs=0", "training.epochs = 0: Input should be greater than or equal to 1"),
        ("encoding.overlap=128", "overlap 128 must be smaller than window 128"),
        ("knowledge=ctd", "knowledge = ctd, model.scorer.knowledge = none: expected both or neither"),
        ("model.scorer.knowledge=[causes]", "knowledge = causes: expected structure > 0"),
    ],
)
def test_what_does_not_hold_is_named(change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        run_config(change)
    assert "\n" not in str(caught.value)


def test_published_parts_that_splits_name_are_read() -> None:
    assert run_config().parts == ("training", "development")
    given = {"kind": "given", "train": ["development"], "test": "test"}
    assert run_config(splits=[given]).parts == ("training", "development", "test")
    assert run_config(splits=[{**given, "test": None}]).parts == ("training", "development")
