"""BioC and PubMed: what is written is read back the same, and nothing that is read raises any other error."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.corpus.readers.bioc import is_bioc_json, is_bioc_xml, read_bioc_json, read_bioc_xml
from bran.corpus.readers.errors import ErrorLog
from bran.corpus.readers.pubmed import is_pubmed, read_pubmed
from bran.corpus.schema import load_schema
from bran.corpus.writers.bioc import BioCJsonWriter, BioCXmlWriter
from bran.errors import DataError
from tests import builders

CDR = load_schema("cdr")
READERS: dict[str, Callable[..., list[Document]]] = {
    "xml": lambda source, **how: list(read_bioc_xml(source, **how)),
    "json": lambda source, **how: list(read_bioc_json(source, **how)),
    "pubmed": lambda source, **how: list(read_pubmed(source, **how)),
}
WRITERS = {"xml": BioCXmlWriter, "json": BioCJsonWriter}

letters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufffe\uffff")
texts = st.text(letters, max_size=30)
words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
concepts = st.builds("{}:{}".format, st.sampled_from(["MESH", "OMIM"]), words | texts.filter(bool))
shares = st.floats(0, 1) | st.none()


@st.composite
def mentions(draw: st.DrawFn, length: int) -> Mention:
    start = draw(st.integers(0, length - 1))
    return Mention(
        start,
        draw(st.integers(start + 1, length)),
        draw(st.sampled_from(["Chemical", "Disease"])),
        tuple(draw(st.lists(concepts, max_size=3, unique=True))),
        parts=tuple(draw(st.lists(texts, max_size=2))),
        id=draw(st.just("") | words),
    )


@st.composite
def relations(draw: st.DrawFn, found: tuple[Mention, ...]) -> Relation:
    pairs = st.builds(Evidence, st.sampled_from(found), st.sampled_from(found), st.floats(0, 1)) if found else None
    return Relation(
        "CID",
        draw(st.builds("MESH:{}".format, words)),
        draw(st.builds("MESH:{}".format, words)),
        score=draw(shares),
        probability=draw(shares),
        evidence=tuple(draw(st.lists(pairs, max_size=2))) if pairs is not None else (),
        extra=tuple(draw(st.lists(texts, max_size=2))),
        model=draw(st.none() | words),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    kinds = ["title", *draw(st.lists(st.sampled_from(["abstract", "paragraph"]), max_size=2))]
    bare = Document(draw(words), tuple(Passage(kind, draw(texts)) for kind in kinds))
    found = tuple(draw(st.lists(mentions(len(bare.text)), max_size=4))) if bare.text else ()
    related = tuple(draw(st.lists(relations(found), max_size=2)))
    return replace(bare, mentions=by_passage(bare, found), relations=related)


def by_passage(doc: Document, found: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """``found`` in the order of BioC: passage by passage, then those that lie in two."""
    ends, start = [], 0
    for passage in doc.passages:
        ends.append((start, start + len(passage.text)))
        start += len(passage.text) + 1

    def place(mention: Mention) -> int:
        inside = (index for index, (first, last) in enumerate(ends) if first <= mention.start and mention.end <= last)
        return next(inside, len(ends))

    return tuple(sorted(found, key=place))


def written(format: str, docs: list[Document]) -> bytes:
    stream = io.BytesIO()
    writer = WRITERS[format](stream, schema=CDR)
    for doc in docs:
        writer.write(doc)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize("format", WRITERS)
@settings(deadline=None)
@given(docs=st.lists(documents(), max_size=3, unique_by=lambda doc: doc.id))
def test_documents_are_read_as_they_were_written(format: str, docs: list[Document]) -> None:
    read = READERS[format](io.BytesIO(written(format, docs)), schema=CDR)
    assert read == docs
    for ours, theirs in zip(read, docs, strict=True):
        assert [doc.surface(mention) for doc, mention in ((ours, m) for m in ours.mentions)] == [
            theirs.surface(mention) for mention in theirs.mentions
        ]
        for one, other in zip(ours.relations, theirs.relations, strict=True):
            assert replace(one, type="CID") == other
            assert (one.score, one.probability, one.evidence) == (other.score, other.probability, other.evidence)
            assert (one.extra, one.model) == (other.extra, other.model)


PUBMED = b"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/x.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">1</PMID><Article><Journal><JournalIssue><PubDate>
<Year>1999</Year></PubDate></JournalIssue></Journal><ArticleTitle>A <i>title</i> &amp; more.</ArticleTitle><Abstract>
<AbstractText Label="AIM">Na\xc3\xafve.</AbstractText></Abstract><Language>eng</Language></Article></MedlineCitation>
</PubmedArticle><PubmedArticle><MedlineCitation><PMID Version="2">1</PMID><Article><ArticleTitle>New.</ArticleTitle>
</Article></MedlineCitation></PubmedArticle><DeleteCitation><PMID Version="1">3</PMID></DeleteCitation>
</PubmedArticleSet>"""
WHOLE = {
    "xml": written("xml", builders.documents()),
    "json": written("json", builders.documents()).replace(b", ", b",\n"),
    "pubmed": PUBMED,
}
PIECES = [b"", b"<", b">", b"&", b'"', b"\xff", b"\0", b"\\ud800", b"&#xD800;", b"null", b"9" * 5000, b"-1", b"[", b"{"]


@st.composite
def damaged(draw: st.DrawFn, format: str) -> bytes:
    """A file with some of its bytes left out, doubled or replaced; perhaps gzipped, perhaps cut off."""
    data = bytearray(WHOLE[format])
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data[start:end] = draw(st.sampled_from([*PIECES, bytes(data[start:end]) * 2]))
    packed = gzip.compress(bytes(data)) if draw(st.booleans()) else bytes(data)
    return packed[: draw(st.integers(0, len(packed)))] if draw(st.booleans()) else packed


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "input"


@pytest.mark.parametrize("format", READERS)
@settings(deadline=None)
@given(st.data())
def test_damaged_files_raise_nothing_but_placed_data_errors(path: Path, format: str, data: st.DataObject) -> None:
    content = data.draw(damaged(format) | st.binary(max_size=100))
    path.write_bytes(content)
    read = READERS[format]
    log = ErrorLog()
    kept = read(path, schema=CDR, on_error=log)
    assert not any(doc.text[mention.start : mention.end] == "" for doc in kept for mention in doc.mentions)
    if log.skipped or log.dropped:
        with pytest.raises(DataError) as caught:
            read(path, schema=CDR)
        assert caught.value.place.path == str(path)
    else:
        assert read(path, schema=CDR) == kept


@given(st.binary(max_size=200) | st.sampled_from(sorted(WHOLE.values())))
def test_the_first_bytes_of_anything_can_be_looked_at(head: bytes) -> None:
    assert sum(sniff(head) for sniff in (is_bioc_xml, is_bioc_json, is_pubmed)) in (0, 1)
