"""LEAK CONTROL: no score may depend on the gold relations, on the ids of concepts, or on the order of any list.

A corpus often lists first what is related; a model that can see the order can see the answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
import torch

from bran.corpus.document import Document, Entity, Pair, Relation
from bran.corpus.schema import Schema, load_schema
from bran.encoding.batches import collate
from bran.encoding.examples import DocumentEncoder
from bran.nn.model import Bran
from tests.builders import (
    ENCODINGS,
    VARIANTS,
    document,
    documents,
    encoder,
    network,
    several_types_documents,
    several_types_schema,
    tiny_predictor,
)

Scores = dict[tuple[str, str, str], list[float]]
Item = TypeVar("Item")


def docs() -> list[Document]:
    """The invented documents, and one in which a mention of one type lies within a mention of another."""
    nested = "{{Velorin|Chemical|MESH:C1} rash|Disease|MESH:D5} after {ostrelin|Chemical|MESH:C5}."
    return [*documents(), document("15", nested, "{Gout|Disease|MESH:D3} was not seen.")]


class ShuffledSchema(Schema):
    """A schema that names entities and candidates in another order."""

    def entities(self, document: Document) -> tuple[Entity, ...]:
        return shuffled(super().entities(document))

    def candidates(self, document: Document) -> tuple[Pair, ...]:
        return shuffled(super().candidates(document))


def shuffled(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(random.Random(3).sample(items, len(items)))


def mentions(doc: Document) -> Document:
    return doc.with_mentions(shuffled(doc.mentions))


def mentions_backwards(doc: Document) -> Document:
    return doc.with_mentions(doc.mentions[::-1])


def concepts_of_composites(doc: Document) -> Document:
    return doc.with_mentions(tuple(replace(mention, concepts=mention.concepts[::-1]) for mention in doc.mentions))


def order_of_relations(doc: Document) -> Document:
    return doc.with_relations(doc.relations[::-1])


def no_relations(doc: Document) -> Document:
    return doc.with_relations(())


def false_relations(doc: Document) -> Document:
    """What is related is not, and what is not, is."""
    gold = {(relation.head, relation.tail) for relation in doc.relations}
    pairs = [(pair.head.id, pair.tail.id) for pair in load_schema("cdr").candidates(doc)]
    return doc.with_relations(tuple(Relation("CID", *pair) for pair in pairs if pair not in gold))


CHANGES = [
    mentions,
    mentions_backwards,
    concepts_of_composites,
    order_of_relations,
    no_relations,
    false_relations,
]


def score(model: Bran, coder: DocumentEncoder, items: list[Document]) -> Scores:
    """Scores of every pair by document, head and tail."""
    examples = coder(items)
    with torch.no_grad():
        scores = model.link.scores(model(collate(examples))).tolist()
    names = [(item.document.id, pair.head.id, pair.tail.id) for item in examples for pair in item.pairs]
    return dict(zip(names, scores, strict=True))


def assert_same(first: Scores, second: Scores) -> None:
    assert first.keys() == second.keys()
    for name, row in first.items():
        assert second[name] == pytest.approx(row, abs=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("change", CHANGES)
def test_leak_control(variant: str, change: Callable[[Document], Document]):
    model, coder = network(*VARIANTS[variant]), encoder()
    expected = score(model, coder, docs())
    assert_same(expected, score(model, coder, list(map(change, docs()))))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("change", CHANGES)
def test_leak_control_of_the_choice_of_mention_pairs(encoding: str, change: Callable[[Document], Document]):
    model, coder = network(), encoder(**ENCODINGS[encoding])
    expected = score(model, coder, docs())
    assert_same(expected, score(model, coder, list(map(change, docs()))))


@pytest.mark.parametrize("change", [mentions, mentions_backwards, order_of_relations, no_relations])
def test_leak_control_of_several_types(change: Callable[[Document], Document]):
    schema = several_types_schema()
    model, coder = network(schema=schema), encoder(schema)
    expected = score(model, coder, several_types_documents())
    assert_same(expected, score(model, coder, list(map(change, several_types_documents()))))


@pytest.mark.parametrize("change", [mentions, concepts_of_composites, no_relations])
def test_leak_control_of_windows(change: Callable[[Document], Document]):
    model, coder = network(window=20), encoder(window=20, overlap=8)
    expected = score(model, coder, docs())
    assert_same(expected, score(model, coder, list(map(change, docs()))))


@pytest.mark.parametrize("variant", ["bran", "structure", "layouts"])
def test_leak_control_of_the_order_of_entities_and_candidates(variant: str):
    other = ShuffledSchema.model_validate(load_schema("cdr").model_dump())
    model = network(*VARIANTS[variant])
    (first, *_), (second, *_) = encoder()(documents()[3:]), encoder(other)(documents()[3:])
    assert [pair.tail.id for pair in first.pairs] != [pair.tail.id for pair in second.pairs]
    assert_same(score(model, encoder(), docs()), score(model, encoder(other), docs()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_leak_control_of_concept_ids(variant: str):
    # Names that sort the other way round change the order of entities, and nothing else.
    def rename(concept: str) -> str:
        return f"MESH:{concept[5]}{9 - int(concept[6:])}"

    def renamed(doc: Document) -> Document:
        return doc.with_mentions(
            tuple(replace(mention, concepts=tuple(map(rename, mention.concepts))) for mention in doc.mentions)
        )

    model, coder = network(*VARIANTS[variant]), encoder()
    expected = {
        (doc, rename(head), rename(tail)): row for (doc, head, tail), row in score(model, coder, docs()).items()
    }
    assert_same(expected, score(model, coder, list(map(renamed, docs()))))


def test_leak_control_of_the_labels_of_a_batch():
    model, batch = network(), collate(encoder()(docs()))
    other = replace(batch, labels=1 - batch.labels, weights=torch.zeros_like(batch.weights))
    assert torch.equal(model(batch), model(other))


@pytest.mark.parametrize("change", [no_relations, false_relations, mentions])
def test_leak_control_of_predictions(change: Callable[[Document], Document]):
    def predicted(items: list[Document]) -> list[dict[Relation, float]]:
        done = tiny_predictor().predict(items, threshold=0)
        return [{relation: relation.score for relation in doc.relations} for doc in done]

    for first, second in zip(predicted(docs()), predicted(list(map(change, docs()))), strict=True):
        assert second == pytest.approx(first, abs=1e-5)
