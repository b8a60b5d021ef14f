from __future__ import annotations

from dataclasses import replace

from bran.corpus.document import Document, Mention
from bran.export.predictions import with_predictions
from bran.export.table import ordered, rows


def test_relations_come_back_as_they_were(document: Document) -> None:
    (found,) = [with_predictions(document.with_relations(()), rows(document))]
    expected = ordered(document.relations)
    assert list(found.relations) == expected
    for ours, theirs in zip(found.relations, expected, strict=True):
        assert (ours.score, ours.probability, ours.model) == (theirs.score, theirs.probability, theirs.model)
        assert all(
            a.head is b.head and a.tail is b.tail and a.share == b.share
            for a, b in zip(ours.evidence, theirs.evidence, strict=True)
        )


def test_mention_of_the_same_words_with_another_type_is_not_taken(document: Document) -> None:
    first = document.mentions[0]
    both = document.with_mentions((*document.mentions, replace(first, type="Gene")))
    assert with_predictions(both, rows(document)).relations[0].evidence[0].head is first


def test_evidence_that_the_document_does_not_mention(document: Document) -> None:
    bare = replace(document, mentions=(), relations=())
    evidence = with_predictions(bare, rows(document)).relations[0].evidence[0]
    assert evidence.head == Mention(0, 9, "Chemical", ("MESH:C1",))
