from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import Schema
from bran.errors import ConfigError, ModelError, UnknownTypeError
from bran.evaluation.calibration import Calibration, Isotonic, Platt
from bran.evaluation.predictions import Predictions
from bran.extraction.predictor import Predictor
from tests.builders import (
    document,
    documents,
    several_types_documents,
    several_types_schema,
    tiny_model,
    tiny_predictor,
)


def scored(docs: list[Document]) -> list[dict[Relation, float | None]]:
    return [{relation: relation.score for relation in doc.relations} for doc in docs]


def assert_same(first: list[Document], second: list[Document]) -> None:
    assert [doc.id for doc in first] == [doc.id for doc in second]
    for left, right in zip(scored(first), scored(second), strict=True):
        assert right == pytest.approx(left, abs=1e-5)


def many() -> list[Document]:
    """Thirty documents of different lengths, some without anything to score."""
    docs = []
    for index in range(30):
        source = documents()[index % 4]
        mentions = () if index % 5 == 0 else source.mentions
        filler = Passage("abstract", "Nothing else was seen." * (index * 7 % 11) or "None.")
        docs.append(Document(str(index), (*source.passages, filler), mentions))
    return docs


def test_documents_come_back_in_order_with_all_that_they_had():
    predicted = list(tiny_predictor().predict(many(), threshold=0))
    for before, after in zip(many(), predicted, strict=True):
        assert (after.id, after.passages, after.mentions, after.meta) == (
            before.id, before.passages, before.mentions, before.meta,
        )  # fmt: skip


@pytest.mark.parametrize(("chunk", "max_tokens"), [(1, 8192), (2, 8192), (7, 60), (256, 1), (256, 100)])
def test_chunks_and_batches_change_nothing(chunk: int, max_tokens: int):
    expected = list(tiny_predictor().predict(many(), threshold=0))
    predictor = tiny_predictor(chunk=chunk, max_tokens=max_tokens)
    assert_same(expected, list(predictor.predict(many(), threshold=0)))


def test_no_more_than_a_chunk_is_read_ahead():
    read = 0

    def stream() -> Iterator[Document]:
        nonlocal read
        for index in range(10_000):
            read += 1
            yield document(str(index), "{brinol|Chemical|MESH:C3} and {gout|Disease|MESH:D3}")

    predicted = tiny_predictor(chunk=4).predict(stream())
    assert read == 0
    assert next(predicted).id == "0"
    assert read == 4
    assert [next(predicted).id for _ in range(4)] == ["1", "2", "3", "4"]
    assert read == 8


@pytest.mark.parametrize(
    "doc",
    [
        Document("1", ()),
        Document("1", (Passage("title", ""), Passage("abstract", ""))),
        document("1", "No names in here."),
        document("1", "Only {brinol|Chemical|MESH:C3}."),
        document("1", "Unlinked {brinol|Chemical|} and {gout|Disease|}."),
        document("1", "{brinol|Chemical|MESH:C3}{ |Disease|MESH:D3}"),
    ],
)
def test_a_document_without_anything_to_score_has_no_relations(doc: Document):
    before = doc.with_relations(documents()[0].relations)
    alone = list(tiny_predictor().predict([before], threshold=0))
    assert [(item.id, item.relations) for item in alone] == [("1", ())]
    among = list(tiny_predictor().predict([documents()[0], before, documents()[1]], threshold=0))
    assert among[1].relations == ()
    assert_same([among[0], among[2]], list(tiny_predictor().predict(documents()[:2], threshold=0)))


def test_no_documents_no_predictions():
    assert list(tiny_predictor().predict([])) == []


def test_at_threshold_zero_every_candidate_is_kept():
    for schema, docs in ((None, documents()), (several_types_schema(), several_types_documents())):
        predictor = tiny_predictor(schema=schema)
        for doc in predictor.predict(docs, threshold=0):
            known = predictor.model.description.relation_schema
            expected = {
                (known.labels[label], pair.head.id, pair.tail.id)
                for pair in known.candidates(doc)
                for label in known.labels_between(pair)
            }
            assert {(item.type, item.head, item.tail) for item in doc.relations} == expected
            assert len(doc.relations) == len(expected)


def test_a_threshold_is_the_lowest_score_that_is_kept():
    def scores(threshold: float) -> list[float]:
        predicted = tiny_predictor().predict(documents(), threshold=threshold)
        return sorted(score for row in scored(list(predicted)) for score in row.values() if score is not None)

    everything = scores(0)
    limit = everything[len(everything) // 2]
    assert scores(limit) == [score for score in everything if score >= limit]
    assert 0 < len(scores(limit)) < len(everything)
    assert scores(1.0) == []


def test_the_threshold_is_that_of_the_model_unless_told():
    none = Predictor(tiny_model(threshold=0.9999), precision="fp32")
    every = Predictor(tiny_model(threshold=1e-6), precision="fp32")
    assert not any(doc.relations for doc in none.predict(documents()))
    assert_same(list(every.predict(documents())), list(tiny_predictor().predict(documents(), threshold=0)))


def test_relations_name_score_and_model():
    predictor = Predictor(tiny_model(name="mine"), precision="fp32")
    for doc in predictor.predict(documents(), threshold=0):
        for relation in doc.relations:
            assert relation.model == "mine"
            assert relation.type == "CID"
            assert isinstance(relation.score, float)
            assert 0 < relation.score < 1


def test_of_exclusive_labels_only_the_best_that_may_hold_is_kept():
    predictor = tiny_predictor(schema=several_types_schema(exclusive=True))
    known = predictor.model.description.relation_schema
    every = list(predictor.predict(several_types_documents(), threshold=0))
    for all_of_them, kept in zip(every, predictor.predict(several_types_documents(), threshold=1e-9), strict=True):
        best = {}
        for relation in sorted(all_of_them.relations, key=lambda item: item.score or 0):
            best[relation.head, relation.tail] = relation.type
        assert {(item.head, item.tail): item.type for item in kept.relations} == best
        assert len(kept.relations) == len(known.candidates(kept))


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_candidates_kept_at_a_threshold_are_what_is_predicted_at_it(exclusive: bool, share: float):
    schema = several_types_schema(exclusive=exclusive)
    predictor = tiny_predictor(schema=schema)
    candidates = Predictions.of(predictor.predict(several_types_documents(), threshold=0), system="tiny")
    scores = sorted(item.score or 0 for relations in candidates.relations.values() for item in relations)
    limit = scores[int(share * len(scores))]
    predicted = Predictions.of(predictor.predict(several_types_documents(), threshold=limit), system="tiny")
    kept = candidates.keep(limit, schema).relations
    assert {id_: set(relations) for id_, relations in kept.items()} == {
        id_: set(relations) for id_, relations in predicted.relations.items()
    }
    assert sum(map(len, kept.values())) > 0


def test_of_independent_labels_several_are_kept():
    predictor = tiny_predictor(schema=several_types_schema())
    first, _ = predictor.predict(several_types_documents(), threshold=1e-9)
    assert {item.type for item in first.relations if (item.head, item.tail) == ("C1", "D1")} == {"causes", "treats"}


def test_a_symmetric_relation_is_found_in_whichever_order_the_schema_names_its_types():
    schema = Schema(
        name="unsorted",
        entity_types={"Gene": {}, "Disease": {}},
        relation_types={"linked": {"pairs": [("Gene", "Disease")], "symmetric": True}},
    )
    (doc,) = tiny_predictor(schema=schema).predict([document("1", "{ABX1|Gene|G1} in {gout|Disease|D1}")], threshold=0)
    assert [(relation.type, {relation.head, relation.tail}) for relation in doc.relations] == [("linked", {"G1", "D1"})]


def test_what_is_left_out_is_counted():
    filler = "No further event was noted in this group. " * 3
    doc = document(
        "1", f"{{Brinol|Chemical|MESH:C3}} eased {{gout|Disease|MESH:D3}}.{{ |Disease|MESH:D9}}{filler}",
        "In others {rash|Disease|MESH:D5}.",
    )  # fmt: skip
    predictor = tiny_predictor(window=30, overlap=10)
    (predicted,) = predictor.predict([doc], threshold=0)
    assert [relation.tail for relation in predicted.relations] == ["MESH:D3"]
    assert predictor.notes == {"uncovered pairs": 2, "dropped mentions": 1}
    list(predictor.predict([doc, *documents()[:1]]))
    assert predictor.notes == {"uncovered pairs": 4, "dropped mentions": 2}


def test_a_type_that_the_model_does_not_know_is_an_error():
    doc = Document("77", (Passage("title", "BRX9 and gout"),), (Mention(0, 4, "Planet", ("P1",)),))
    with pytest.raises(UnknownTypeError, match=r"Planet.*expected one of Chemical, Disease"):
        list(tiny_predictor().predict([doc]))


def test_predicting_twice_is_predicting_the_same():
    predictor = tiny_predictor()
    first, second = (list(predictor.predict(documents(), threshold=0)) for _ in range(2))
    assert scored(first) == scored(second)


def test_dropout_is_off_even_after_training():
    predictor = tiny_predictor("scorer.dropout=0.5")
    first = scored(list(predictor.predict(documents(), threshold=0)))
    predictor.model.network.train()
    assert scored(list(predictor.predict(documents(), threshold=0))) == first


def test_bfloat16_stays_close_to_32_bits():
    exact, rough = (
        scored(list(Predictor(tiny_model(), precision=precision).predict(documents(), threshold=0)))
        for precision in ("fp32", "bf16")
    )
    for first, second in zip(exact, rough, strict=True):
        assert second != first
        assert second == pytest.approx(first, abs=0.02)


def test_a_predictor_is_loaded_from_a_folder(tmp_path: Path):
    tiny_model().save(tmp_path)
    predictor = Predictor.load(tmp_path, precision="fp32")
    assert predictor.device == torch.device("cpu")
    assert_same(
        list(tiny_predictor().predict(documents(), threshold=0)), list(predictor.predict(documents(), threshold=0))
    )


def test_a_missing_folder_or_device_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="not a model folder"):
        Predictor.load(tmp_path / "missing")
    with pytest.raises(ConfigError, match="device 'abacus': not usable here"):
        Predictor.load(tmp_path, device="abacus")


CALIBRATION = Calibration(
    default=Platt(slope=0.5, intercept=-0.3), types={"treats": Isotonic(scores=(0.1, 0.6), values=(0.2, 0.9))}
)


def calibrated(chunk: int = 256, max_tokens: int = 8192, **settings: object) -> Predictor:
    predictor = tiny_predictor(chunk=chunk, max_tokens=max_tokens, **settings)
    description = predictor.model.description
    predictor.model.description = description.model_copy(update={"calibration": CALIBRATION})
    return predictor


def test_probabilities_are_calibrated_scores_of_their_type():
    found = [
        relation
        for doc in calibrated(schema=several_types_schema()).predict(several_types_documents(), threshold=0)
        for relation in doc.relations
    ]
    assert {relation.type for relation in found} == {"causes", "treats", "regulates", "binds"}
    for relation in found:
        expected = CALIBRATION.of(relation.type).probabilities(np.array([relation.score]))
        assert relation.probability == pytest.approx(float(expected[0]), rel=1e-12)


def test_calibration_changes_neither_scores_nor_what_is_kept():
    plain, with_them = (
        list(predictor.predict(documents(), threshold=0.4)) for predictor in (tiny_predictor(), calibrated())
    )
    assert scored(plain) == scored(with_them)
    assert all(relation.probability is None for doc in plain for relation in doc.relations)


def test_probabilities_do_not_depend_on_batches():
    together, apart = (
        [relation.probability for doc in predictor.predict(documents(), threshold=0) for relation in doc.relations]
        for predictor in (calibrated(), calibrated(chunk=1, max_tokens=1))
    )
    assert together == pytest.approx(apart, abs=1e-6)
    assert len(set(together)) > 1
