from __future__ import annotations

import random

import pytest

from bran.corpus.document import Document, Entity, Mention, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import load_corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import Schema
from bran.evaluation.baselines import EntityIndexBaseline, predict_all, predict_co_occurrence
from bran.evaluation.gold import GoldStandard
from bran.evaluation.report import evaluate


def test_predict_all_takes_every_candidate(documents, schema, gold):
    predictions = predict_all(documents, schema)
    assert {key: len(relations) for key, relations in predictions.relations.items()} == {"1": 4, "2": 2}
    cards = evaluate(gold, predictions, resamples=0).cards
    assert cards["raw"].totals["micro"] == {"tp": 4, "fp": 2, "fn": 0}
    assert cards["filtered"].totals["micro"] == {"tp": 4, "fp": 1, "fn": 0}


def test_co_occurrence_takes_what_shares_a_sentence(documents, schema):
    relations = predict_co_occurrence(documents, schema).relations
    assert {relation.tail for relation in relations["1"]} == {"MESH:D1", "MESH:D2"}
    assert {relation.tail for relation in relations["2"]} == {"MESH:D4"}


def random_documents(first: int, number: int) -> list[Document]:
    """Documents of three chemicals and four diseases with random ids, of which three pairs relate."""
    rng = random.Random(first)
    documents = []
    for id_ in range(first, first + number):
        concepts = [f"MESH:{letter}{rng.randrange(10**6):06}" for letter in "CCCDDDD"]
        mentions = tuple(
            Mention(2 * i, 2 * i + 1, "Chemical" if i < 3 else "Disease", (concept,))
            for i, concept in enumerate(concepts)
        )
        pairs = rng.sample([(head, tail) for head in concepts[:3] for tail in concepts[3:]], 3)
        relations = tuple(Relation("CID", *pair) for pair in pairs)
        documents.append(Document(str(id_), (Passage("title", f"{id_} " * 8),), mentions, relations))
    return documents


def related_first(document: Document) -> list[Entity]:
    """The entities in the order of a file that lists positive pairs first: the leak."""
    related = [id_ for relation in document.relations for id_ in (relation.head, relation.tail)]
    return sorted(document.entities, key=lambda e: related.index(e.id) if e.id in related else len(related))


@pytest.fixture(scope="module")
def halves() -> tuple[list[Document], list[Document]]:
    return random_documents(0, 150), random_documents(1000, 150)


def f1(predictions, documents: list[Document], schema: Schema) -> float:
    return evaluate(GoldStandard(documents, schema), predictions, resamples=0).cards["raw"].score()


def test_the_entity_index_table_learns_nothing_from_the_sorted_order(halves, schema):
    train, other = halves
    found = EntityIndexBaseline(GoldStandard(train, schema)).predict(other)
    assert f1(found, other, schema) < f1(predict_all(other, schema), other, schema) + 0.03


def test_the_entity_index_table_sees_a_leak(halves, schema):
    train, other = halves
    found = EntityIndexBaseline(GoldStandard(train, schema), order=related_first).predict(other)
    assert f1(found, other, schema) > f1(predict_all(other, schema), other, schema) + 0.2


def test_the_order_of_mentions_and_relations_does_not_reach_the_table(halves, schema):
    train, other = halves
    rng = random.Random(0)

    def shuffled(document: Document) -> Document:
        mentions, relations = list(document.mentions), list(document.relations)
        rng.shuffle(mentions)
        rng.shuffle(relations)
        return document.with_mentions(tuple(mentions)).with_relations(tuple(relations))

    plain = EntityIndexBaseline(GoldStandard(train, schema)).predict(other)
    mixed = EntityIndexBaseline(GoldStandard(map(shuffled, reversed(train)), schema)).predict(map(shuffled, other))
    assert plain.threshold == mixed.threshold
    assert plain.relations == mixed.relations


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("split", "other", "raw", "filtered"),
    [("training", "development", 32.1, 33.1), ("development", "training", 32.3, 33.2)],
)
def test_bc5cdr(corpora, schema, split, other, raw, filtered):
    hypernyms = HypernymFilter(MeshTree.bundled())
    gold, train = (
        GoldStandard(load_corpus(corpora / "bc5cdr", schema, splits=[name]).documents, schema, hypernyms)
        for name in (split, other)
    )
    documents = gold.corpus.documents
    cards = evaluate(gold, predict_all(documents, schema), resamples=0).cards
    assert 100 * cards["raw"].score() == pytest.approx(raw, abs=0.05)
    assert 100 * cards["filtered"].score() == pytest.approx(filtered, abs=0.05)
    table = evaluate(gold, EntityIndexBaseline(train).predict(documents), resamples=0).cards
    assert table["filtered"].score() < cards["filtered"].score() + 0.05
