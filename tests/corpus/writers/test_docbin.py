from __future__ import annotations

import datetime
import io

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.docbin import read_docbin
from bran.corpus.writers.docbin import DocBinWriter
from bran.errors import FormatError
from tests import builders


def written(*documents: Document) -> bytes:
    stream = io.BytesIO()
    writer = DocBinWriter(stream)
    for document in documents:
        writer.write(document)
    writer.close()
    return stream.getvalue()


def test_spacy_reads_tokens_and_entities() -> None:
    document = builders.documents()[1]
    (doc,) = DocBin().from_bytes(written(document)).get_docs(Vocab())
    assert doc.text == document.text
    assert [(span.text, span.label_, span.kb_id_) for span in doc.ents] == [
        ("Sotamide and brinol", "Chemical", "MESH:C2|MESH:C3"),
        ("chronic gout", "Disease", "MESH:D4"),  # the longer one of two that overlap
        ("brinol", "Chemical", "MESH:C3"),
        ("rash", "Disease", "MESH:D5"),
        ("gout", "Disease", "MESH:D3"),
    ]
    assert [token.text for token in doc][:4] == ["Sotamide", "and", "brinol", "in"]
    assert [token.text for token in doc if "12" in token.text] == ["12"]


def test_it_is_read_as_it_was_written() -> None:
    documents = [*builders.documents(), *builders.several_types_documents()]
    assert list(read_docbin(io.BytesIO(written(*documents)))) == documents


def test_what_else_a_document_holds_comes_back() -> None:
    mention = Mention(0, 1, "Gene", ("A", "B"), parts=("x", "y"), id="T1", raw_concepts="A|B|-1")
    relation = Relation("binds", "A", "B", score=0.5, extra=("No",))
    passages = (Passage("title", "x  "), Passage("methods", " y"), Passage("methods", ""))
    meta = {"year": 1999, "day": datetime.date(2020, 1, 2)}
    (read,) = read_docbin(io.BytesIO(written(Document("1", passages, (mention,), (relation,), meta=meta))))
    assert (read.passages, read.mentions, read.relations) == (passages, (mention,), (relation,))
    assert (read.mentions[0].raw_concepts, read.relations[0].score) == ("A|B|-1", 0.5)
    assert read.meta == {"year": 1999, "day": "2020-01-02"}


def test_mentions_that_begin_or_end_with_space() -> None:
    passages = (Passage("text", "a  pain , b"),)
    mentions = tuple(Mention(start, end, "Disease") for start, end in [(1, 7), (7, 8), (8, 10), (0, 1)])
    document = Document("1", passages, mentions)
    (doc,) = DocBin().from_bytes(written(document)).get_docs(Vocab())
    assert [span.text for span in doc.ents] == ["a", "  pain", " ", ", "]
    assert list(read_docbin(io.BytesIO(written(document)))) == [document]


@pytest.mark.parametrize(
    "document",
    [
        Document("1", (Passage("text", "x"),), (Mention(0, 1, ""),)),
        Document("1", (Passage("text", "\ud800"),)),
    ],
)
def test_what_a_doc_cannot_hold_is_refused(document: Document) -> None:
    with pytest.raises(FormatError, match=r"document 1.*expected what a spaCy Doc holds"):
        written(document)
