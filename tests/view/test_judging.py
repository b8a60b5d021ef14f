"""The status of a relation is what the counts of an evaluation say of it."""

from __future__ import annotations

from collections import Counter

import pytest

from bran.corpus.document import Document, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.schema import load_schema
from bran.errors import UnknownTypeError
from bran.evaluation.counts import OUTCOMES
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.view.judging import Judge
from tests.builders import document, several_types_documents, several_types_schema
from tests.runs import TREE, abstracts

CDR = load_schema("cdr")
HYPERNYMS = HypernymFilter(TREE)


def predicted(gold: Document, *ends: tuple[str, str, float]) -> Document:
    return gold.with_relations(tuple(Relation("CID", head, tail, score=score) for head, tail, score in ends))


def statuses(judge: Judge, document: Document) -> list[tuple[str, str | None]]:
    return [(judged.relation.tail, judged.status) for judged in judge(document)]


def test_right_wrong_hypernym_and_missed_in_the_order_of_the_table() -> None:
    (gold,) = abstracts(1)
    judge = Judge([gold], CDR, HYPERNYMS)
    found = predicted(gold, ("MESH:C1", "MESH:D2", 0.6), ("MESH:C1", "MESH:D8", 0.7), ("MESH:C1", "MESH:D1", 0.5))
    assert statuses(judge, found) == [("MESH:D8", "hypernym"), ("MESH:D2", "wrong"), ("MESH:D1", "right")]
    assert statuses(judge, predicted(gold, ("MESH:C1", "MESH:D2", 0.6))) == [
        ("MESH:D2", "wrong"),
        ("MESH:D1", "missed"),
    ]


def test_without_a_filter_nothing_is_forgiven() -> None:
    (gold,) = abstracts(1)
    found = predicted(gold, ("MESH:C1", "MESH:D8", 0.7))
    assert statuses(Judge([gold], CDR), found) == [("MESH:D8", "wrong"), ("MESH:D1", "missed")]


def test_documents_without_gold_have_no_status() -> None:
    gold, other = abstracts(2)
    assert statuses(Judge([gold], CDR), predicted(other, ("MESH:C1", "MESH:D2", 0.6))) == [("MESH:D2", None)]


def test_ends_of_symmetric_relations_may_be_turned() -> None:
    gold = several_types_documents()[0]
    turned = gold.with_relations((Relation("binds", "G1", "G2", score=0.9),))
    assert {(j.relation.type, j.status) for j in Judge([gold], several_types_schema())(turned)} == {
        ("binds", "right"),
        ("regulates", "missed"),
        ("treats", "missed"),
        ("causes", "missed"),
    }


def test_a_gold_relation_that_stands_twice_is_missed_once() -> None:
    gold = document("1", "{A|Gene|G1}-{B|Gene|G2}.", relations=[("binds", "G1", "G2"), ("binds", "G2", "G1")])
    assert len(Judge([gold], several_types_schema())(gold.with_relations(()))) == 1


def test_types_that_the_schema_does_not_have() -> None:
    (gold,) = abstracts(1)
    with pytest.raises(UnknownTypeError, match="expected one of CID"):
        Judge([gold], CDR)(gold.with_relations((Relation("PPI", "MESH:C1", "MESH:D1", score=0.5),)))


def test_sums_are_those_of_the_evaluation() -> None:
    gold = abstracts(4)
    tails = ["MESH:D1", "MESH:D2", "MESH:D8"]
    found = [
        predicted(doc, *(("MESH:C1", tail, 0.5) for tail in tails[: number % 4])) for number, doc in enumerate(gold)
    ]
    counted = GoldStandard(gold, CDR, HYPERNYMS).count(Predictions.of(found, system="some"))
    judge = Judge(gold, CDR, HYPERNYMS)
    sums = Counter(judged.status for doc in found for judged in judge(doc))
    totals = {
        protocol: dict(zip(OUTCOMES, counts.totals.sum(axis=(0, 1)).tolist(), strict=True))
        for protocol, counts in counted.items()
    }
    assert totals["raw"] == {"tp": sums["right"], "fp": sums["wrong"] + sums["hypernym"], "fn": sums["missed"]}
    assert totals["filtered"] == {"tp": sums["right"], "fp": sums["wrong"], "fn": sums["missed"]}
    assert sums["hypernym"] == 1
