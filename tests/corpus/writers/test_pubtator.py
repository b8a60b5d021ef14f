from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers import PubTatorFormat, read_pubtator
from bran.corpus.readers.pubtator_format import FORMATS
from bran.corpus.schema import load_schema
from bran.corpus.writers import PubTatorWriter
from bran.errors import FormatError

CDR = load_schema("cdr")


def rewritten(path: Path, corpus: str, *, with_schema: bool) -> bytes:
    schema = load_schema(corpus) if with_schema else None
    stream = io.StringIO()
    documents = read_pubtator(path, schema=schema, format=FORMATS[corpus])
    PubTatorWriter(schema=schema, format=FORMATS[corpus]).write(documents, stream)
    return stream.getvalue().encode()


@pytest.mark.parametrize("with_schema", [False, True])
@pytest.mark.parametrize("corpus", ["cdr", "biored", "chemdisgene"])
def test_what_was_read_is_written_byte_for_byte(fixtures: Path, corpus: str, with_schema: bool) -> None:
    path = fixtures / "corpus" / f"{corpus}.pubtator"
    assert rewritten(path, corpus, with_schema=with_schema) == path.read_bytes()


def test_odd_id_columns_come_back(fixtures: Path) -> None:
    path = fixtures / "corpus" / "ncbi-disease.pubtator"
    columns = [line.split(b"\t")[5:] for line in rewritten(path, "ncbi-disease", with_schema=False).splitlines()]
    assert [b"D001259+OMIM:116200"] in columns
    assert [b" D001259"] in columns


def test_another_format_is_written_anew(fixtures: Path) -> None:
    documents = list(read_pubtator(fixtures / "corpus" / "cdr.pubtator", schema=CDR))
    writer = PubTatorWriter(schema=CDR, format=PubTatorFormat(separators=";", prefixes=("MESH",), unlinked="-"))
    text = writer.text(documents[0])
    assert "\tMESH:D051437;MESH:D017093\tkidney failure|liver failure\n" in text
    assert "\tCID\tMESH:D000638\tMESH:D056486\n" in text
    assert text.splitlines()[8].endswith("\tChemical\t-")
    assert list(read_pubtator(io.BytesIO(text.encode()), schema=CDR, format=writer.format)) == documents[:1]


def test_further_passages_join_the_abstract_so_that_offsets_stay() -> None:
    passages = (Passage("title", "Rash."), Passage("background", "One."), Passage("results", "Two."))
    document = Document("1", passages, (Mention(11, 14, "Disease", ("MESH:D1",)),))
    assert PubTatorWriter(schema=CDR).text(document) == "1|t|Rash.\n1|a|One. Two.\n1\t11\t14\tTwo\tDisease\tD1\n"


def test_novelty_and_other_columns_of_relations_are_kept() -> None:
    document = Document("1", (Passage("title", "x"),), relations=(Relation("CID", "MESH:A", "MESH:B", extra=("No",)),))
    assert PubTatorWriter(schema=CDR).text(document).splitlines()[-1] == "1\tCID\tA\tB\tNo"


PLAIN = Document("1", (Passage("title", "a\tb rash"),), (Mention(4, 8, "Disease", ("MESH:D1",)),))
UNWRITABLE = {
    "a line end in the text": replace(PLAIN, passages=(Passage("title", "a\nb and rash"),)),
    "a carriage return that would be lost": replace(PLAIN, passages=(Passage("title", "rash rash\r"),)),
    "a tab in a mention": replace(PLAIN, mentions=(Mention(0, 3, "Disease"),)),
    "a tab in a type": replace(PLAIN, mentions=(Mention(4, 8, "Dis\tease"),)),
    "the separator in an id": replace(PLAIN, mentions=(Mention(4, 8, "Disease", ("A|B",)),)),
    "no passage": Document("1", ()),
    "no id": replace(PLAIN, id=""),
    "a bar in the id": replace(PLAIN, id="1|2"),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_what_pubtator_cannot_hold_is_refused(case: str) -> None:
    with pytest.raises(FormatError, match=r"\(document .*\): .*expected"):
        PubTatorWriter(schema=CDR).text(UNWRITABLE[case])


def test_a_tab_between_mentions_is_no_harm() -> None:
    text = PubTatorWriter(schema=CDR).text(PLAIN)
    assert list(read_pubtator(io.BytesIO(text.encode()), schema=CDR)) == [PLAIN]
