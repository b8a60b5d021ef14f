"""PubTator: what is written is read back the same, and nothing that is read raises any other error."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import ErrorLog, PubTatorFormat, read_documents, read_pubtator
from bran.corpus.schema import load_schema
from bran.corpus.writers import PubTatorWriter
from bran.errors import DataError

CDR = load_schema("cdr")
FIXTURES = Path(__file__).parents[1] / "fixtures" / "corpus"
WHOLE_FILE = ("is empty", "is binary", "holds no document")
"""Errors that no line stands for."""
NO_DOCUMENT = ("expected 'PMID|t|title'", "cannot be read on")
"""Errors that may come before the first document has begun."""

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\t\0"), max_size=40)
words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
concepts = st.builds("{}:{}".format, st.sampled_from(["MESH", "OMIM"]), words)
columns = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\t|"), max_size=8)
formats = st.builds(
    PubTatorFormat,
    separators=st.sampled_from(["|", ",", ";|", "+"]),
    unlinked=st.sampled_from(["-1", "-", ""]),
    prefixes=st.sampled_from([(), ("MESH",)]),
    final_blank_line=st.booleans(),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    passages = [Passage("title", draw(texts))]
    if draw(st.booleans()):
        passages.append(Passage("abstract", draw(texts)))
    bare = Document(draw(words), tuple(passages))
    mentions = [draw(_mentions(len(bare.text))) for _ in range(draw(st.integers(0, 4)))] if bare.text else []
    relations = st.builds(Relation, st.just("CID"), concepts, concepts, extra=st.lists(columns, max_size=1).map(tuple))
    return bare.with_mentions(tuple(mentions)).with_relations(tuple(draw(st.lists(relations, max_size=3))))


@st.composite
def _mentions(draw: st.DrawFn, length: int) -> Mention:
    start = draw(st.integers(0, length - 1))
    return Mention(
        start,
        draw(st.integers(start + 1, length)),
        draw(st.sampled_from(["Chemical", "Disease"])),
        tuple(draw(st.lists(concepts, max_size=3, unique=True))),
        parts=tuple(draw(st.lists(columns, max_size=2))),
    )


corpora = st.lists(documents(), min_size=1, max_size=4, unique_by=lambda document: document.id)


def written(docs: list[Document], format: PubTatorFormat) -> str:
    stream = io.StringIO()
    PubTatorWriter(schema=CDR, format=format).write(docs, stream)
    return stream.getvalue()


@settings(deadline=None)
@given(corpora, formats)
def test_documents_are_read_as_they_were_written(docs: list[Document], format: PubTatorFormat) -> None:
    data = written(docs, format).encode()
    read = list(read_pubtator(io.BytesIO(data), schema=CDR, format=format))
    assert read == docs
    assert [relation.extra for d in read for relation in d.relations] == [r.extra for d in docs for r in d.relations]
    assert written(read, format).encode() == data


@settings(deadline=None)
@given(corpora)
def test_line_ends_and_a_byte_order_mark_change_nothing(docs: list[Document]) -> None:
    data = b"\xef\xbb\xbf" + written(docs, PubTatorFormat()).encode().replace(b"\n", b"\r\n")
    assert list(read_pubtator(io.BytesIO(data), schema=CDR)) == docs


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A fixture with some of its bytes left out, doubled or replaced; perhaps gzipped, perhaps cut off."""
    name = draw(st.sampled_from(["cdr", "biored", "chemdisgene", "ncbi-disease"]))
    data = bytearray((FIXTURES / f"{name}.pubtator").read_bytes())
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(
            st.sampled_from([b"", b"\t", b"\n", b"|t|", b"9" * 5000, b"\xff", b"\0", bytes(data[start:end]) * 2])
        )
        data[start:end] = piece
    packed = gzip.compress(bytes(data)) if draw(st.booleans()) else bytes(data)
    return packed[: draw(st.integers(0, len(packed)))] if draw(st.booleans()) else packed


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "input"


def read_strictly(path: Path) -> list[Document] | DataError:
    try:
        return list(read_documents(path, schema=CDR, input_format="pubtator"))
    except DataError as error:
        return error


@settings(deadline=None)
@given(data=st.one_of(damaged(), st.binary(max_size=200), st.text(alphabet="1|ta\t\n 0-").map(str.encode)))
def test_damaged_files_raise_nothing_but_placed_data_errors(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    log = ErrorLog()
    kept = list(read_documents(path, schema=CDR, input_format="pubtator", on_error=log))
    result = read_strictly(path)
    if isinstance(result, list):
        assert result == kept
        assert not log.skipped
        return
    assert log.skipped or log.dropped
    for error in (result, *log.skipped):
        whole_file = any(message in error.message for message in WHOLE_FILE)
        assert error.place.path == str(path)
        assert (error.place.line is None) == whole_file
        assert error.place.document or whole_file or any(message in error.message for message in NO_DOCUMENT)
