"""The relations that a model finds in gold documents, as a system that is scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.schema import load_schema
from bran.errors import ModelError, UnknownTypeError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.report import evaluate
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.workflows.evaluate import evaluate_model
from tests.builders import several_types_documents, several_types_schema, tiny_model
from tests.runs import abstracts

CDR = load_schema("cdr")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tiny_model(threshold=0.5, name="mine")
    record = {"config": "0123456789ab", "seed": 3}
    description = ModelDescription(**{**dict(model.description), "training": record})
    TrainedModel(description, model.subwords, model.network).save(tmp_path)
    return tmp_path


def test_the_relations_of_every_document_at_the_threshold_of_the_model(folder: Path) -> None:
    gold = GoldStandard(abstracts(), CDR)
    found = evaluate_model(folder, gold)
    assert set(found.relations) == {document.id for document in abstracts()}
    assert all((relation.score or 0) >= 0.5 for relations in found.relations.values() for relation in relations)
    assert (found.system, found.config, found.seed, found.threshold) == ("mine", "0123456789ab", 3, 0.5)
    signature = str(evaluate(gold, found, resamples=0).cards["raw"].signature)
    assert "config:0123456789ab|seed:3|threshold:0.5" in signature


def test_another_threshold(folder: Path) -> None:
    gold = GoldStandard(abstracts(), CDR)
    counts = [sum(map(len, evaluate_model(folder, gold, threshold=value).relations.values())) for value in (0.0, 1.0)]
    assert counts == [36, 0]
    assert evaluate_model(folder, gold, threshold=0.0).threshold == 0.0


def test_gold_relations_are_not_read(folder: Path) -> None:
    bare = GoldStandard([document.with_relations(()) for document in abstracts()], CDR)
    assert evaluate_model(folder, bare, threshold=0).relations == (
        evaluate_model(folder, GoldStandard(abstracts(), CDR), threshold=0).relations
    )


def test_a_model_of_other_relation_types_is_refused(folder: Path) -> None:
    gold = GoldStandard(several_types_documents(), several_types_schema())
    with pytest.raises(
        ModelError, match="predicts CID; the gold documents are read with a schema of causes, treats"
    ) as it:
        evaluate_model(folder, gold)
    assert str(folder) in str(it.value)


def test_documents_with_types_that_the_model_does_not_know_are_refused(folder: Path) -> None:
    with pytest.raises(UnknownTypeError, match="entity type 'Gene'; expected one of Chemical, Disease"):
        evaluate_model(folder, GoldStandard([d.with_relations(()) for d in several_types_documents()], CDR))


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json: not a model folder"):
        evaluate_model(tmp_path, GoldStandard(abstracts(), CDR))
