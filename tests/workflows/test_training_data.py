"""Weak documents in training: what a fit reads of them, and whole runs with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bran.config import config_hash
from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.corpus.splits import Split
from bran.corpus.statements import Statement
from bran.encoding.examples import Example
from bran.encoding.knowledge import KNOWLEDGE, Knowledge
from bran.encoding.labels import Labeller
from bran.errors import ConfigError, DuplicateDocumentError, ModelError, TrainingError
from bran.extraction.trained_model import TrainedModel, read_description
from bran.workflows import training_data
from bran.workflows.fitting import Fitter
from bran.workflows.run_config import RunConfig
from bran.workflows.teaching import teacher_labels
from tests.builders import tiny_model
from tests.runs import Ears, abstracts, fitter, run_config, start, write_corpus

GOLD, WEAK = abstracts()[:6], abstracts()[6:]
SPLIT = Split("fold-1", tuple(document.id for document in GOLD), (), ())


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("weak") / "weak.PubTator.txt", WEAK)


def config(weak: Path, *changes: str, **settings: Any) -> RunConfig:
    return run_config(*changes, weak={"documents": str(weak), **settings})


def further(made: Fitter, epoch: int = 0) -> list[Example]:
    return list(made.data.further(tiny_model(), SPLIT)(epoch))


def gold_examples(made: Fitter) -> list[Example]:
    return made.data.examples(tiny_model(), SPLIT, GOLD, made.data.labels(SPLIT, GOLD))


def weights(examples: list[Example]) -> dict[str, set[float]]:
    """Those of the pairs of each disease."""
    found: dict[str, set[float]] = {}
    for example in examples:
        for pair, weight in zip(example.pairs, example.weights.tolist(), strict=True):
            found.setdefault(pair.tail.id, set()).add(weight)
    return found


def test_without_weak_documents_there_is_nothing_further() -> None:
    made = fitter(run_config())
    assert further(made) == []
    assert made.data.epoch_size(6) == 6
    assert made.data.identity(["fold-1"]) == {}


def test_weak_documents_have_weights_of_their_own(weak: Path) -> None:
    made = fitter(config(weak, weight=0.5, unstated={"kind": "negative", "weight": 0.25}))
    examples = further(made)
    assert sorted(example.document.id for example in examples) == [document.id for document in WEAK]
    # Tremor is stated, pain is not, and the hypernym of tremor is left out as it is of gold documents.
    assert weights(examples) == {"MESH:D1": {0.5}, "MESH:D2": {0.125}, "MESH:D8": {0.0}}
    assert weights(gold_examples(made)) == {"MESH:D1": {1.0}, "MESH:D2": {1.0}, "MESH:D8": {0.0}}


def test_a_share_of_them_comes_in_each_epoch(weak: Path) -> None:
    made = fitter(config(weak, per_epoch=0.5))
    assert made.data.epoch_size(10) == 13
    first, second = ({example.document.id for example in further(made, epoch)} for epoch in (0, 1))
    assert len(first) == len(second) == 3
    assert first | second == {document.id for document in WEAK}


def test_the_corpus_itself_may_state_little() -> None:
    made = fitter(run_config(unstated={"kind": "positive_unlabelled", "recall": 0.6}))
    assert {example.recall for example in gold_examples(made)} == {0.6}
    assert {example.recall for example in gold_examples(fitter(run_config()))} == {1.0}


def test_a_teacher_of_the_split_says_what_is_not_stated(weak: Path, tmp_path: Path) -> None:
    tiny_model().save(tmp_path / "fold-1" / "model")
    made = fitter(config(weak, unstated={"kind": "teacher", "model": str(tmp_path / "{split}" / "model")}))
    for example in further(made):
        stated = [pair.tail.id == "MESH:D1" for pair in example.pairs]
        assert (example.labels[stated] == 1).all()
        rest = example.labels[~np.array(stated)]
        assert ((rest > 0) & (rest < 1)).all()
    assert made.data.identity(["fold-1"]).keys() == {"weak", "teacher"}
    with pytest.raises(ModelError, match=r"fold-2/model"):
        made.data.identity(["fold-1", "fold-2"])


def test_a_teacher_is_asked_once_of_each_document(weak: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever learns from its labels: the cues, the network, or both."""
    tiny_model().save(tmp_path / "teacher")
    asked: list[str] = []

    def ask(folder: Path, schema: Schema, documents: Sequence[Document], **how: Any) -> Labeller:
        asked.extend(document.id for document in documents)
        return teacher_labels(folder, schema, documents, **how)

    monkeypatch.setattr(training_data, "teacher_labels", ask)
    taught = {"kind": "teacher", "model": str(tmp_path / "teacher")}
    told = ("model.scorer.structure=4", "model.scorer.cues=[CID]", "cues={buckets: 4096, folds: 2}")
    taught_too = (f"unstated.{key}={value}" for key, value in taught.items())
    fitter(config(weak, *told, *taught_too, unstated=taught)).fit(SPLIT, GOLD, [], folder=tmp_path)
    assert sorted(asked) == sorted(document.id for document in [*GOLD, *WEAK])


def test_a_weak_document_does_not_hear_of_its_own_statements(weak: Path, tmp_path: Path) -> None:
    """Its labels are what the knowledge base has of it: told of them, a model would learn to repeat what it is told."""
    statements = [Statement(document.id, "causes", "MESH:C1", "MESH:D1") for document in WEAK[:1]]
    Knowledge.of(statements, kinds=("causes",)).save(tmp_path / KNOWLEDGE)
    changes = ("model.scorer.structure=4", "model.scorer.knowledge=[causes]", f"knowledge={tmp_path}")
    made = fitter(config(weak, *changes))
    model = replace(tiny_model(), knowledge=made.knowledge)
    told = {example.document.id: example.features for example in made.data.further(model, SPLIT)(0)}
    column = told[WEAK[0].id].shape[1] - made.knowledge.width + 1  # "stated": any other document does
    assert not told[WEAK[0].id][:, column].any()
    assert all(told[document.id][:, column].any() for document in WEAK[1:])


# Whole runs


def test_a_joint_run_reads_them_beside_every_split(weak: Path, tmp_path: Path) -> None:
    ears = Ears()
    joint = config(weak, "training.batches.max_tokens=1", per_epoch=0.5)
    start(tmp_path, joint, documents=GOLD, ears=ears, only=["fold-1"])
    training = read_description(tmp_path / "fold-1" / "model").training
    splits = json.loads((tmp_path / "splits.json").read_text())["splits"]
    own = len(splits["fold-1"]["train"])
    assert training["documents"] == {"train": own, "validation": 1, "weak": 6}
    assert ears.steps["fold-1"] == 2 * (own + 3)
    assert training["weak"] == json.loads((tmp_path / "run.json").read_text())["weak"]
    ids = {id_ for split in splits.values() for side in ("train", "validation", "test") for id_ in split[side]}
    assert ids == {document.id for document in GOLD}


def test_a_run_goes_on_with_the_same_weak_documents_only(weak: Path, tmp_path: Path) -> None:
    copied = tmp_path / "weak.PubTator.txt"
    copied.write_bytes(weak.read_bytes())
    start(tmp_path / "run", config(copied), documents=GOLD, only=["fold-1"])
    write_corpus(copied, WEAK[1:])
    with pytest.raises(ConfigError, match="holds results of weak "):
        start(tmp_path / "run", config(copied), documents=GOLD, only=["fold-1"])


@pytest.mark.parametrize("again", [GOLD[0], replace(GOLD[1], id="77")])
def test_a_document_that_is_scored_is_refused_before_anything_is_trained(tmp_path: Path, again: Document) -> None:
    path = write_corpus(tmp_path / "weak.PubTator.txt", [*WEAK, again])
    with pytest.raises(DuplicateDocumentError, match=rf"weak\.PubTator\.txt \(document {again.id}\): ") as caught:
        start(tmp_path / "run", config(path), documents=GOLD)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned from weak documents alone, without any split. Only to be read."""
    folder = tmp_path_factory.mktemp("first")
    changes = ("model.scorer.structure=4", "training.features_first={epochs: 2}")
    alone = run_config(*changes, splits=[], refit=True, unstated={"kind": "negative", "weight": 0.3})
    start(folder, alone, documents=WEAK)
    return folder / "refit" / "model"


def test_gold_may_come_after(first: Path, tmp_path: Path) -> None:
    changes = ("model.scorer.structure=4", "model.scorer.dropout=0.3", "training.epochs=1")
    start(
        tmp_path,
        run_config(*changes, "training.features_first={epochs: 2}", init=str(first)),
        documents=GOLD,
        only=["fold-1"],
    )
    training = read_description(tmp_path / "fold-1" / "model").training
    assert training["init"] == config_hash(read_description(first))
    assert read_description(tmp_path / "fold-1" / "model").model.scorer.dropout == 0.3


def test_the_perceptron_may_stay_as_weak_documents_taught_it(first: Path, tmp_path: Path) -> None:
    changes = ("model.scorer.structure=4", "training.features_first={epochs: 0}", "training.epochs=1")
    model = fitter(run_config(*changes)).fit(SPLIT, GOLD, [], folder=tmp_path, init=first)
    before, after = (one.network.state_dict() for one in (TrainedModel.load(first), model))
    same = {name for name, tensor in after.items() if np.array_equal(tensor.numpy(), before[name].numpy())}
    assert {name for name in after if name.startswith("scorer.structure.")} <= same
    assert "scorer.biaffine.weight" not in same
    with pytest.raises(TrainingError, match=r"features_first\.epochs = 0: .* expected more epochs, or the init"):
        fitter(run_config(*changes)).fit(SPLIT, GOLD, [], folder=tmp_path / "fresh")


def test_hashes_of_configs_without_weak_documents_are_what_they_were() -> None:
    dumped = run_config().model_dump(mode="json")
    assert {"weak", "unstated"}.isdisjoint(dumped)
    assert config_hash(run_config(unstated={"kind": "negative", "weight": 1.0})) == config_hash(run_config())
    assert config_hash(run_config(unstated={"kind": "negative", "weight": 0.5})) != config_hash(run_config())
