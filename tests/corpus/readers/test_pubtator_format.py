from __future__ import annotations

import pytest

from bran.corpus.readers.pubtator_format import FORMATS, ConceptIds, PubTatorFormat, pubtator_format
from bran.corpus.schema import load_schema
from bran.errors import FormatError

CDR = load_schema("cdr")


def test_the_format_follows_the_name_of_the_schema() -> None:
    assert pubtator_format(load_schema("biored")) is FORMATS["biored"]
    assert pubtator_format(None) is pubtator_format(load_schema("chemprot")) is FORMATS["cdr"]


def test_ids_are_each_read_once_in_order() -> None:
    assert ConceptIds(PubTatorFormat(), CDR).read("D2| D1|D2|MESH:D1|-1", "Disease") == ("MESH:D2", "MESH:D1")


@pytest.mark.parametrize(
    ("format", "column"),
    [
        (PubTatorFormat(), "D1|OMIM:2"),
        (PubTatorFormat(separators=";|"), "D1;OMIM:2"),
        (PubTatorFormat(prefixes=("MESH",)), "MESH:D1|OMIM:2"),
        (PubTatorFormat(prefixes=("NCBIGene",)), "D1|OMIM:2"),
    ],
)
def test_written_as_the_format_says(format: PubTatorFormat, column: str) -> None:
    ids = ConceptIds(format, CDR)
    assert ids.write(("MESH:D1", "OMIM:2"), "Disease") == column
    assert ids.read(column, "Disease") == ("MESH:D1", "OMIM:2")


def test_no_concept_is_written_as_unlinked() -> None:
    assert ConceptIds(PubTatorFormat(unlinked="-"), CDR).write((), "Disease") == "-"


def test_an_id_that_holds_the_separator_is_refused_unless_its_type_is_whole() -> None:
    with pytest.raises(FormatError, match=r"expected none to hold '\|'"):
        ConceptIds(PubTatorFormat(), None).write(("c|DEL|3|T",), "Variant")
    assert ConceptIds(PubTatorFormat(whole=("Variant",)), None).write(("c|DEL|3|T",), "Variant") == "c|DEL|3|T"
