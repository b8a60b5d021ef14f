from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import ErrorLog, PubTatorFormat, read_pubtator
from bran.corpus.readers.pubtator_format import FORMATS
from bran.corpus.schema import Schema, load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, OffsetError, UnknownTypeError

CDR = load_schema("cdr")
DOCUMENT = """\
1|t|Rash after penicillin.
1|a|It faded.
1\t0\t4\tRash\tDisease\tD005076
1\t11\t21\tpenicillin\tChemical\tD010406
1\tCID\tD010406\tD005076
"""


def read(text: str | bytes, schema: Schema | None = CDR, **options: object) -> list[Document]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_pubtator(io.BytesIO(data), schema=schema, **options))  # type: ignore[arg-type]


def numbered(id_: str) -> str:
    """The same document under another id."""
    return "".join(id_ + line[1:] for line in DOCUMENT.splitlines(keepends=True))


def expected(id_: str = "1") -> Document:
    return Document(
        id_,
        (Passage("title", "Rash after penicillin."), Passage("abstract", "It faded.")),
        (Mention(0, 4, "Disease", ("MESH:D005076",)), Mention(11, 21, "Chemical", ("MESH:D010406",))),
        (Relation("CID", "MESH:D010406", "MESH:D005076"),),
    )


def test_a_document() -> None:
    assert read(DOCUMENT) == [expected()]


@pytest.mark.parametrize(
    "variant",
    [
        DOCUMENT + "\n",
        "\n\n \t \n" + DOCUMENT + "\n\n\n",
        DOCUMENT.rstrip("\n"),
        DOCUMENT.replace("\n", "\n\n"),
        DOCUMENT.replace("\n", "\r\n"),
        "\ufeff" + DOCUMENT,
    ],
    ids=["final blank", "blanks around", "no final line end", "blanks between rows", "CRLF", "byte order mark"],
)
def test_variants_of_line_ends_and_blank_lines(variant: str) -> None:
    assert read(variant) == [expected()]


def test_documents_need_no_blank_line_between_them() -> None:
    assert read(DOCUMENT + numbered("2")) == [expected(), expected("2")]


def test_gzip_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_bytes(gzip.compress(DOCUMENT.encode()))
    assert list(read_pubtator(path, schema=CDR)) == [expected()]


def test_composite_and_unlinked_mentions(fixtures: Path) -> None:
    first, *_ = read_pubtator(fixtures / "corpus" / "cdr.pubtator", schema=CDR)
    composite, unlinked = first.mentions[-2:]
    assert composite.concepts == ("MESH:D051437", "MESH:D017093")
    assert composite.parts == ("kidney failure", "liver failure")
    assert unlinked.concepts == ()


@pytest.mark.parametrize("column", ["-1", "-", "", " ", "-1|-"])
def test_every_sign_of_an_unlinked_mention(column: str) -> None:
    (document,) = read(f"1|t|Rash\n1\t0\t4\tRash\tDisease\t{column}\n")
    assert document.mentions == (Mention(0, 4, "Disease"),)


def test_a_mention_row_may_lack_the_id_column() -> None:
    (document,) = read("1|t|Rash\n1\t0\t4\tRash\tDisease\n")
    assert document.mentions == (Mention(0, 4, "Disease"),)


def test_abstracts_may_be_empty_or_missing(fixtures: Path) -> None:
    _, empty, missing, _ = read_pubtator(fixtures / "corpus" / "cdr.pubtator", schema=CDR)
    assert [passage.kind for passage in empty.passages] == ["title", "abstract"]
    assert empty.text == empty.title + " "
    assert [passage.kind for passage in missing.passages] == ["title"]
    assert missing.text == missing.title


def test_offsets_count_code_points(fixtures: Path) -> None:
    document = list(read_pubtator(fixtures / "corpus" / "cdr.pubtator", schema=CDR))[1]
    assert document.surface(document.mentions[-1]) == "🧪"


def test_ids_keep_a_namespace_that_they_have() -> None:
    (document,) = read("1|t|Rash\n1\t0\t4\tRash\tDisease\tOMIM:123|MESH:D005076|D000001\n")
    assert document.mentions[0].concepts == ("OMIM:123", "MESH:D005076", "MESH:D000001")


def test_without_a_schema_types_and_ids_stay(fixtures: Path) -> None:
    (document,) = read_pubtator(fixtures / "corpus" / "ncbi-disease.pubtator", format=FORMATS["ncbi-disease"])
    assert [mention.type for mention in document.mentions] == ["CompositeMention", "Modifier"]
    assert document.mentions[0].concepts == ("D001259", "OMIM:116200")


def test_biored_variants_are_one_id_and_relations_have_five_columns(fixtures: Path) -> None:
    (document,) = read_pubtator(fixtures / "corpus" / "biored.pubtator", schema=load_schema("biored"))
    concepts = {document.surface(mention): mention.concepts for mention in document.mentions}
    assert concepts["p.Ala12Val"] == ("p|SUB|A|12|V",)
    assert concepts["KCNQ1/KCNE1"] == ("NCBIGene:3784", "NCBIGene:3753")
    assert concepts["patients"] == ("NCBITaxon:9606",)
    assert [(r.head, r.tail, r.extra) for r in document.relations] == [
        ("MESH:D001145", "MESH:C063533", ("Novel",)),
        ("p|SUB|A|12|V", "MESH:D001145", ("No",)),
        ("NCBIGene:3784", "NCBIGene:3753", ("No",)),
    ]


def test_a_relation_takes_the_namespace_of_the_entity_that_the_document_has() -> None:
    schema = Schema.model_validate(
        {
            "name": "two",
            "entity_types": {"Gene": {"namespace": "NCBIGene"}, "Taxon": {"namespace": "NCBITaxon"}},
            "relation_types": {"in": {"pairs": [["Gene", "Taxon"], ["Taxon", "Gene"]]}},
        }
    )
    (document,) = read("1|t|a b\n1\t0\t1\ta\tTaxon\t7\n1\t2\t3\tb\tGene\t8\n1\tin\t7\t8\n1\tin\t9\t7\n", schema)
    assert [(r.head, r.tail) for r in document.relations] == [
        ("NCBITaxon:7", "NCBIGene:8"),
        ("NCBIGene:9", "NCBITaxon:7"),  # not mentioned: the schema's first type for that end
    ]


def test_chemdisgene_ids(fixtures: Path) -> None:
    first, second = read_pubtator(fixtures / "corpus" / "chemdisgene.pubtator", schema=load_schema("chemdisgene"))
    concepts = {first.surface(mention): mention.concepts for mention in first.mentions}
    assert concepts["RB1/RB2"] == ("NCBIGene:5925", "NCBIGene:5934")
    assert concepts["p.P72R"] == ("p.P72R;RS#:1042522",)
    assert concepts["Lung fibrosis"] == ("OMIM:178500",)
    assert concepts["fever"] == ()
    assert not second.mentions


def test_documents_are_read_one_at_a_time() -> None:
    class Endless(io.RawIOBase):
        """Never ends, and fails when more is read than a document or two needs."""

        def __init__(self) -> None:
            self.given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            assert self.given < 4, "the reader ran ahead"
            self.given += 1
            text = f"{self.given}|t|Rash after penicillin.\n".encode()
            buffer[: len(text)] = text
            return len(text)

    stream = read_pubtator(io.BufferedReader(Endless()))
    assert [next(stream).id, next(stream).id] == ["1", "2"]


ROWS = {
    "start is no number": ("1\tx\t4\tRash\tDisease\tD1", FormatError, "offsets 'x' to '4': expected two whole numbers"),
    "end before start": ("1\t4\t4\t\tDisease\tD1", OffsetError, "mention 4-4: expected 0 <= start < end"),
    "beyond the text": ("1\t0\t99\tRash\tDisease\tD1", OffsetError, "mention 0-99: expected to end within the 4 char"),
    "an absurd number": (f"1\t0\t{'9' * 5000}\tRash\tDisease\tD1", FormatError, "expected two whole numbers"),
    "other text": ("1\t0\t4\tRush\tDisease\tD1", OffsetError, "mention 0-4 'Rush': expected 'Rash', as in the text"),
    "unknown type": (
        "1\t0\t4\tRash\tPlant\tD1",
        UnknownTypeError,
        "entity type 'Plant'; expected one of Chemical, Dis",
    ),
    "unknown relation": ("1\tXYZ\tD1\tD2", UnknownTypeError, "relation type 'XYZ'; expected one of CID"),
    "empty relation end": ("1\tCID\tD1\t", FormatError, "with 4 columns: expected a mention"),
    "too few columns": ("1\t0\t4", FormatError, "with 3 columns: expected a mention"),
    "too many columns": ("1\t0\t4\tRash\tDisease\tD1\tRash\t8", FormatError, "with 8 columns: expected a mention"),
    "another document's row": ("2\t0\t4\tRash\tDisease\tD1", FormatError, "row '2': expected a row of document '1'"),
    "prose": ("It faded.", FormatError, "row 'It faded.': expected a row of document '1'"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_names_line_document_value_and_expectation(case: str) -> None:
    row, error, message = ROWS[case]
    stream = io.BytesIO(f"\n1|t|Rash\n{row}\n".encode())
    stream.name = "corpus.txt"
    with pytest.raises(DataError) as caught:
        list(read_pubtator(stream, schema=CDR))
    assert type(caught.value) is error
    assert str(caught.value).startswith("corpus.txt:3 (document 1): ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_bytes_that_are_no_text_name_line_column_and_document() -> None:
    with pytest.raises(FormatError, match=r"stream:2 \(document 1\): byte 0xe9 in column 8 is not UTF-8"):
        read(b"1|t|Rash\n1|a|caf\xe9\n")


def test_a_document_begins_with_its_title() -> None:
    with pytest.raises(FormatError, match=r"stream:1: row '1\|a\|Alone': expected 'PMID\|t\|title'"):
        read("1|a|Alone\n")


@pytest.mark.parametrize("text", ["\n", "  \n\n\r\n"])
def test_a_file_without_documents(text: str) -> None:
    with pytest.raises(FormatError, match="holds no document"):
        read(text)


def test_a_repeated_id_is_an_error_where_the_corpus_has_none() -> None:
    with pytest.raises(DuplicateDocumentError, match=r"stream:7 \(document 1\): id '1' stands twice"):
        read(DOCUMENT + "\n" + DOCUMENT)
    assert len(read(DOCUMENT + DOCUMENT, format=PubTatorFormat(repeated_ids=True))) == 2


def test_letters_alone_are_compared_where_the_corpus_asks_for_it(fixtures: Path) -> None:
    path = fixtures / "corpus" / "ncbi-disease.pubtator"
    schema = load_schema("ncbi-disease")
    assert len(list(read_pubtator(path, schema=schema))) == 1
    with pytest.raises(OffsetError, match="as in the text"):
        list(read_pubtator(path, schema=schema, format=PubTatorFormat(separators="|+")))
    with pytest.raises(OffsetError, match="as in the text"):
        read("1|t|Rash\n1\t0\t4\tRush\tDisease\tD1\n", schema)


def test_a_log_keeps_the_good_documents_and_names_the_others() -> None:
    log = ErrorLog()
    broken = "2|t|Rash\n2\t0\t4\tRush\tDisease\tD1\n"
    last = "3|t|Last\n3\t0\t4\tLast\tPlant\tX\n3\t0\t4\tLast\tPlant\tX\n3\tXYZ\tX\tY\n"
    documents = read(DOCUMENT + broken + DOCUMENT + last, on_error=log)
    assert [document.id for document in documents] == ["1", "3"]
    assert [(type(error), error.place.line, error.place.document) for error in log.skipped] == [
        (OffsetError, 7, "2"),
        (DuplicateDocumentError, 8, "1"),
    ]
    assert documents[1].mentions == documents[1].relations == ()
    assert [count for _, count in log.dropped.most_common()] == [2, 1]


def test_a_log_keeps_what_stands_before_a_break_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    text = "".join(numbered(str(number)) for number in range(1, 3000))
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) // 2])
    log = ErrorLog()
    documents = list(read_pubtator(path, schema=CDR, on_error=log))
    assert len(documents) > 100
    (error,) = log.skipped
    assert isinstance(error, FormatError)
    assert error.place.path == str(path)
    assert error.place.document == str(len(documents) + 1)


def test_a_log_is_told_of_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    log = ErrorLog()
    assert list(read_pubtator(tmp_path, on_error=log)) == []
    assert "is a directory" in str(log.skipped[0])
