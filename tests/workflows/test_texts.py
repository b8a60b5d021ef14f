"""Texts for what learns without labels, and the ids that are left out of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bran.corpus.readers import ErrorLog
from bran.corpus.writers import JsonlWriter
from bran.errors import DataError, FormatError
from bran.workflows.texts import find_texts, read_ids, read_text_documents, read_texts, usable
from tests.builders import document
from tests.runs import abstracts, write_corpus

RECORDS = [
    {"pmid": 1, "title": "One.", "abstract": "First."},
    {"id": "2", "title": "Two.", "abstract": None, "year": 1999},
    {"text": "Three, whole."},
    {"pmid": "4", "title": "", "abstract": ""},
    {"pmid": None, "id": "5", "title": "Five."},
]


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), encoding="utf-8")
    return path


def test_title_and_abstract_or_text_of_each_line(jsonl: Path, tmp_path: Path) -> None:
    expected = ["One. First.", "Two.", "Three, whole.", "Five."]
    assert list(read_texts([jsonl])) == expected
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(jsonl.read_bytes()))
    assert list(read_texts([packed])) == expected


def test_ids_are_left_out_whether_numbers_or_text(jsonl: Path) -> None:
    assert list(read_texts([jsonl], exclude={"1", "2", "5"})) == ["Three, whole."]


def test_annotated_documents_are_texts_too(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "abstracts.txt", abstracts(3))
    assert list(read_texts([path], exclude={"1001"})) == [
        document.text for document in abstracts(3) if document.id != "1001"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("\n", r":2: line ''"),
        ("prose", r":2: line 'prose': Invalid JSON"),
        ("[1]", r":2: line '\[1\]': .*; expected a JSON object with title and abstract"),
        ('{"title": ["x"]}', r":2: title \"\['x'\]\": Input should be a valid string"),
        ("[" * 3000, r":2: line '\[\[\["),
        ('{"title": "\\ud800"}', r":2: line "),
    ],
)
def test_a_line_that_is_no_record(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(f'{{"title": "One."}}\n{line}\n', encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        list(read_texts([path]))
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def test_a_document_that_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "abstracts.txt", abstracts(3))
    path.write_text(path.read_text().replace("\ttremor\t", "\ttremors\t", 1))
    with pytest.raises(DataError, match=r"\(document 1000\): mention .* 'tremors': expected 'tremor'"):
        list(read_texts([path]))
    log = ErrorLog()
    assert len(list(read_texts([path, tmp_path / "absent.txt"], on_error=log))) == 2
    assert [error.place.document for error in log.skipped] == ["1000", None]


def test_ids_of_a_list_or_of_documents(tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text("7\n\n 8 \n", encoding="utf-8")
    documents = write_corpus(tmp_path / "abstracts.txt", abstracts(2))
    lines = tmp_path / "more.jsonl"
    lines.write_text('{"id": "9", "text": "Velorin."}\n', encoding="utf-8")
    assert read_ids([listed, documents, lines]) == {"7", "8", "9", "1000", "1001"}
    assert read_ids([]) == set()
    with pytest.raises(FormatError, match=r"absent\.txt: cannot be opened"):
        read_ids([tmp_path / "absent.txt"])


def test_mentions_come_with_the_texts_of_what_tag_writes(tmp_path: Path) -> None:
    docs = [
        *abstracts(2),
        document("7", "", "{Velorin|Chemical|MESH:C1} eased {pain|Disease|}."),
        document("8", "One.", "{Two|Chemical|MESH:C1;MESH:C2}.", "Three {four|Disease|MESH:D1}."),
    ]
    path = tmp_path / "tagged.jsonl"
    with path.open("wb") as stream:
        for doc in docs:
            JsonlWriter(stream).write(doc)
    found = list(read_text_documents([path]))
    assert [doc.id for doc in found] == ["1000", "1001", "7", "8"]
    for doc, expected in zip(found, docs, strict=True):
        assert doc.text == expected.text
        assert {(doc.surface(m), m.type, m.concepts) for m in doc.mentions} == {
            (expected.surface(m), m.type, m.concepts) for m in expected.mentions
        }


def test_mentions_come_with_annotated_documents(tmp_path: Path) -> None:
    (found,) = read_text_documents([write_corpus(tmp_path / "tagged.pubtator", abstracts(1))])
    (expected,) = abstracts(1)
    assert [(m.start, m.end, m.type) for m in found.mentions] == [(m.start, m.end, m.type) for m in expected.mentions]


def test_a_mention_that_does_not_hold_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tagged.jsonl"
    path.write_text(
        '{"id": "7", "text": "Pain.", "mentions": [{"start": 3, "end": 9, "type": "A"}]}\n', encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"tagged\.jsonl:1 \(document 7\): mention 3-9 \(A\): expected to end within"):
        list(read_text_documents([path]))
    path.write_text('{"id": "7", "text": "Pain.", "mentions": [{"start": 3, "type": "A"}]}\n', encoding="utf-8")
    with pytest.raises(FormatError, match=r"tagged\.jsonl:1: mentions\.0\.end "):
        list(read_text_documents([path]))


def test_texts_with_a_word_count_and_each_once() -> None:
    docs = [document(str(i), text) for i, text in enumerate(["A b.", "12 3.", "", "A b.", "\u03b1-1"])]
    assert [doc.id for doc in usable(docs)] == ["0", "4"]


def test_folders_are_looked_through(tmp_path: Path, jsonl: Path) -> None:
    (tmp_path / "z").mkdir()
    prose = tmp_path / "z" / "prose.txt"
    prose.write_text("One. Two.", encoding="utf-8")
    packed = write_corpus(tmp_path / "z" / "abstracts.pubtator", abstracts(2))
    binary, blank = tmp_path / "a.bin", tmp_path / "z" / "blank.txt"
    binary.write_bytes(bytes(range(200)))
    blank.write_text("\n", encoding="utf-8")
    (tmp_path / ".git").write_text("x", encoding="utf-8")
    assert find_texts([tmp_path]) == ([jsonl, packed, prose], [binary, blank])
    assert find_texts([prose, tmp_path / "absent"]) == ([prose, tmp_path / "absent"], [])
    for file in (jsonl, packed, prose):
        file.unlink()
    with pytest.raises(FormatError, match=r"none of the 2 files in the folder can be read; expected texts"):
        find_texts([tmp_path])


def test_annotations_of_brat_are_one_input(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("Pain eased.", encoding="utf-8")
    (tmp_path / "1.ann").write_text("T1\tDisease 0 4\tPain\n", encoding="utf-8")
    files, passed = find_texts([tmp_path])
    assert (files, passed) == ([tmp_path], [])
    assert [len(doc.mentions) for doc in read_text_documents(files)] == [1]
