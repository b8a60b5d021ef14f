from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bran.corpus.document import Document
from bran.corpus.readers import READERS, ErrorLog, detect_format, read_documents, reader_options
from bran.corpus.schema import load_schema
from bran.corpus.writers import open_document_writer
from bran.errors import ConfigError, DataError, FormatError
from tests import builders

PUBMED = (
    '<?xml version="1.0"?>\n<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">17</PMID>'
    "<Article><ArticleTitle>Velorin and gait.</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
    "</PubmedArticleSet>"
)
BIOC = {
    "source": "x",
    "documents": [{"id": "17", "passages": [{"offset": 0, "text": "Velorin and gait.", "infons": {}}]}],
}
BIOC_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
    "<collection><source>x</source><date/><key/><document><id>17</id><passage><offset>0</offset>"
    "<text>Velorin and gait.</text></passage></document></collection>"
)


def test_a_stream_is_read_as_a_file_and_called_by_its_name() -> None:
    class Named(io.BytesIO):
        name = "notes.txt"

    log = ErrorLog()
    assert [doc.id for doc in read_documents(io.BytesIO(PUBMED.encode()))] == ["17"]
    content = b'{"id": "1", "text": "Velorin."}\n{"id": "1", "text": "Brinol."}\n{broken\n'
    assert [doc.text for doc in read_documents(Named(content), on_error=log)] == ["Velorin."]
    assert [str(error.place) for error in log.skipped] == ["notes.txt:2 (document 1)", "notes.txt:3"]
    every = read_documents(Named(content), on_error=log, every_record=True)
    assert [doc.text for doc in every] == ["Velorin.", "Brinol."]
    assert [doc.id for doc in read_documents(Named(b"Gout.\n\nPain.\n"))] == ["notes-1", "notes-2"]


def docbin() -> bytes:
    from bran.corpus.writers.docbin import DocBinWriter

    stream = io.BytesIO()
    writer = DocBinWriter(stream)
    writer.write(builders.document("17", "Velorin and gait."))
    writer.close()
    return stream.getvalue()


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    """A document of id 17 in each format that is told by its content."""
    return {
        "pubtator": b"17|t|Velorin and gait.\n17|a|Two men fell.\n",
        "pubmed": PUBMED.encode(),
        "bioc-xml": BIOC_XML.encode(),
        "bioc-json": json.dumps(BIOC, indent=1).encode(),
        "jsonl": b'{"pmid": 17, "title": "Velorin and gait."}\n',
        "docbin": docbin(),
    }


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.BytesIO]:
    """What stands on standard input, to be filled: it cannot go back."""

    class Pipe(io.BytesIO):
        name = "<stdin>"

        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
    yield pipe
    assert not pipe.closed


FORMATS = ["pubtator", "pubmed", "bioc-xml", "bioc-json", "jsonl", "docbin"]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_the_content_tells_the_format_whatever_the_name(
    tmp_path: Path, contents: dict[str, bytes], name: str, packed: bool
) -> None:
    for suffix in ("", ".txt", ".jsonl", ".spacy", ".pubtator", ".xml.gz"):
        path = tmp_path / f"input{suffix}"
        path.write_bytes(gzip.compress(contents[name]) if packed else contents[name])
        assert detect_format(path) == name
    (document,) = read_documents(path)
    assert (document.id, document.passages[0].text) == ("17", "Velorin and gait.")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", FORMATS)
def test_standard_input_loses_no_byte(stdin: io.BytesIO, contents: dict[str, bytes], name: str, packed: bool) -> None:
    stdin.write(gzip.compress(contents[name]) if packed else contents[name])
    stdin.seek(0)
    (document,) = read_documents("-")
    assert (document.id, document.passages[0].text) == ("17", "Velorin and gait.")


@pytest.mark.parametrize("name", ["pubtator", "jsonl", "pubmed"])
def test_blank_lines_and_a_byte_order_mark_change_nothing(
    tmp_path: Path, contents: dict[str, bytes], name: str
) -> None:
    path = tmp_path / "input"
    begin = b"" if name == "pubmed" else b"\n\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + begin + contents[name])
    assert [document.id for document in read_documents(path)] == ["17"]


def test_xml_in_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(PUBMED.encode("utf-16"))
    assert detect_format(path) == "pubmed"


def test_a_long_input_on_standard_input(stdin: io.BytesIO) -> None:
    lines = [b'{"id": %d, "text": "%s"}\n' % (number, b"word " * 50) for number in range(2000)]
    stdin.write(b"".join(lines))
    stdin.seek(0)
    assert [document.id for document in read_documents("-")] == [str(number) for number in range(2000)]


def test_prose_is_told_by_its_name_or_is_piped_in(tmp_path: Path, stdin: io.BytesIO) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"Two men fell.\n\nOne rose.\n")
    assert [document.id for document in read_documents(path)] == ["note"]
    options = reader_options(text="paragraphs")
    assert [document.id for document in read_documents(path, options=options)] == ["note-1", "note-2"]
    stdin.write(path.read_bytes())
    stdin.seek(0)
    assert [document.id for document in read_documents("-")] == ["stdin-1", "stdin-2"]


@pytest.mark.parametrize("content", [b"<html>", b'{\n "heading": 1}'])
def test_unknown_markup_is_no_prose(tmp_path: Path, stdin: io.BytesIO, content: bytes) -> None:
    stdin.write(content)
    stdin.seek(0)
    path = tmp_path / "note.txt"
    path.write_bytes(content)
    for source in ("-", path):
        with pytest.raises(FormatError, match=r":1: begins with '[<{].*; expected one of pubtator"):
            read_documents(source)


def test_a_named_pipe_is_read_once(tmp_path: Path, contents: dict[str, bytes]) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", 'cat > "$0"', str(path)], stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(gzip.compress(contents["jsonl"]))
        writer.stdin.close()
        assert [document.id for document in read_documents(path)] == ["17"]


def test_a_row_further_down_tells_pubtator(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"exported by hand\n17|t|Gait.\n")
    with pytest.raises(FormatError, match=r"notes\.txt:1: row 'exported by hand': expected 'PMID\|t\|title'"):
        list(read_documents(path))


def test_options_reach_their_reader(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b'{"PMID": 17, "body": "x"}\n')
    assert [d.id for d in read_documents(path, options=reader_options(["id=PMID"]))] == ["17"]
    with pytest.raises(FormatError, match="expected one as number"):
        list(read_documents(path, options=reader_options(["id=number"])))
    for wrong in ("name=PMID", "id", "id=", "=PMID"):
        with pytest.raises(ConfigError, match=f"field '{wrong}': expected FIELD=KEY, such as id=PMID"):
            reader_options([wrong])


def test_a_key_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b'{"1": 17, "null": "x"}\n')
    (document,) = read_documents(path, input_format="jsonl", options=reader_options(["id=1", "text=null"]))
    assert (document.id, document.text) == ("17", "x")


def test_the_name_of_a_format_overrides_what_is_told(tmp_path: Path, contents: dict[str, bytes]) -> None:
    path = tmp_path / "input"
    path.write_bytes(contents["jsonl"])
    (document,) = read_documents(path, input_format="text")
    assert document.text == '{"pmid": 17, "title": "Velorin and gait."}'


def test_libraries_of_other_formats_are_not_imported(tmp_path: Path, contents: dict[str, bytes]) -> None:
    for name in ("pubtator", "jsonl"):
        (tmp_path / name).write_bytes(contents[name])
    script = (
        "import sys; from bran.corpus.readers import read_documents\n"
        "for path in sys.argv[1:]: assert len(list(read_documents(path))) == 1\n"
        "sys.exit(str({'lxml', 'bioc', 'spacy', 'torch', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "set()"


def test_the_format_is_told_by_content(fixtures: Path, tmp_path: Path) -> None:
    source = fixtures / "corpus" / "cdr.pubtator"
    odd = tmp_path / "odd.xyz"
    odd.write_bytes(gzip.compress(b"\n\n" + source.read_bytes()))
    assert detect_format(odd) == "pubtator"
    schema = load_schema("cdr")
    assert list(read_documents(odd, schema=schema)) == list(read_documents(source, schema=schema))


def test_an_unknown_name_of_a_format(fixtures: Path) -> None:
    with pytest.raises(ConfigError, match="input format 'docx'; expected one of pubtator, pubmed, bioc-xml, "):
        read_documents(fixtures / "corpus" / "cdr.pubtator", input_format="docx")


def test_unknown_content_names_what_was_found(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("\nid\ttext\n")
    with pytest.raises(FormatError, match=r"table\.tsv:2: begins with 'id\\ttext'; expected one of pubtator, .*\.txt"):
        read_documents(path)


@pytest.mark.parametrize("input_format", [None, *READERS])
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", gzip.compress(b"1|t|x\n" * 9, mtime=0)[:12]])
def test_every_unreadable_file_is_a_data_error_or_logged(
    tmp_path: Path, content: bytes, input_format: str | None
) -> None:
    path = tmp_path / "input"
    path.write_bytes(content)
    with pytest.raises(DataError):
        list(read_documents(path, input_format=input_format))
    log = ErrorLog()
    assert list(read_documents(path, input_format=input_format, on_error=log)) == []
    assert [error.place.path for error in log.skipped] == [str(path)]


def test_blank_lines_are_no_documents(tmp_path: Path) -> None:
    path = tmp_path / "input.txt"
    path.write_bytes(b"\n \n")
    with pytest.raises(FormatError, match=r"input\.txt: holds only blank lines; expected documents"):
        read_documents(path)


def test_absent_files_folders_and_prose_without_a_name(tmp_path: Path) -> None:
    prose = tmp_path / "prose"
    prose.write_bytes(b"prose")
    for path, message in [(tmp_path / "absent", "cannot be opened"), (tmp_path, "directory"), (prose, "begins with")]:
        with pytest.raises(FormatError, match=message):
            read_documents(path)


@pytest.mark.parametrize("suffix", [".pubtator", ".xml.gz", ".json", ".jsonl.gz", ".spacy"])
def test_one_format_is_the_other(tmp_path: Path, suffix: str) -> None:
    def bare(document: Document) -> Document:
        return Document(document.id, document.passages[:1], document.mentions[:1], document.relations)

    documents = [bare(document) for document in builders.documents()]
    path = tmp_path / f"documents{suffix}"
    schema = load_schema("cdr")
    with open_document_writer(path, schema=schema) as writer:
        for document in documents:
            writer.write(document)
    read = list(read_documents(path, schema=schema))
    assert [(d.id, d.text, d.entities, d.relations) for d in read] == [
        (d.id, d.text, d.entities, d.relations) for d in documents
    ]
