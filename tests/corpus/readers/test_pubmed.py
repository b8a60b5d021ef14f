from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from bran.corpus.document import Document
from bran.corpus.readers.errors import ErrorLog
from bran.corpus.readers.pubmed import is_pubmed, read_pubmed
from bran.corpus.writers.pubtator import PubTatorWriter
from bran.errors import DuplicateDocumentError, FormatError
from tests.streams import stream_of

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/x.dtd">
"""


def record(pmid: str, title: str = "A title.", abstract: str = "", *, version: int = 1, further: str = "") -> str:
    """A record; ``abstract`` and ``further`` are markup within ``Article``."""
    return f"""<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="{version}">{pmid}</PMID>
    <Article PubModel="Print"><ArticleTitle>{title}</ArticleTitle>{abstract}{further}</Article>
    <CommentsCorrectionsList><CommentsCorrections RefType="Cites"><PMID Version="1">7</PMID></CommentsCorrections>
    </CommentsCorrectionsList>
  </MedlineCitation>
</PubmedArticle>
"""


def deleted(*pmids: str) -> str:
    return "<DeleteCitation>" + "".join(f'<PMID Version="1">{pmid}</PMID>\n' for pmid in pmids) + "</DeleteCitation>"


def article_set(*records: str) -> bytes:
    return f"{HEAD}<PubmedArticleSet>\n{''.join(records)}</PubmedArticleSet>\n".encode()


Read = Callable[..., list[Document]]


@pytest.fixture(params=["file", "gzip", "stream"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    """Reads records from a file, plain or packed, or from a stream."""

    def read_it(*records: str, log: ErrorLog | None = None) -> list[Document]:
        data = article_set(*records)
        if request.param == "stream":
            return list(read_pubmed(io.BytesIO(data), on_error=log))
        path = tmp_path / "pubmed.xml"
        path.write_bytes(gzip.compress(data) if request.param == "gzip" else data)
        return list(read_pubmed(path, on_error=log))

    return read_it


def passages(doc: Document) -> list[tuple[str, str]]:
    return [(passage.kind, passage.text) for passage in doc.passages]


def one(*args: str, **further: str) -> Document:
    (doc,) = read_pubmed(io.BytesIO(article_set(record("1", *args, **further))))
    return doc


STRUCTURED = """<Abstract>
  <AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Velorin lowers
     pressure.</AbstractText>
  <AbstractText Label="UNLABELLED">No label here.</AbstractText>
  <AbstractText>Nor here.</AbstractText>
  <AbstractText Label="RESULTS"/>
  <AbstractText Label="CONCLUSION: SAFETY" NlmCategory="CONCLUSIONS">It is safe.</AbstractText>
  <CopyrightInformation>Copyright of the publisher.</CopyrightInformation>
</Abstract>
<OtherAbstract Type="Publisher" Language="spa"><AbstractText>Otro resumen.</AbstractText></OtherAbstract>"""


def test_parts_of_an_abstract_are_led_by_their_labels() -> None:
    assert passages(one("A trial.", STRUCTURED)) == [
        ("title", "A trial."),
        (
            "abstract",
            "BACKGROUND: Velorin lowers pressure. No label here. Nor here. CONCLUSION: SAFETY: It is safe.",
        ),
    ]


def test_markup_and_entities_become_plain_text() -> None:
    title = "Effect of <i>N</i>-acetyl-<sup>13</sup>C &amp; TNF-&#945; (&lt;5%) on H<sub>2</sub>O."
    maths = (
        "<Abstract><AbstractText>With <mml:math xmlns:mml='http://www.w3.org/1998/Math/MathML'><mml:mi>x</mml:mi>"
        "<mml:mo>=</mml:mo><mml:mn>2</mml:mn></mml:math> <b><i>only</i></b>.</AbstractText></Abstract>"
    )
    assert passages(one(title, maths)) == [
        ("title", "Effect of N-acetyl-13C & TNF-α (<5%) on H2O."),
        ("abstract", "With x=2 only."),
    ]


def test_a_record_without_abstract_is_its_title() -> None:
    assert passages(one("Only a title.")) == [("title", "Only a title.")]


def test_a_translated_title_stays_as_it_stands_beside_its_original() -> None:
    further = "<Language>fre</Language><VernacularTitle>Un titre.</VernacularTitle>"
    doc = one("[A translated title.]", further=further)
    assert doc.title == "[A translated title.]"
    assert doc.meta["vernacular_title"] == "Un titre."
    assert doc.meta["language"] == "fre"
    assert one("", further=further).title == "Un titre."


FULL = """<PubmedArticle><MedlineCitation><PMID Version="2">31</PMID>
<Article><Journal><JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue>
<Title>Journal of Trials</Title></Journal><ArticleTitle>T.</ArticleTitle>
<ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID><ELocationID EIdType="doi" ValidYN="Y">10.1/a</ELocationID>
<Language>eng</Language><Language>ger</Language>
<PublicationTypeList><PublicationType UI="D016441">Retracted Publication</PublicationType></PublicationTypeList>
</Article><MedlineJournalInfo><MedlineTA>J Trials</MedlineTA></MedlineJournalInfo>
<ChemicalList><Chemical><RegistryNumber>0</RegistryNumber><NameOfSubstance UI="C000001">velorin</NameOfSubstance>
</Chemical></ChemicalList><MeshHeadingList><MeshHeading><DescriptorName UI="D000001">A</DescriptorName>
<QualifierName UI="Q000001">b</QualifierName></MeshHeading></MeshHeadingList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1/other</ArticleId></ArticleIdList></PubmedData></PubmedArticle>
"""


def test_what_a_record_says_beside_its_text_is_kept() -> None:
    (doc,) = read_pubmed(io.BytesIO(article_set(FULL)))
    assert doc.meta == {
        "version": 2,
        "year": 1998,
        "journal": "J Trials",
        "language": "eng ger",
        "doi": "10.1/a",
        "mesh": ("MESH:D000001",),
        "chemicals": ("MESH:C000001",),
        "retracted": True,
    }


def test_a_doi_may_stand_in_the_data_of_pubmed() -> None:
    (doc,) = read_pubmed(io.BytesIO(article_set(FULL.replace('EIdType="doi"', 'EIdType="pii"'))))
    assert doc.meta["doi"] == "10.1/other"


def test_a_book_article_of_efetch() -> None:
    book = """<PubmedBookArticle><BookDocument><PMID Version="1">20301295</PMID>
    <ArticleIdList><ArticleId IdType="bookaccession">NBK1</ArticleId></ArticleIdList>
    <Book><Publisher><PublisherName>P</PublisherName></Publisher><BookTitle book="b">A <i>book</i></BookTitle>
    <PubDate><Year>1993</Year></PubDate></Book><ArticleTitle book="b">A chapter</ArticleTitle>
    <Language>eng</Language><Abstract><AbstractText Label="SUMMARY">Text.</AbstractText></Abstract>
    </BookDocument><PubmedBookData/></PubmedBookArticle>"""
    (doc,) = read_pubmed(io.BytesIO(article_set(book)))
    assert passages(doc) == [("title", "A chapter"), ("abstract", "SUMMARY: Text.")]
    assert (doc.id, doc.meta["year"], doc.meta["journal"]) == ("20301295", 1993, "A book")


def test_of_versions_in_a_row_the_highest_counts(read: Read) -> None:
    docs = read(record("1", "First."), record("1", "Third.", version=3), record("1", "Second.", version=2), record("2"))
    assert [(doc.id, doc.title, doc.meta.get("replaces")) for doc in docs] == [
        ("1", "Third.", 2),
        ("2", "A title.", None),
    ]


def test_of_one_version_given_twice_the_last_counts(read: Read) -> None:
    docs = read(record("1", "Old."), record("1", "Revised."))
    assert [(doc.title, doc.meta["replaces"]) for doc in docs] == [("Revised.", 1)]


def test_versions_far_apart_are_told_apart_in_a_file_and_told_of_in_a_stream(tmp_path: Path) -> None:
    data = article_set(record("1", "Old."), record("2"), record("1", "New.", version=2))
    path = tmp_path / "versions.xml"
    path.write_bytes(data)
    assert [(doc.id, doc.title) for doc in read_pubmed(path)] == [("2", "A title."), ("1", "New.")]
    log = ErrorLog()
    assert [doc.title for doc in read_pubmed(io.BytesIO(data), on_error=log)] == ["Old.", "A title."]
    (error,) = log.skipped
    assert isinstance(error, DuplicateDocumentError)
    assert (error.place.document, error.place.line) == ("1", 20)


def test_versions_in_a_file_whose_bytes_cannot_be_searched(tmp_path: Path) -> None:
    path = tmp_path / "utf-16.xml"
    text = article_set(record("1", "Old."), record("1", "New.", version=2), record("2"), record("1")).decode()
    path.write_bytes(text.replace("utf-8", "utf-16").encode("utf-16"))
    log = ErrorLog()
    assert [doc.title for doc in read_pubmed(path, on_error=log)] == ["New.", "A title."]
    assert [error.place.document for error in log.skipped] == ["1"]


def test_what_a_file_deletes_is_left_out_and_told_of_in_a_stream(tmp_path: Path) -> None:
    data = article_set(record("1"), record("2"), record("3"), deleted("1", "3", "99"))
    path = tmp_path / "update.xml"
    path.write_bytes(data)
    assert [doc.id for doc in read_pubmed(path)] == ["2"]
    log = ErrorLog()
    assert [doc.id for doc in read_pubmed(io.BytesIO(data), on_error=log)] == ["1", "2"]
    assert [(error.place.document, "is deleted" in error.message) for error in log.skipped] == [("1", True)]


def test_pmids_of_citations_are_neither_versions_nor_deleted(read: Read) -> None:
    assert [doc.id for doc in read(record("7"), record("8"), deleted("9"))] == ["7", "8"]


@pytest.mark.parametrize("pmid", ["", "x", "१२", "1 2", "9" * 5000])
def test_a_record_without_pmid_is_told_and_left_out(read: Read, pmid: str) -> None:
    log = ErrorLog()
    assert [doc.id for doc in read(record("1"), record(pmid), record("3"), log=log)] == ["1", "3"]
    (error,) = log.skipped
    assert error.place.line == 12
    assert "expected a number" in error.message


def test_a_record_without_text_is_told_and_left_out(read: Read) -> None:
    log = ErrorLog()
    assert [doc.id for doc in read(record("1", ""), record("2"), log=log)] == ["2"]
    assert [error.place.document for error in log.skipped] == ["1"]


def test_a_file_cut_in_half_gives_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "cut.xml"
    path.write_bytes(article_set(record("1"), record("2"), record("1", "New.", version=2))[:-60])
    log = ErrorLog()
    assert [doc.id for doc in read_pubmed(path, on_error=log)] == ["2"]
    # The newest record of 1 is cut off: neither it nor the old one is read, which is told.
    assert [error.place.document for error in log.skipped] == [None, "1"]
    with pytest.raises(FormatError, match=r"cut\.xml:\d+: .*expected well-formed XML"):
        list(read_pubmed(path))


def test_a_surrogate_breaks_the_file_off() -> None:
    log = ErrorLog()
    data = article_set(record("1"), record("2", "A &#xD800; sign."))
    assert [doc.id for doc in read_pubmed(io.BytesIO(data), on_error=log)] == ["1"]
    assert len(log.skipped) == 1


def test_an_abstract_of_5_million_characters(read: Read) -> None:
    long = f"<Abstract><AbstractText>{'word ' * 1_000_000}</AbstractText></Abstract>"
    assert [len(doc.text) for doc in read(record("1", "T.", long), record("2"))] == [5_000_002, 8]


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(count: int) -> int:
        long = f"<Abstract><AbstractText>{'word ' * 200}</AbstractText></Abstract>"
        pieces = (record(str(number), abstract=long).encode() for number in range(count))
        tracemalloc.start()
        docs = read_pubmed(stream_of(chain([b"<PubmedArticleSet>"], pieces, [b"</PubmedArticleSet>"])))
        assert sum(1 for _ in docs) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    # 2,700 more records of 1,500 bytes; what may grow is the set of their ids.
    assert peak(3_000) - peak(300) < 600_000


def test_every_document_can_be_written_as_pubtator() -> None:
    rows = PubTatorWriter().text(one("A\ntitle\u2028 of\ttwo\r\nlines", STRUCTURED)).splitlines()
    assert rows[0] == "1|t|A title of two lines"
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("head", "taken"),
    [
        (article_set()[:400], True),
        (b"<PubmedArticle>", True),
        (b"<!DOCTYPE PubmedBookArticleSet><PubmedBookArticleSet>", True),
        (b"<collection>", False),
        (b"PubmedArticleSet", False),
        (b"", False),
    ],
)
def test_the_format_is_told_by_the_root(head: bytes, taken: bool) -> None:
    assert is_pubmed(head) == taken
