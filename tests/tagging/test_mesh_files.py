from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.tagging.mesh_files import DISEASE_CLASS, MeshRecord, read_mesh

VELORIN = MeshRecord("D000001", "Velorin", ("VL-17", "Velorine"), ("D02.100", "D03.5"))

XML = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20200101.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1"><DescriptorUI>D000001</DescriptorUI>
 <DescriptorName><String>Velorin</String></DescriptorName>
 <TreeNumberList><TreeNumber>D02.100</TreeNumber><TreeNumber>D03.5</TreeNumber></TreeNumberList>
 <ConceptList><Concept><TermList>
  <Term><String>Velorin</String></Term><Term><String>VL-17</String></Term><Term><String>Velorine</String></Term>
 </TermList></Concept></ConceptList></DescriptorRecord>
</DescriptorRecordSet>
"""
SUPPLEMENTARY = """<?xml version="1.0"?>
<SupplementalRecordSet><SupplementalRecord SCRClass="3"><SupplementalRecordUI>C535001</SupplementalRecordUI>
<SupplementalRecordName><String>Marlow syndrome</String></SupplementalRecordName></SupplementalRecord>
</SupplementalRecordSet>
"""
ASCII = """*NEWRECORD
RECTYPE = D
MH = Velorin
ENTRY = VL-17|T109|T195|LAB|NRW|NLM (1991)|900308|abbcdef
ENTRY = Velorine
MN = D02.100
MN = D03.5
UI = D000001

*NEWRECORD
RECTYPE = C
NM = Marlow syndrome
SY = Marlow disease|T047|NRW
ST = T047
UI = C535001
"""


@pytest.mark.parametrize("text", ["D000001\tVelorin\tVL-17|Velorine\tD02.100|D03.5\n", XML, ASCII])
@pytest.mark.parametrize("packed", [False, True])
def test_the_formats_of_mesh_hold_the_same(tmp_path: Path, text: str, packed: bool) -> None:
    path = tmp_path / "mesh"
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    assert next(read_mesh(path)) == VELORIN


def test_classes_of_supplementary_concepts(tmp_path: Path) -> None:
    (tmp_path / "supp.xml").write_text(SUPPLEMENTARY, encoding="utf-8")
    (tmp_path / "c.bin").write_text(ASCII, encoding="utf-8")
    (tmp_path / "supp.tsv").write_text("C535001\tMarlow syndrome\t\n", encoding="utf-8")
    assert list(read_mesh(tmp_path / "supp.xml")) == [MeshRecord("C535001", "Marlow syndrome", scr_class=DISEASE_CLASS)]
    assert list(read_mesh(tmp_path / "c.bin"))[1] == MeshRecord(
        "C535001", "Marlow syndrome", ("Marlow disease",), scr_class=DISEASE_CLASS
    )
    assert list(read_mesh(tmp_path / "supp.tsv")) == [MeshRecord("C535001", "Marlow syndrome")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("D000001\tVelorin\n", r"mesh:1: row 'D000001\\tVelorin': expected a MeSH id, a name, synonyms"),
        ("D000001\tVelorin\t\nX1\tBrinol\t\n", "mesh:2: row 'X1.*expected a MeSH id"),
        (ASCII.replace("UI = C535001", "UI = 7"), "mesh:10: record with UI '7'"),
        (XML.replace("D000001", "Z"), "mesh:4: record with id 'Z'"),
        (XML[:-40], "well-formed XML"),
        ("<Other></Other>", "root element 'Other'; expected DescriptorRecordSet"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mesh"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        list(read_mesh(path))


def test_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    bomb = XML.replace(
        'SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20200101.dtd"', "[\n<!ENTITY a 'b'>]"
    )
    path.write_text(bomb, encoding="utf-8")
    with pytest.raises(FormatError, match="declares entities"):
        list(read_mesh(path))
