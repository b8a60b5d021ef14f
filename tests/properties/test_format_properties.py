"""Every format of our own: what is written is read back the same, and nothing that is read raises any other error."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import ErrorLog, read_documents
from bran.corpus.readers.characters import spaced
from bran.corpus.readers.docbin import read_docbin
from bran.corpus.readers.jsonl import read_jsonl
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.readers.text import read_text
from bran.corpus.schema import load_schema
from bran.corpus.writers.docbin import DocBinWriter
from bran.corpus.writers.jsonl import JsonlWriter
from bran.corpus.writers.pubtator import PubTatorDocumentWriter
from bran.errors import BranError
from tests import builders

CDR = load_schema("cdr")
WRITERS: dict[str, Callable[[BinaryIO], JsonlWriter | DocBinWriter | PubTatorDocumentWriter]] = {
    "jsonl": lambda stream: JsonlWriter(stream, schema=CDR),
    "docbin": lambda stream: DocBinWriter(stream, schema=CDR),
    "pubtator": lambda stream: PubTatorDocumentWriter(stream, schema=CDR),
}
READERS: dict[str, Callable[..., Iterator[Document]]] = {
    "jsonl": read_jsonl,
    "docbin": read_docbin,
    "pubtator": read_pubtator,
    "text": read_text,
}

signs = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
texts = st.text(st.sampled_from(" \u00a0.-()aé\U0001f9ea") | signs, max_size=40)
words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
concepts = st.builds("{}:{}".format, st.sampled_from(["MESH", "OMIM"]), words)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Title, mostly an abstract; mentions that may overlap, or begin and end with white space."""
    passages = [
        Passage("title", draw(texts)),
        *(Passage("abstract", text) for text in draw(st.lists(texts, max_size=1))),
    ]
    bare = Document(draw(words), tuple(passages))
    count = draw(st.integers(0, 5)) if bare.text else 0
    mentions = tuple(draw(_mentions(len(bare.text))) for _ in range(count))
    relations = st.builds(Relation, st.just("CID"), concepts, concepts)
    return bare.with_mentions(mentions).with_relations(tuple(draw(st.lists(relations, max_size=3))))


@st.composite
def _mentions(draw: st.DrawFn, length: int) -> Mention:
    start = draw(st.integers(0, length - 1))
    found = tuple(draw(st.lists(concepts, max_size=3, unique=True)))
    return Mention(start, draw(st.integers(start + 1, length)), draw(st.sampled_from(["Chemical", "Disease"])), found)


corpora = st.lists(documents(), min_size=1, max_size=3, unique_by=lambda document: document.id)


def written(docs: list[Document], name: str) -> bytes:
    stream = io.BytesIO()
    writer = WRITERS[name](stream)
    for document in docs:
        writer.write(document)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("name", WRITERS)
@settings(deadline=None, max_examples=60)
@given(docs=corpora)
def test_documents_are_read_as_they_were_written(name: str, docs: list[Document]) -> None:
    data = written(docs, name)
    read = list(READERS[name](io.BytesIO(data), schema=CDR))
    assert read == docs
    for before, after in zip(docs, read, strict=True):
        assert [after.text[m.start : m.end] for m in after.mentions] == [before.surface(m) for m in before.mentions]
    assert written(read, name) == data


@settings(deadline=None, max_examples=60)
@given(docs=corpora, order=st.permutations(list(WRITERS)))
def test_the_way_through_other_formats_changes_nothing(docs: list[Document], order: list[str]) -> None:
    read = docs
    for name in order:
        read = list(READERS[name](io.BytesIO(written(read, name)), schema=CDR))
    assert read == docs


@pytest.mark.parametrize("name", ["jsonl", "docbin"])
@settings(deadline=None, max_examples=60)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), data=st.data())
def test_control_characters_move_no_mention(name: str, text: str, data: st.DataObject) -> None:
    mention = data.draw(_mentions(len(text)))
    (read,) = READERS[name](
        io.BytesIO(written([Document("1", (Passage("text", text),), (mention,))], name)), on_error=ErrorLog()
    )
    assert read.text == spaced(text)
    assert read.mentions == (mention,)


def seeds() -> dict[str, bytes]:
    docs = builders.documents()
    return {name: written(docs, name) for name in WRITERS} | {"text": docs[1].text.replace(". ", ".\n\n").encode()}


SEEDS = seeds()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """A good file with bytes left out, doubled or replaced; a DocBin under its compression; perhaps cut off."""
    packed = name == "docbin" and draw(st.booleans())
    data = bytearray(zlib.decompress(SEEDS[name]) if packed else SEEDS[name])
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        pieces = [
            b"",
            b"\n",
            b'"',
            b"{",
            b"]",
            b"\\ud800",
            b"9" * 50,
            b"\xff",
            b"\0",
            b"null",
            bytes(data[start:end]) * 2,
        ]
        data[start:end] = draw(st.sampled_from(pieces) | st.binary(max_size=4))
    result = zlib.compress(bytes(data)) if packed else bytes(data)
    result = gzip.compress(result) if draw(st.booleans()) else result
    return result[: draw(st.integers(0, len(result)))] if draw(st.booleans()) else result


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "input"


@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_damaged_files_raise_nothing_but_placed_errors(path: Path, name: str, data: st.DataObject) -> None:
    content = data.draw(damaged(name) | st.binary(max_size=200))
    path.write_bytes(content)
    for input_format in (name, None):
        log = ErrorLog()
        kept = list(read_documents(path, schema=CDR, input_format=input_format, on_error=log))
        for document in kept:
            assert all(0 <= mention.start < mention.end <= len(document.text) for mention in document.mentions)
        for error in log.skipped:
            assert error.place.path == str(path)
            assert "expected" in error.message or " = " in error.message
        try:
            strict = list(read_documents(path, schema=CDR, input_format=input_format))
        except BranError:
            assert log.skipped or log.dropped
        else:
            assert strict == kept
            assert not log.skipped
