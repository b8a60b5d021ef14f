"""Texts for what learns without labels, and the ids that are left out of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from bran.corpus.readers import ErrorLog
from bran.errors import DataError, FormatError
from bran.workflows.texts import read_ids, read_texts
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
    assert read_ids([listed, documents]) == {"7", "8", "1000", "1001"}
    assert read_ids([]) == set()
    with pytest.raises(FormatError, match=r"absent\.txt: cannot be opened"):
        read_ids([tmp_path / "absent.txt"])
