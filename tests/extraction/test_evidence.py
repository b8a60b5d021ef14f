from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from bran.corpus.document import Document, Relation
from bran.extraction.evidence import mention_pairs
from bran.extraction.predictor import Predictor
from tests.builders import (
    documents,
    encoder,
    several_types_documents,
    several_types_schema,
    tiny_model,
)


def predicted(docs: list[Document], *changes: str, **settings: object) -> list[tuple[Document, Relation]]:
    predictor = Predictor(tiny_model(*changes, **settings), precision="fp32", evidence=True)
    return [(doc, relation) for doc in predictor.predict(docs, threshold=0) for relation in doc.relations]


def test_shares_by_hand():
    (example,) = encoder()(documents()[:1])
    (window,) = example.windows
    values = np.zeros((1, *window.pairs.shape, 2), dtype=np.float32)
    first = window.pairs == 0
    # One mention pair has three quarters of the mass of label 1, the others share the rest evenly.
    chosen = (window.head_mentions[:, None] == 2) & (window.tail_mentions[None, :] == 3) & first
    others = first & ~chosen
    values[0, chosen, 1] = math.log(3 * others.sum() / chosen.sum()) + 500
    values[0, others, 1] = 500
    evidence = mention_pairs(example, values, pair=0, label=1)
    doc = documents()[0]
    assert len(evidence) == 4
    assert (doc.surface(evidence[0].head), evidence[0].head.start, evidence[0].tail.start) == ("velorin", 30, 51)
    assert evidence[0].share == pytest.approx(0.75, abs=1e-4)
    assert sum(item.share for item in evidence) == pytest.approx(1)


@pytest.mark.parametrize(
    "changes", [(), ("scorer.layouts=true",), ("scorer.structure=4",), ("scorer.pooling.temperature=2",)]
)
def test_shares_sum_to_one_over_the_mention_pairs_of_the_relation(changes: tuple[str, ...]):
    for doc, relation in predicted(documents(), *changes):
        shares = [item.share for item in relation.evidence]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert shares == sorted(shares, reverse=True)
        heads = [mention for mention in doc.mentions if relation.head in mention.concepts]
        tails = [mention for mention in doc.mentions if relation.tail in mention.concepts]
        expected = {(head.start, head.end, tail.start, tail.end) for head in heads for tail in tails}
        assert {(i.head.start, i.head.end, i.tail.start, i.tail.end) for i in relation.evidence} == expected


def test_shares_are_those_of_the_label():
    found = predicted(several_types_documents(), schema=several_types_schema())
    shares = {
        relation.type: [item.share for item in relation.evidence]
        for doc, relation in found
        if (doc.id, relation.head, relation.tail) == ("21", "C1", "D1")
    }
    assert set(shares) == {"causes", "treats"}
    assert shares["causes"] != shares["treats"]


def test_mentions_in_different_windows_are_no_evidence():
    for _, relation in predicted(documents(), window=20, overlap=8):
        assert sum(item.share for item in relation.evidence) == pytest.approx(1, abs=1e-5)


def test_a_warm_pool_shares_out_by_the_number_of_token_pairs():
    (example,) = encoder()(documents()[:1])
    (window,) = example.windows
    counts: Counter[tuple[int, int]] = Counter()
    for row, column in zip(*np.nonzero(window.pairs == 0), strict=True):
        counts[
            example.mentions[window.head_mentions[row]].start, example.mentions[window.tail_mentions[column]].start
        ] += 1
    _, relation = predicted(documents()[:1], "scorer.pooling.temperature=1000000")[0]
    shares = {(item.head.start, item.tail.start): item.share for item in relation.evidence}
    assert shares == pytest.approx({pair: count / counts.total() for pair, count in counts.items()}, abs=1e-4)


@pytest.mark.parametrize("kind", ["max", "mean"])
def test_other_pooling_has_no_shares(kind: str):
    assert all(relation.evidence == () for _, relation in predicted(documents(), f"scorer.pooling.kind={kind}"))


def test_evidence_changes_no_score():
    plain = Predictor(tiny_model(), precision="fp32").predict(documents(), threshold=0)
    without = [relation for doc in plain for relation in doc.relations]
    for before, (_, relation) in zip(without, predicted(documents()), strict=True):
        assert (before, before.score) == (relation, relation.score)
        assert before.evidence == ()
