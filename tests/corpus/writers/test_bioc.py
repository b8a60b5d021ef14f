from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import bioc
import pytest
from bioc import biocjson

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.corpus.readers.bioc import is_bioc_json, is_bioc_xml, read_bioc_json, read_bioc_xml
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.schema import Schema, load_schema
from bran.corpus.writers.bioc import BioCJsonWriter, BioCXmlWriter
from bran.errors import FormatError
from tests import builders

CDR = load_schema("cdr")
READERS = {BioCXmlWriter: read_bioc_xml, BioCJsonWriter: read_bioc_json}
Writer = type[BioCXmlWriter] | type[BioCJsonWriter]


def written(writer: Writer, docs: Sequence[Document], schema: Schema | None = CDR) -> bytes:
    stream = io.BytesIO()
    open_writer = writer(stream, schema=schema)
    for doc in docs:
        open_writer.write(doc)
    open_writer.close()
    return stream.getvalue()


@pytest.fixture(params=list(READERS), ids=["xml", "json"])
def writer(request: pytest.FixtureRequest) -> Writer:
    found: Writer = request.param
    return found


def there_and_back(writer: Writer, docs: Sequence[Document], schema: Schema | None = CDR) -> list[Document]:
    return list(READERS[writer](io.BytesIO(written(writer, docs, schema)), schema=schema))


def load(writer: Writer, data: bytes) -> Any:
    """What the library reads."""
    return bioc.loads(data.decode()) if writer is BioCXmlWriter else biocjson.loads(data.decode())


@pytest.mark.parametrize("schema", [CDR, None], ids=["cdr", "no schema"])
def test_documents_come_back(writer: Writer, schema: Schema | None) -> None:
    assert there_and_back(writer, builders.documents(), schema) == builders.documents()


@pytest.mark.parametrize("corpus", ["cdr", "biored", "chemdisgene"])
def test_corpora_come_back(writer: Writer, corpus: str, fixtures: Path) -> None:
    schema = load_schema(corpus)
    docs = list(read_pubtator(fixtures / "corpus" / f"{corpus}.pubtator", schema=schema))
    read = there_and_back(writer, docs, schema)
    assert read == docs
    assert [relation.extra for doc in read for relation in doc.relations] == [
        relation.extra for doc in docs for relation in doc.relations
    ]


HEAD, TAIL = Mention(0, 7, "Chemical", ("MESH:C1",)), Mention(16, 22, "Disease", ("MESH:D1",))
PREDICTED = Document(
    "1",
    (Passage("title", "Velorin induced tremor."),),
    (HEAD, HEAD, TAIL),
    (
        Relation(
            "CID",
            "MESH:C1",
            "MESH:D1",
            score=0.1 + 0.2,
            probability=1 / 3,
            evidence=(Evidence(HEAD, TAIL, 2 / 3),),
            extra=("No", 'a "|" b'),
            model="bran-cdr",
        ),
        Relation("CID", "MESH:C1", "MESH:D9"),
    ),
    {"year": 2018, "journal": "J", "mesh": ("MESH:D1",)},
)


def test_predictions_come_back_with_their_scores_and_evidence(writer: Writer) -> None:
    (doc,) = there_and_back(writer, [PREDICTED])
    assert doc == PREDICTED
    for ours, theirs in zip(doc.relations, PREDICTED.relations, strict=True):
        for name in ("score", "probability", "evidence", "extra", "model"):
            assert getattr(ours, name) == getattr(theirs, name)
    assert doc.meta == {"year": 2018, "journal": "J", "mesh": '["MESH:D1"]'}


def test_the_library_reads_what_is_written(writer: Writer) -> None:
    (doc,) = load(writer, written(writer, [PREDICTED])).documents
    (passage,) = doc.passages
    assert (doc.id, passage.offset, passage.text, passage.infons) == (
        "1",
        0,
        "Velorin induced tremor.",
        {"type": "title"},
    )
    found = [(each.id, each.text, each.infons["identifier"], each.total_span) for each in passage.annotations]
    assert [(id_, text, concept, span.offset, span.length) for id_, text, concept, span in found] == [
        ("#0", "Velorin", "MESH:C1", 0, 7),
        ("#1", "Velorin", "MESH:C1", 0, 7),
        ("#2", "tremor", "MESH:D1", 16, 6),
    ]
    first, second = doc.relations
    assert {key: first.infons[key] for key in ("type", "entity1", "entity2")} == {
        "type": "CID",
        "entity1": "MESH:C1",
        "entity2": "MESH:D1",
    }
    assert [(node.refid, node.role) for node in first.nodes] == [("#0", "head"), ("#2", "tail")]
    assert [node.refid for node in second.nodes] == ["#0"]
    bioc.validate(load(writer, written(writer, [PREDICTED])))


def test_an_empty_collection_is_whole(writer: Writer) -> None:
    assert load(writer, written(writer, [])).documents == []
    assert there_and_back(writer, []) == []


def test_composite_mentions_and_ids_that_hold_the_separator_come_back(writer: Writer) -> None:
    mentions = (
        Mention(0, 7, "Chemical", ("MESH:C1", "MESH:C2"), parts=("one|two", "")),
        Mention(8, 15, "Chemical", ("text:2,3-velorin", "C3")),
        Mention(8, 15, "Chemical"),
    )
    doc = PREDICTED.with_relations(()).with_mentions(mentions)
    assert there_and_back(writer, [doc]) == [doc]


@pytest.mark.parametrize("schema", [load_schema("chemprot"), None], ids=["chemprot", "no schema"])
def test_mentions_that_relate_keep_their_ids(writer: Writer, schema: Schema | None) -> None:
    mentions = (Mention(0, 7, "Chemical", id="T1"), Mention(16, 22, "Gene", id="T2"), Mention(8, 15, "Gene"))
    relations = (Relation("CPR:3", "T1", "T2"),)
    doc = replace(PREDICTED, mentions=mentions, relations=relations)
    assert there_and_back(writer, [doc], schema) == [doc]
    (annotated,) = load(writer, written(writer, [doc], schema)).documents
    assert [each.id for each in annotated.passages[0].annotations] == ["T1", "T2", "#2"]


def test_a_mention_of_two_passages_stands_under_the_document(writer: Writer) -> None:
    passages = (Passage("title", "One rash"), Passage("abstract", ""), Passage("abstract", "two pain"))
    doc = Document("1", passages, (Mention(4, 8, "Disease"), Mention(4, 13, "Disease")))
    assert there_and_back(writer, [doc]) == [doc]


UNWRITABLE: dict[str, Callable[[], Document]] = {
    "half a character": lambda: Document("9", (Passage("title", "a\ud800b"),)),
    "evidence that is no mention": lambda: PREDICTED.with_mentions((HEAD,)),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_cannot_be_written_is_refused_and_the_rest_stays_whole(writer: Writer, case: str) -> None:
    stream = io.BytesIO()
    open_writer = writer(stream, schema=CDR)
    first, second = builders.documents()[:2]
    open_writer.write(first)
    with pytest.raises(FormatError, match=r"\(document \w+\): .*expected"):
        open_writer.write(UNWRITABLE[case]())
    open_writer.write(second)
    open_writer.close()
    assert list(READERS[writer](io.BytesIO(stream.getvalue()), schema=CDR)) == [first, second]


def test_control_characters_are_none_of_xml() -> None:
    doc = Document("9", (Passage("title", "a\x01b"),))
    with pytest.raises(FormatError, match="expected what XML holds"):
        written(BioCXmlWriter, [doc])
    assert json.loads(written(BioCJsonWriter, [doc]))["documents"][0]["passages"][0]["text"] == "a\x01b"


def test_the_formats_are_told_by_content() -> None:
    assert is_bioc_xml(written(BioCXmlWriter, [PREDICTED]))
    assert is_bioc_json(written(BioCJsonWriter, [PREDICTED]))
