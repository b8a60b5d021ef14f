from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bran.corpus.document import Document, Mention
from bran.tagging.tagger import Tagger
from tests.builders import document
from tests.recognisers import bare, find_names, notes


class LexiconRecogniser:
    """Finds the names of the tiny lexicon, and remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def recognise(self, documents: Iterable[Document]) -> Iterator[Document]:
        for doc in documents:
            self.seen.append(doc.id)
            yield doc.with_mentions(tuple(Mention(n.start, n.end, n.type) for n in find_names(doc.text)))


class NumberingLinker:
    """Gives every mention its surface, or its long form, as concept."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def link(self, doc: Document, expansions: Mapping[str, str]) -> Document:
        self.seen.append(doc.id)
        surfaces = [(mention, doc.surface(mention)) for mention in doc.mentions]
        return doc.with_mentions(tuple(replace(m, concepts=(f"X:{expansions.get(s, s)}",)) for m, s in surfaces))


def tagger(**settings: Any) -> Tagger:
    return Tagger(LexiconRecogniser(), NumberingLinker(), abbreviations=lambda text: {}, **settings)


def concepts(doc: Document) -> list[tuple[str, ...]]:
    return [mention.concepts for mention in doc.mentions]


def test_bare_documents_are_recognised_and_linked():
    made = tagger()
    (found,) = made.tag(bare(notes()[:1]))
    assert concepts(found) == [("X:Velorin",), ("X:tremor",)]
    assert (found.id, found.passages) == (notes()[0].id, notes()[0].passages)


def test_documents_with_concepts_pass_untouched():
    made = tagger()
    found = list(made.tag(notes()))
    assert all(given is kept for given, kept in zip(found, found, strict=True))
    assert found == notes()
    assert made.recogniser.seen == made.linker.seen == []


def test_one_concept_is_enough_to_keep_a_document_as_it_is():
    doc = document("1", "{Velorin|Chemical|MESH:C1} and {tremor|Disease|}.")
    assert list(tagger().tag([doc])) == [doc]


def test_mentions_without_any_concept_are_kept_and_linked():
    made = tagger()
    (found,) = made.tag([document("1", "{Vel|Chemical|}orin and {tremor|Disease|}.")])
    assert concepts(found) == [("X:Vel",), ("X:tremor",)]
    assert made.recogniser.seen == []


def test_retagging_replaces_what_was_there():
    made = tagger(retag=True)
    old = document("1", "{Velorin and|Disease|MESH:D9} tremor.", relations=[("CID", "MESH:C1", "MESH:D9")])
    (found,) = made.tag([old])
    assert concepts(found) == [("X:Velorin",), ("X:tremor",)]
    assert found.relations == ()  # they held between mentions that are gone


def test_abbreviations_are_those_of_the_text():
    texts: list[str] = []

    def expansions(text: str) -> dict[str, str]:
        texts.append(text)
        return {"tremor": "essential tremor"}

    made = Tagger(LexiconRecogniser(), NumberingLinker(), abbreviations=expansions)
    (found,) = made.tag(bare(notes()[:1]))
    assert concepts(found)[1] == ("X:essential tremor",)
    assert texts == [notes()[0].text]


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_the_order_is_kept_whatever_is_bare(chunk: int):
    given = [doc if index % 3 else bare([doc])[0] for index, doc in enumerate(notes())]
    made = tagger(chunk=chunk)
    found = list(made.tag(given))
    assert [doc.id for doc in found] == [doc.id for doc in notes()]
    assert made.recogniser.seen == [notes()[0].id, notes()[3].id]
    assert [doc.id for doc in found if doc not in notes()] == made.recogniser.seen


def test_only_a_chunk_is_read_ahead():
    read = itertools.count()
    endless = (document(str(next(read)), "Velorin.") for _ in itertools.repeat(None))
    stream = tagger(chunk=4).tag(endless)
    for number in range(9):
        assert next(stream).id == str(number)
    assert next(read) <= 12 + 1


def test_no_documents_no_tags():
    assert list(tagger().tag([])) == []
