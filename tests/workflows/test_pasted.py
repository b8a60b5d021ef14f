"""Strings become the documents that files of the same words would be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Passage
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.errors import FormatError, OffsetError
from bran.workflows.pasted import DropLog, abstract_document, pubtator_documents, text_document, whole

BLOCK = "7|t|Velorin.\n7|a|It eased pain.\n7\t0\t7\tVelorin\tChemical\tC1\n"


@pytest.mark.parametrize("text", ["One line.", "A title.\n\nWords\nand more.\n", " \n\n padded \r\n lines \n"])
def test_text_is_read_as_a_file_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(text.encode())
    (expected,) = read_documents(path, input_format="text")
    found = text_document(text, "file")
    assert found == expected


def test_the_first_line_is_the_title_when_a_blank_one_follows() -> None:
    assert text_document("Title\n\nWords.", "1").passages == (Passage("title", "Title"), Passage("text", "Words."))


def test_pubtator_is_read_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text(BLOCK)
    schema = load_schema("cdr")
    assert list(pubtator_documents(BLOCK, schema=schema)) == list(read_documents(path, schema=schema))


def test_errors_name_the_text_and_the_line() -> None:
    with pytest.raises(OffsetError, match=r"^pasted:3 \(document 7\): mention 1-8"):
        list(pubtator_documents(BLOCK.replace("\t0\t7", "\t1\t8"), schema=load_schema("cdr"), name="pasted"))


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff", "\u2028"])
def test_no_word_is_an_error(text: str) -> None:
    with pytest.raises(FormatError, match="expected"):
        text_document(text, "1")
    with pytest.raises(FormatError, match="expected some words"):
        abstract_document(text.strip("\ufeff"), " ", "1")


def test_controls_become_spaces_and_are_told() -> None:
    log = DropLog()
    assert text_document("a\x07b\tc", "1", on_error=log).text == "a b c"
    assert list(log.dropped.values()) == [1]
    with pytest.raises(FormatError, match="U\\+0007"):
        text_document("a\x07b", "1")


def test_a_document_that_cannot_be_read_is_raised_even_where_drops_are_remembered() -> None:
    with pytest.raises(FormatError, match="binary"):
        text_document("a\0b", "1", on_error=DropLog())


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whole_text_can_be_written_and_whole_characters_stay(text: str) -> None:
    found = whole(text)
    found.encode("utf-8")
    assert whole(found) == found
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return
    assert found == text


def test_halves_that_belong_together_are_joined() -> None:
    assert whole("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"
