"""Files in, documents out: their order, what is left out, and that nothing is read before it is asked for."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog, Strict, reader_options
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DuplicateDocumentError, FormatError
from bran.workflows.inputs import MAX_CHARACTERS, read_inputs
from tests.runs import abstracts, write_corpus

CDR = load_schema("cdr")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of two documents each."""
    folder = tmp_path / "in"
    folder.mkdir()
    return [
        write_corpus(folder / "old.txt", abstracts()[:2]),
        write_corpus(folder / "new.txt", abstracts()[2:4]),
    ]


def read(paths: list[Path], *, on_error: ErrorLog | Strict | None = None, **options: Any) -> list[Document]:
    return list(read_inputs(paths, CDR, on_error=on_error or Strict(), **options))


def test_documents_of_all_files_in_their_order(files: list[Path]) -> None:
    documents = read(files)
    assert [document.id for document in documents] == ["1000", "1001", "1002", "1003"]
    assert documents == abstracts(4)


def test_an_id_of_an_earlier_file_is_told_and_left_out(files: list[Path]) -> None:
    log = ErrorLog()
    assert len(read([*files, files[0]], input_format="pubtator", on_error=log)) == 4
    assert [str(error) for error in log.skipped] == [
        f"{files[0]} (document {id_}): id {id_!r} was read before; expected one document per id"
        for id_ in ("1000", "1001")
    ]
    with pytest.raises(DuplicateDocumentError):
        read([files[0], files[0]])


def test_a_file_that_cannot_be_read_does_not_stop_the_others(files: list[Path], tmp_path: Path) -> None:
    log = ErrorLog()
    assert len(read([files[0], tmp_path / "absent.txt", tmp_path, files[1]], on_error=log)) == 4
    assert [error.place.path for error in log.skipped] == [str(tmp_path / "absent.txt"), str(tmp_path)]
    with pytest.raises(ConfigError, match="input format 'word'"):
        read(files, input_format="word", on_error=log)


def test_files_of_several_formats_one_after_the_other(files: list[Path], tmp_path: Path) -> None:
    prose, lines = tmp_path / "case.txt", tmp_path / "more.jsonl"
    prose.write_text("Velorin eased gout.", encoding="utf-8")
    lines.write_text(json.dumps({"id": "j1", "text": "Brinol."}) + "\n", encoding="utf-8")
    documents = read([prose, files[0], lines])
    assert [document.id for document in documents] == ["case", "1000", "1001", "j1"]
    assert documents[0].text == "Velorin eased gout."


def test_options_reach_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(json.dumps({"PMID": 7, "note": "Velorin."}) + "\n", encoding="utf-8")
    (document,) = read([path], options=reader_options(["id=PMID", "text=note"]))
    assert (document.id, document.text) == ("7", "Velorin.")


def test_documents_that_are_too_long_are_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    texts = ["v" * 20, "v" * 21, "short"]
    path.write_text("".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)))
    log = ErrorLog()
    assert [document.id for document in read([path], max_characters=20, on_error=log)] == ["0", "2"]
    assert [str(error) for error in log.skipped] == [
        f"{path} (document 1): holds 21 characters; expected at most 20 (--max-characters)"
    ]
    with pytest.raises(FormatError, match="holds 21 characters"):
        read([path], max_characters=20)
    assert len(read([path])) == 3


def test_a_few_articles_are_not_too_long_and_a_book_is(tmp_path: Path) -> None:
    path, log = tmp_path / "book.txt", ErrorLog()
    path.write_text("v" * MAX_CHARACTERS, encoding="utf-8")
    assert len(read([path])) == 1
    path.write_text("v" * (MAX_CHARACTERS + 1), encoding="utf-8")
    assert read([path], on_error=log) == []
    assert len(log.skipped) == 1


def test_a_document_left_out_for_its_length_may_come_again(tmp_path: Path) -> None:
    paths, log = [tmp_path / "long.jsonl", tmp_path / "short.jsonl"], ErrorLog()
    for path, text in zip(paths, ("v" * 99, "velorin"), strict=True):
        path.write_text(json.dumps({"id": "1", "text": text}) + "\n", encoding="utf-8")
    (document,) = read(paths, max_characters=50, on_error=log)
    assert document.text == "velorin"


def test_standard_input_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Velorin eased gout.\n\nBrinol did not.\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    log = ErrorLog()
    assert len(read([Path("-")], max_characters=15, on_error=log)) == 1
    assert str(log.skipped[0]).startswith("stdin (document ")


def test_files_are_opened_one_by_one(files: list[Path], tmp_path: Path) -> None:
    documents = read_inputs([files[0], tmp_path / "absent.txt"], CDR, on_error=Strict())
    assert next(documents).id == "1000"
    assert next(documents).id == "1001"
    with pytest.raises(FormatError, match="cannot be opened"):
        next(documents)
