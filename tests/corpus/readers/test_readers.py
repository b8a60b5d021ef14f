from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bran.corpus.readers import ErrorLog, detect_format, read_documents
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DataError, FormatError


def test_the_format_is_told_by_content(fixtures: Path, tmp_path: Path) -> None:
    source = fixtures / "corpus" / "cdr.pubtator"
    odd = tmp_path / "odd.xyz"
    odd.write_bytes(gzip.compress(b"\n\n" + source.read_bytes()))
    assert detect_format(odd) == "pubtator"
    schema = load_schema("cdr")
    assert list(read_documents(odd, schema=schema)) == list(read_documents(source, schema=schema))


def test_an_unknown_name_of_a_format(fixtures: Path) -> None:
    with pytest.raises(ConfigError, match="input format 'docx'; expected one of pubtator"):
        read_documents(fixtures / "corpus" / "cdr.pubtator", input_format="docx")


def test_unknown_content_names_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("\nid\ttext\n")
    with pytest.raises(FormatError, match=r"table\.tsv:2: begins with 'id\\ttext'; expected one of pubtator"):
        read_documents(path)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\x00\x01\x02", b"prose", gzip.compress(b"1|t|x\n" * 9)[:12]])
def test_every_unreadable_file_is_a_data_error_or_logged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(DataError):
        list(read_documents(path))
    log = ErrorLog()
    assert list(read_documents(path, on_error=log)) == []
    assert [error.place.path for error in log.skipped] == [str(path)]
