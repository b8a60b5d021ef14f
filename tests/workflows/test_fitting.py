"""One fit: what decides its result, what it refuses to start with, and what its model says of itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bran.config import config_hash
from bran.corpus.document import Document, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.schema import load_schema
from bran.corpus.splits import Split
from bran.encoding.examples import Example
from bran.encoding.subwords import UNK_ID, SubwordConfig
from bran.encoding.vectors import SubwordVectors, VectorConfig
from bran.errors import ConfigError, ModelError, TrainingError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.thresholds import expected_threshold
from bran.extraction.trained_model import TrainedModel
from bran.training.loop import Trainer
from bran.workflows.fitting import Fitter, Machine
from bran.workflows.run_config import RunConfig
from tests.runs import TREE, Ears, abstracts, fitter, run_config

TRAIN, VALIDATION = abstracts()[:8], abstracts()[8:]


def split_of(train: list[Document], validation: list[Document]) -> Split:
    return Split("mine", tuple(d.id for d in train), tuple(d.id for d in validation), ())


def fit(
    folder: Path,
    config: RunConfig | None = None,
    *,
    train: list[Document] = TRAIN,
    validation: list[Document] = VALIDATION,
    ears: Ears | None = None,
) -> TrainedModel:
    with (ears or Ears()).fit("mine", 0) as listener:
        return fitter(config or run_config()).fit(
            split_of(train, validation), train, validation, folder=folder, listener=listener
        )


def unrelated(documents: list[Document]) -> list[Document]:
    return [document.with_relations(()) for document in documents]


def weights(model: TrainedModel) -> torch.Tensor:
    return torch.cat([tensor.flatten() for tensor in model.network.state_dict().values()])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """The examples that a fit is trained on."""
    found: list[Example] = []
    initialise = Trainer.__init__

    def spy(self: Trainer, model: object, config: object, examples: list[Example], **rest: object) -> None:
        found.extend(examples)
        initialise(self, model, config, examples, **rest)

    monkeypatch.setattr(Trainer, "__init__", spy)
    return found


def counted(examples: list[Example]) -> set[str]:
    """Tails of the pairs that count in the loss."""
    return {
        pair.tail.id
        for example in examples
        for pair, counts in zip(example.pairs, example.weights, strict=True)
        if counts
    }


def test_hypernyms_of_positives_are_left_out_of_training(tmp_path: Path, seen: list[Example]) -> None:
    fit(tmp_path)
    assert {example.document.id for example in seen} == {document.id for document in TRAIN}
    assert counted(seen) == {"MESH:D1", "MESH:D2"}


def test_unless_the_config_keeps_them(tmp_path: Path, seen: list[Example]) -> None:
    fit(tmp_path, run_config("hypernym_filter=false"))
    assert counted(seen) == {"MESH:D1", "MESH:D2", "MESH:D8"}


def test_the_vocabulary_is_learned_on_training_documents_only(tmp_path: Path) -> None:
    def marked(documents: list[Document]) -> list[Document]:
        return [replace(d, passages=(*d.passages, Passage("abstract", "\u03d9 \u03d9 \u03d9"))) for d in documents]

    def known(model: TrainedModel) -> bool:
        (ids,) = model.subwords.encode_texts(["\u03d9"])
        return UNK_ID not in ids

    assert known(fit(tmp_path / "train", train=marked(TRAIN)))
    assert not known(fit(tmp_path / "validation", validation=marked(VALIDATION)))


def test_the_threshold_is_the_one_with_the_best_expected_f1_on_validation_documents(tmp_path: Path) -> None:
    model = fit(tmp_path)
    made = fitter(run_config())
    gold = GoldStandard(VALIDATION, load_schema("cdr"), HypernymFilter(TREE))
    expected = expected_threshold(gold, made.predictions(model, VALIDATION))
    assert model.description.threshold == expected.value


def test_without_validation_the_last_epoch_is_kept_and_the_threshold_stays(tmp_path: Path) -> None:
    ears = Ears()
    model = fit(tmp_path, validation=[], ears=ears)
    assert (model.description.threshold, model.description.training["kept_epoch"]) == (0.5, 2)
    assert ["score" in metrics for metrics in ears.metrics] == [False, False]


def test_validation_is_scored_after_every_epoch(tmp_path: Path) -> None:
    ears = Ears()
    model = fit(tmp_path, ears=ears)
    assert ears.epochs == [("mine", 1), ("mine", 2)]
    for metrics in ears.metrics:
        assert {"score", "threshold", "average_precision", "pair_loss", "documents_per_second"} <= set(metrics)
    best = max(metrics["score"] for metrics in ears.metrics)
    kept = model.description.training["kept_epoch"]
    assert ears.metrics[kept - 1]["score"] == best


@pytest.mark.parametrize(("protocol", "f1"), [("raw", 2 / 3), ("filtered", 1.0)])
def test_the_protocol_of_the_config_decides_what_the_threshold_is_chosen_by(protocol: str, f1: float) -> None:
    scores = {"MESH:D8": 0.9, "MESH:D1": 0.8, "MESH:D2": 0.1}
    relations = tuple(Relation("CID", "MESH:C1", tail, score=score) for tail, score in scores.items())
    predictions = Predictions("invented", {document.id: relations for document in VALIDATION})
    threshold = fitter(run_config(f"protocol={protocol}")).threshold(VALIDATION, predictions)
    assert threshold.f1 == pytest.approx(f1)
    assert 0.1 < threshold.value < 0.8


def test_a_model_says_how_it_was_made(tmp_path: Path) -> None:
    config = run_config("training.seed=4", "name=mine", card={"purpose": "Finds what induces tremor."})
    description = fit(tmp_path, config).description
    assert (description.name, description.card.purpose) == ("mine", "Finds what induces tremor.")
    assert description.model == config.model
    assert description.training == {
        "config": config_hash(config),
        "seed": 4,
        "split": "mine",
        "documents": {"train": 8, "validation": 4},
        "epochs": 2,
        "kept_epoch": description.training["kept_epoch"],
        "steps": description.training["steps"],
    }


def test_the_same_config_makes_the_same_model_and_the_seed_another(tmp_path: Path) -> None:
    first, second = (fit(tmp_path / name) for name in "ab")
    assert torch.equal(weights(first), weights(second))
    assert first.description == second.description
    assert not torch.equal(weights(first), weights(fit(tmp_path / "c", run_config("training.seed=1"))))


def test_the_checkpoint_of_other_documents_is_refused(tmp_path: Path) -> None:
    fit(tmp_path)
    with pytest.raises(ModelError, match="belongs to a run with other settings or data"):
        fit(tmp_path, train=TRAIN[:7])
    with pytest.raises(ModelError, match="choose another output folder or delete it"):
        fit(tmp_path, run_config("training.epochs=3"))


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        (unrelated(TRAIN), VALIDATION, "split mine: none of the 8 training documents has a related pair to learn from"),
        (TRAIN, unrelated(VALIDATION), "split mine: 4 validation documents without two pairs"),
        (
            [document.with_mentions(()) for document in TRAIN],
            VALIDATION,
            "split mine: none of the 8 training documents has a related pair to learn from",
        ),
    ],
)
def test_nothing_to_learn_is_told_before_anything_is_trained(
    tmp_path: Path, train: list[Document], validation: list[Document], message: str
) -> None:
    ears = Ears()
    with pytest.raises(TrainingError) as caught:
        fit(tmp_path, train=train, validation=validation, ears=ears)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert (ears.epochs, ears.steps) == ([], {})
    assert not list(tmp_path.iterdir())


def test_a_device_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match=r"device 'cuda:99': not usable here \(.*\); try cpu"):
        Fitter(run_config(), mesh=TREE, mesh_version="tiny", machine=Machine("cuda:99"))


@pytest.mark.parametrize("kept", ["hypernym_filter=true", "protocol=filtered"])
def test_a_filter_that_the_schema_has_no_use_for_is_refused(kept: str) -> None:
    settings = ["schema=chemprot", "hypernym_filter=false", "protocol=raw"]
    Fitter(run_config(*settings), mesh=TREE, mesh_version="tiny")
    with pytest.raises(ConfigError, match=r"= .*: schema chemprot has no such filter; expected false and raw"):
        Fitter(run_config(*settings, kept), mesh=TREE, mesh_version="tiny")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Subword vectors of the abstracts, more dimensions than the network has."""
    folder = tmp_path_factory.mktemp("vectors")
    texts = [document.text for document in abstracts()]
    SubwordVectors.learn(texts, VectorConfig(subwords=SubwordConfig(vocabulary=90, min_frequency=1), dim=12)).save(
        folder
    )
    return folder


def test_embeddings_start_from_vectors_and_take_their_vocabulary(tmp_path: Path, vectors: Path) -> None:
    config = run_config(f"vectors={vectors}", "model.embeddings.frozen=true", "training.average=0")
    model = fit(tmp_path, config)
    given = SubwordVectors.load(vectors)
    assert len(model.subwords) == len(given.subwords)
    trained = model.network.embeddings.subwords.weight.detach().numpy()[2:]
    start = given.vectors[2:, : trained.shape[1]]
    seen = np.linalg.norm(start, axis=1) > 0
    cosines = (
        (trained * start).sum(1)[seen] / np.linalg.norm(trained, axis=1)[seen] / np.linalg.norm(start, axis=1)[seen]
    )
    assert cosines.min() > 0.999


def test_vectors_that_are_too_short_or_absent(tmp_path: Path, vectors: Path) -> None:
    with pytest.raises(ConfigError, match=r"subword vectors of 12 dimensions; expected at least encoder\.dim = 16"):
        fit(tmp_path, run_config(f"vectors={vectors}", "model.encoder.dim=16"))
    with pytest.raises(ModelError, match="absent"):
        fit(tmp_path, run_config("vectors=absent"))


def test_gold_is_named_in_signatures() -> None:
    gold = fitter(run_config()).gold(VALIDATION, split="mine")
    assert (gold.split, gold.mesh, gold.corpus.hash) == ("mine", "tiny", Corpus(tuple(VALIDATION)).hash)
    assert gold.protocols == ("raw", "filtered")
