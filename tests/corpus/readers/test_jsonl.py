from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.readers import ErrorLog, JsonFields
from bran.corpus.readers.jsonl import is_jsonl, read_jsonl
from bran.corpus.schema import load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, OffsetError

CDR = load_schema("cdr")
VELORIN = {"id": "17", "title": "Velorin and gait.", "abstract": "Two men fell."}


def stream(*records: Any) -> io.BytesIO:
    """Lines of records; what is bytes already stands as it is."""
    return io.BytesIO(b"\n".join(r if isinstance(r, bytes) else json.dumps(r).encode() for r in records))


def read(*records: Any, **options: Any) -> list[Document]:
    return list(read_jsonl(stream(*records), **options))


def test_title_and_abstract_are_the_passages() -> None:
    (document,) = read(VELORIN | {"year": 1999, "journal": None})
    assert (document.id, document.title) == ("17", "Velorin and gait.")
    assert document.text == "Velorin and gait. Two men fell."
    assert document.meta == {"year": 1999, "journal": None}


def test_text_alone_and_what_is_null() -> None:
    texts = read({"id": 1, "title": None, "text": "One."}, {"id": 2, "title": "", "abstract": "Two."})
    assert [document.text for document in texts] == ["One.", " Two."]


@pytest.mark.parametrize("key", ["id", "pmid", "document_id", "doc_id", "_id"])
@pytest.mark.parametrize("value", ["17", 17])
def test_ids_go_by_several_names_and_may_be_numbers(key: str, value: object) -> None:
    (document,) = read({key: value, "text": "x"})
    assert document.id == "17"


def test_keys_can_be_named() -> None:
    line = {"number": 5, "id": "other", "heading": "A.", "body": "B.", "found": []}
    (document,) = read(line, fields=JsonFields(id="number", title="heading", mentions="found"))
    assert (document.id, document.text) == ("5", "A. B.")
    assert document.meta == {"id": "other"}


CONCEPTS = {
    "concepts": ({"concepts": ["MESH:C1", "C2"]}, ("MESH:C1", "MESH:C2"), ""),
    "ids": ({"ids": ["C1"]}, ("MESH:C1",), ""),
    "id": ({"id": "C1"}, ("MESH:C1",), ""),
    "one concept": ({"concepts": "OMIM:1"}, ("OMIM:1",), ""),
    "its own id": ({"concepts": ["C1", "C1"], "id": "T1"}, ("MESH:C1",), "T1"),
    "unlinked": ({"id": "-1"}, (), ""),
    "null": ({"id": None}, (), ""),
    "none": ({}, (), ""),
}


@pytest.mark.parametrize("case", CONCEPTS)
def test_concepts_of_a_mention(case: str) -> None:
    keys, concepts, own = CONCEPTS[case]
    (document,) = read(VELORIN | {"mentions": [{"start": 0, "end": 7, "type": "Chemical"} | keys]}, schema=CDR)
    assert document.mentions == (Mention(0, 7, "Chemical", concepts, id=own),)


def test_relations_get_the_namespace_of_what_is_mentioned() -> None:
    mentions = [
        {"start": 0, "end": 7, "label": "Chemical", "id": "C1"},
        {"start": 26, "end": 30, "type": "DiseaseClass", "id": "D1"},
    ]
    relations = [{"type": "CID", "head": "C1", "tail": "D1", "score": 0.5, "extra": ["No"]}]
    (document,) = read(VELORIN | {"mentions": mentions, "relations": relations}, schema=CDR)
    assert [document.surface(mention) for mention in document.mentions] == ["Velorin", "fell"]
    assert document.mentions[1].type == "Disease"
    assert document.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)
    assert (document.relations[0].score, document.relations[0].extra) == (0.5, ("No",))


def test_unknown_types_are_dropped_and_told() -> None:
    log = ErrorLog()
    mentions = [{"start": 0, "end": 7, "type": "Plant"}, {"start": 18, "end": 21, "type": "Disease"}]
    relations = [{"type": "eats", "head": "C1", "tail": "D1"}]
    (document,) = read(VELORIN | {"mentions": mentions, "relations": relations}, schema=CDR, on_error=log)
    assert [document.surface(mention) for mention in document.mentions] == ["Two"]
    assert not document.relations
    assert sum(log.dropped.values()) == 2


def test_line_ends_and_tabs_are_spaces_so_that_offsets_stay() -> None:
    line = {"id": 1, "title": "A\r\nB", "text": "C\tdear\u2028fever\n"}
    line["mentions"] = [{"start": 7, "end": 17, "type": "Disease", "text": "dear\u2028fever"}]
    (document,) = read(line)
    assert document.text == "A  B C dear fever "
    assert document.surface(document.mentions[0]) == "dear fever"


def test_other_control_characters_are_told() -> None:
    log = ErrorLog()
    (document,) = read({"id": 1, "text": "a\x00b\x07\x07"}, on_error=log)
    assert document.text == "a b  "
    assert log.dropped == {
        "control character U+0000; expected text, read as a space": 1,
        "control character U+0007; expected text, read as a space": 2,
    }
    with pytest.raises(FormatError, match=r":1 \(document 1\): control character U\+0007"):
        read({"id": 1, "text": "\x07"})


BAD: dict[str, tuple[object, type[DataError], str]] = {
    "no JSON": (b'{"id": 1, ', FormatError, "EOF while parsing .* expected a JSON object on one line"),
    "no object": ([1], FormatError, "holds '.1.'; expected a JSON object"),
    "no UTF-8": (b'{"id": "\xff"}', FormatError, "invalid unicode"),
    "a lone surrogate": (rb'{"id": 1, "text": "\ud800 x"}', FormatError, "hex escape"),
    "no id": ({"text": "x"}, FormatError, "there is no id; expected one as id or pmid"),
    "an empty id": ({"id": "", "text": "x"}, FormatError, "id = ''"),
    "an id that is a list": ({"id": [1], "text": "x"}, FormatError, r"id = '?\[1\]"),
    "no text": ({"id": 1, "abstract": None}, FormatError, "no text; expected title or abstract or text"),
    "a number for text": ({"id": 1, "text": {}}, FormatError, "text = {}"),
    "an offset outside": (VELORIN | {"mentions": [{"start": 0, "end": 99, "type": "A"}]}, OffsetError, "0-99"),
    "no stretch": (VELORIN | {"mentions": [{"start": 3, "end": 3, "type": "A"}]}, OffsetError, "mention 3-3"),
    "another text": (
        VELORIN | {"mentions": [{"start": 0, "end": 7, "type": "A", "text": "velorin"}]},
        OffsetError,
        "mention 0-7 'velorin': expected 'Velorin'",
    ),
    "a huge offset": (
        b'{"id":1,"text":"x","mentions":[{"start":%s}]}' % (b"9" * 4000),
        FormatError,
        "mentions.0.start",
    ),
    "a negative offset": (VELORIN | {"mentions": [{"start": -1, "end": 1, "type": "A"}]}, FormatError, "start = -1"),
    "no end": (VELORIN | {"mentions": [{"start": 0, "type": "A"}]}, FormatError, "no 'mentions.0.end'"),
    "mentions that are none": (VELORIN | {"mentions": 5}, FormatError, "mentions = 5"),
    "a deep list": (b"[" * 5000, FormatError, "recursion limit"),
    "a relation without head": (VELORIN | {"relations": [{"type": "CID"}]}, FormatError, "relations.0.head"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_told_by_number_and_the_rest_is_read(case: str) -> None:
    line, error, message = BAD[case]
    log = ErrorLog()
    documents = read({"id": "before", "text": "x"}, b"", line, {"id": "after", "text": "x"}, on_error=log)
    assert [document.id for document in documents] == ["before", "after"]
    (skipped,) = log.skipped
    assert isinstance(skipped, error)
    assert skipped.place.line == 3
    with pytest.raises(error, match=message):
        read(line)


def test_an_id_that_stands_twice() -> None:
    log = ErrorLog()
    assert [document.text for document in read(*[{"id": 1, "text": text} for text in "ab"], on_error=log)] == ["a"]
    assert isinstance(log.skipped[0], DuplicateDocumentError)


def test_a_relation_table_is_no_documents() -> None:
    row = {"document": "1", "type": "CID", "head": "MESH:C1", "tail": "MESH:D1", "score": 0.9}
    log = ErrorLog()
    assert not read(row, row, row, on_error=log)
    assert [error.message for error in log.skipped] == ["holds a relation table; expected documents with id and text"]


def test_a_long_line_and_a_long_abstract(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl.gz"
    tokens, signs = " ".join(f"t{number}" for number in range(100_000)), "é" * 5_000_000
    mention = {"start": len(tokens) - 6, "end": len(tokens), "type": "Chemical"}
    lines = [{"id": 1, "text": tokens, "mentions": [mention]}, {"id": 2, "abstract": signs}]
    path.write_bytes(gzip.compress(b"\n".join(json.dumps(line).encode() for line in lines), 1))
    first, second = read_jsonl(path)
    assert first.surface(first.mentions[0]) == "t99999"
    assert len(second.text) == 5_000_000


def test_lines_are_read_one_by_one() -> None:
    class Endless(io.RawIOBase):
        name = "endless"

        def __iter__(self) -> Iterator[bytes]:  # type: ignore[override]
            return (b'{"id": %d, "text": "x"}\n' % number for number in range(10**12))

    documents = read_jsonl(Endless())  # type: ignore[arg-type]
    assert [next(documents).id for _ in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\0{}"])
def test_what_holds_no_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.jsonl"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"none\.jsonl: (is|holds) .*; expected"):
        list(read_jsonl(path))


def test_the_beginning_tells_it() -> None:
    assert all(map(is_jsonl, [b'{"id": 1}\n', b'\n { "a', b"{}"]))
    assert not any(map(is_jsonl, [b"", b"{\n", b"[{}]", b"{17|t|x", b"1|t|{}"]))
