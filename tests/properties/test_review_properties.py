"""What curators are given comes back as it was, when they change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.corpus.readers import Strict, read_documents
from bran.corpus.schema import load_schema
from bran.corpus.writers import open_document_writer, write_documents
from bran.corpus.writers.label_studio import TASKS
from tests.properties.test_format_properties import corpora, documents

CDR = load_schema("cdr")
FILES = {"brat": "", "label-studio": TASKS, "bioc-xml": "", "bioc-json": ""}
scores = st.none() | st.floats(0, 1)


@st.composite
def predicted(draw: st.DrawFn) -> Document:
    """A document whose relations mostly hold between what it mentions, with evidence, ids, parts and meta."""
    bare = draw(documents())
    mentions = tuple(draw(_detailed(mention)) for mention in bare.mentions)
    named = sorted({concept for mention in mentions for concept in mention.concepts})
    relations = list(bare.relations)
    for _ in range(draw(st.integers(0, 4)) if named else 0):
        head, tail = draw(st.sampled_from(named)), draw(st.sampled_from(named))
        pairs = st.builds(Evidence, st.sampled_from(mentions), st.sampled_from(mentions), st.floats(0, 1))
        evidence = tuple(draw(st.lists(pairs, max_size=2)))
        relations.append(Relation("CID", head, tail, draw(scores), draw(scores), evidence, model="m 1"))
    unique = {(relation.head, relation.tail): relation for relation in relations}
    return replace(bare, mentions=mentions, relations=tuple(unique.values()), meta={"year": draw(st.integers())})


@st.composite
def _detailed(draw: st.DrawFn, mention: Mention) -> Mention:
    return replace(mention, parts=tuple(draw(st.lists(st.sampled_from(["a", "|", "\U0001f9ea"]), max_size=2))))


def there_and_back(docs: list[Document], format: str) -> list[Document]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        with open_document_writer(path, schema=CDR, format=format) as writer:
            write_documents(docs, writer, on_error=Strict())
        read = {document.id: document for document in read_documents(path / FILES[format], schema=CDR)}
    return [read[document.id] for document in docs]


def is_within_passages(document: Document) -> bool:
    """Whether no mention begins or ends with what joins two passages: brat marks none that does."""
    joints = {len(document.title)} if len(document.passages) > 1 else set()
    return not any(joints & {mention.start, mention.end - 1} for mention in document.mentions)


def content(document: Document) -> tuple[object, ...]:
    """Without order: BioC has mentions of two passages last."""
    mentions = sorted(document.mentions, key=lambda m: (m.start, m.end, m.type, m.concepts, m.parts))
    return document.id, document.passages, mentions, frozenset(document.relations)


@pytest.mark.parametrize("format", ["brat", "label-studio"])
@settings(deadline=None, max_examples=25)
@given(docs=corpora)
def test_documents_come_back_from_every_format(format: str, docs: list[Document]) -> None:
    assume(format != "brat" or all(map(is_within_passages, docs)))
    assert [content(document) for document in there_and_back(docs, format)] == [content(document) for document in docs]


@pytest.mark.parametrize("format", FILES)
@settings(deadline=None, max_examples=25)
@given(document=predicted())
def test_predictions_come_back_with_all_that_the_format_carries(format: str, document: Document) -> None:
    assume(format != "brat" or is_within_passages(document))
    (read,) = there_and_back([document], format)
    assert content(read) == content(document)
    if format == "brat":
        assert all((each.score, each.model, each.evidence) == (None, None, ()) for each in read.relations)
        return
    found = {relation: relation for relation in read.relations}
    for relation in document.relations:
        for name in ("score", "probability", "evidence", "model"):
            assert getattr(found[relation], name) == getattr(relation, name)
