from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from bran.corpus.document import Passage
from bran.corpus.readers import ErrorLog
from bran.corpus.readers.text import read_text
from bran.errors import FormatError

NOTE = b"\n  Velorin and gait.\r\n\r\nTwo men fell.\nOne rose.\n\n"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_bytes(NOTE)
    return path


def test_a_file_is_a_document_and_its_first_line_a_title_where_a_blank_one_follows(note: Path) -> None:
    (document,) = read_text(note)
    assert document.id == "note"
    assert document.passages == (Passage("title", "Velorin and gait."), Passage("text", "Two men fell. One rose."))


@pytest.mark.parametrize("content", ["One.\nTwo.\n", "\n\nOne.\nTwo.", "One. Two.\n\n \n"])
def test_without_a_blank_line_there_is_no_title(tmp_path: Path, content: str) -> None:
    path = tmp_path / "plain.v2.txt.gz"
    path.write_bytes(gzip.compress(content.encode()))
    (document,) = read_text(path)
    assert (document.id, document.passages) == ("plain.v2", (Passage("text", "One. Two."),))


def test_blank_lines_part_the_documents_of_a_stream() -> None:
    documents = list(read_text(io.BytesIO(b"\xef\xbb\xbf" + NOTE)))
    assert [document.id for document in documents] == ["stream-1", "stream-2"]
    assert [document.text for document in documents] == ["Velorin and gait.", "Two men fell. One rose."]


def test_either_can_be_asked_for(note: Path) -> None:
    assert [document.id for document in read_text(note, documents="paragraphs")] == ["note-1", "note-2"]
    (document,) = read_text(io.BytesIO(NOTE), documents="file")
    assert document.title == "Velorin and gait."


def test_control_characters_are_spaces_and_told(tmp_path: Path) -> None:
    log = ErrorLog()
    path = tmp_path / "odd.txt"
    path.write_bytes("a\tb\x0cc\x85d".encode())
    (document,) = read_text(path, on_error=log)
    assert document.text == "a b c d"
    assert [str(place) for place in log.places.values()] == [f"{path}:1", f"{path}:1"]
    assert [message[:24] for message in log.dropped] == ["control character U+000C", "control character U+0085"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9\n", r":1: byte 0xe9 in column 4 is not UTF-8; expected text"),
        (b"one\n\xed\xa0\x80\n", r":2: byte 0xed in column 1 is not UTF-8"),  # a lone surrogate
        (b"\x89PNG\r\n\x1a\n\0\0", r": is binary; expected text"),
        (b"\x7fELF\0", r": is binary"),
        (b"\n \r\n", r": holds only blank lines; expected text"),
        (b"", r": is empty"),
        (gzip.compress(b"word\n" * 999, mtime=0)[:-20], r"whole file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "odd.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"odd\.txt.*" + message):
        list(read_text(path))


def test_one_stretch_that_is_no_utf8_leaves_the_others() -> None:
    log = ErrorLog()
    documents = read_text(io.BytesIO(b"one\n\ncaf\xe9\ntwo\n\nthree"), on_error=log)
    assert [(document.id, document.text) for document in documents] == [("stream-1", "one"), ("stream-3", "three")]
    assert [error.place.line for error in log.skipped] == [3]


def test_other_scripts_count_in_characters() -> None:
    text = "Ωμέγα 発熱 \U0001f9ea \u05d7\u05d5\u05dd"
    (document,) = read_text(io.BytesIO(text.encode()))
    assert document.text == text
