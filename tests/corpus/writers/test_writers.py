from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorLog, PubTatorFormat, Strict, read_documents
from bran.corpus.schema import load_schema
from bran.corpus.writers import SUFFIXES, WRITERS, document_format, open_document_writer, write_documents
from bran.errors import ConfigError, FormatError
from tests import builders

CDR = load_schema("cdr")
TWO_LINES = Document("99", (Passage("title", "two\nlines"),))


def test_every_suffix_stands_for_a_writer() -> None:
    assert set(SUFFIXES.values()) == set(WRITERS)
    assert document_format("a.b.jsonl.gz") == "jsonl"
    assert document_format("a.dat", "docbin") == "docbin"


@pytest.mark.parametrize("name", ["found", "found.docx", "found.gz", "found.spacy.gz", ".jsonl"])
def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"the suffix tells the format; expected one of \.txt, .*\.spacy"):
        document_format(tmp_path / name)


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="output format 'docx'; expected one of pubtator, "):
        document_format(tmp_path / "found.txt", "docx")


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".txt.gz", ".jsonl.gz", ".xml.gz", ".json.gz"])
def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"

    def write(fail: bool) -> None:
        with open_document_writer(path, schema=CDR) as writer:
            assert write_documents(builders.documents(), writer, on_error=Strict()) == 4
            if fail:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(fail=True)
    assert not list(tmp_path.iterdir())
    write(fail=False)
    before = path.read_bytes()
    assert [document.id for document in read_documents(path, schema=CDR)] == ["11", "12", "13", "14"]
    with pytest.raises(KeyboardInterrupt):
        write(fail=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_pubtator_takes_the_habits_of_a_corpus(tmp_path: Path) -> None:
    path = tmp_path / "out.txt.gz"
    habits = PubTatorFormat(separators=";", prefixes=("MESH",))
    with open_document_writer(path, schema=CDR, pubtator=habits) as writer:
        write_documents(builders.documents()[1:3], writer, on_error=Strict())
    text = gzip.decompress(path.read_bytes()).decode()
    assert "\tMESH:C2;MESH:C3\n" in text
    assert "\n\n13|t|" in text
    assert not text.endswith("\n\n")


def test_what_a_format_cannot_hold_is_left_out_and_told(tmp_path: Path) -> None:
    path, log = tmp_path / "out.txt", ErrorLog()
    documents = [TWO_LINES, *builders.documents()]
    with open_document_writer(path, schema=CDR) as writer:
        assert write_documents(documents, writer, on_error=log) == 4
    assert next(read_documents(path, schema=CDR)).id == "11"
    assert [error.place.document for error in log.skipped] == ["99"]
    with pytest.raises(FormatError, match="line end"), open_document_writer(path, schema=CDR) as writer:
        write_documents(documents, writer, on_error=Strict())


def test_no_document_is_an_empty_file(tmp_path: Path) -> None:
    for suffix in (".txt", ".jsonl"):
        with open_document_writer(tmp_path / f"out{suffix}"):
            pass
        assert (tmp_path / f"out{suffix}").read_bytes() == b""
