from __future__ import annotations

import datetime
import io
import json

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.jsonl import read_jsonl
from bran.corpus.schema import load_schema
from bran.corpus.writers.jsonl import JsonlWriter
from bran.errors import FormatError
from tests import builders


def written(*documents: Document) -> bytes:
    stream = io.BytesIO()
    writer = JsonlWriter(stream)
    for document in documents:
        writer.write(document)
    writer.close()
    return stream.getvalue()


def test_a_line_per_document_that_people_can_read() -> None:
    document = builders.document("1", "{Ω-3|Chemical|MESH:C1} eased {pain|Disease|}.", relations=[("CID", "A", "B")])
    assert json.loads(written(document)) == {
        "id": "1",
        "title": "Ω-3 eased pain.",
        "mentions": [
            {"start": 0, "end": 3, "type": "Chemical", "concepts": ["MESH:C1"], "text": "Ω-3"},
            {"start": 10, "end": 14, "type": "Disease", "concepts": [], "text": "pain"},
        ],
        "relations": [{"type": "CID", "head": "A", "tail": "B"}],
    }
    assert "Ω".encode() in written(document)


def test_it_is_read_as_it_was_written() -> None:
    documents = [*builders.documents(), *builders.several_types_documents()]
    read = list(read_jsonl(io.BytesIO(written(*documents))))
    assert read == documents
    assert list(read_jsonl(io.BytesIO(written(*documents[:4])), schema=load_schema("cdr"))) == documents[:4]


def test_what_else_a_document_holds_comes_back() -> None:
    mention = Mention(0, 1, "Gene", ("A", "B"), parts=("x", "y"), id="T1", raw_concepts="A|B|-1")
    relation = Relation("binds", "A", "B", score=0.5, probability=0.25, extra=("No",), model="m")
    passages = (Passage("title", "x"), Passage("methods", "y"), Passage("methods", ""))
    document = Document("1", passages, (mention,), (relation,), meta={"year": 1999, "id": "x"})
    (read,) = read_jsonl(io.BytesIO(written(document)))
    assert read == document
    assert read.meta == document.meta
    assert read.mentions[0].raw_concepts == "A|B|-1"
    (found,) = read.relations
    assert (found.score, found.probability, found.extra, found.model) == (0.5, 0.25, ("No",), "m")


def test_meta_is_written_as_far_as_json_goes() -> None:
    document = Document("1", (Passage("text", "x"),), meta={"day": datetime.date(2020, 1, 2)})
    assert json.loads(written(document))["meta"] == {"day": "2020-01-02"}


@pytest.mark.parametrize(
    "document",
    [
        Document("1", (Passage("text", "\ud800"),)),
        Document("1", (Passage("text", "x"),), meta={"share": float("nan")}),
        Document("1", (Passage("text", "x"),), meta={("a", "b"): 1}),
    ],
)
def test_what_json_cannot_hold_is_refused(document: Document) -> None:
    with pytest.raises(FormatError, match=r"document 1.*expected what JSON holds"):
        written(document)
