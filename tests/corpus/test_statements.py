"""Tables of statements: which lines count, and columns that have changed places."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bran.corpus.statements import Statement, check_ends, read_statements
from bran.errors import DataError, FormatError

KINDS = {"marker/mechanism": "causes"}
ROWS = (
    "# made for this test\n"
    "1\tmarker/mechanism\tMESH:C\tMESH:D\n\n2\ttherapeutic\tMESH:C\tMESH:D\n3\tmarker/mechanism\tMESH:E\tMESH:D\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "relations.tsv"
    path.write_text(ROWS)
    return path


def test_lines_of_the_relations_that_count(table):
    assert list(read_statements(table, KINDS)) == [
        Statement("1", "causes", "MESH:C", "MESH:D"),
        Statement("3", "causes", "MESH:E", "MESH:D"),
    ]


def test_excluded_documents_and_turned_columns(table):
    assert list(read_statements(table, KINDS, exclude={"1"}, turned=True)) == [
        Statement("3", "causes", "MESH:D", "MESH:E")
    ]


def test_a_line_of_other_columns_is_named(table):
    table.write_text(ROWS + "4\tmarker/mechanism\tMESH:C\n")
    with pytest.raises(FormatError, match=r"relations.tsv:6: 3 columns; expected document, relation, head and tail"):
        list(read_statements(table, KINDS))


def test_a_table_without_the_relation_says_what_it_has(table):
    with pytest.raises(FormatError, match=r"holds marker/mechanism, therapeutic; expected induces"):
        list(read_statements(table, {"induces": "causes"}))


def test_turned_columns_are_noticed(table):
    statements = list(read_statements(table, KINDS))
    check_ends(statements, {"MESH:D"}, path=table, name="disease")
    turned = [Statement(s.document, s.kind, s.tail, s.head) for s in statements]
    with pytest.raises(DataError, match=r"head MESH:D is a disease, as 2 of 2 heads are and 0 tails.*--turned"):
        check_ends(turned, {"MESH:D"}, path=table, name="disease")


def test_only_letters_of_relations_are_compared_and_others_are_counted(table):
    table.write_text("1\tchem^gene:affects-metabolic_processing\tMESH:C\t7\n1\tinduces\tMESH:C\t7\n")
    others = Counter()
    assert list(read_statements(table, {"chem_gene:affects^metabolic_processing": "a"}, others=others)) == [
        Statement("1", "a", "MESH:C", "7")
    ]
    assert others == {"induces": 1}


CTD = (
    "# Report created for this test\n# Fields:\n# ChemicalName\tChemicalID\tDiseaseName\tDiseaseID\tDirectEvidence\t"
    "PubMedIDs\n#\nVelorin\tC1\tGout\tMESH:D1\tmarker/mechanism|therapeutic\t11|12\n"
    "Velorin\tC1\tRash\tOMIM:5\t\t13\nBrinol\tC2\tRash\tMESH:D2\tmarker/mechanism\t11\n"
)


def test_columns_named_as_in_ctd(table):
    table.write_text(CTD)
    assert list(read_statements(table, KINDS, exclude={"12"})) == [
        Statement("11", "causes", "MESH:C1", "MESH:D1"),
        Statement("11", "causes", "MESH:C2", "MESH:D2"),
    ]


def test_a_table_of_one_relation_that_it_does_not_name(table):
    table.write_text("ChemicalID\tGeneID\tPubMedIDs\nC1\t7157\t11\n")
    assert list(read_statements(table, KINDS)) == [Statement("11", "causes", "MESH:C1", "NCBIGene:7157")]
    with pytest.raises(FormatError, match=r"tsv:2: has no column of relations; expected a single kind, not causes, a"):
        list(read_statements(table, {**KINDS, "b": "a"}))


def test_named_columns_that_do_not_hold(table):
    table.write_text("ChemicalID\tPubMedIDs\nC1\t11\n")
    with pytest.raises(FormatError, match=r"tsv:1: columns ChemicalID, PubMedIDs; expected two of ChemicalID, GeneID"):
        list(read_statements(table, KINDS))
    table.write_text(CTD + "Velorin\tC1\n")
    with pytest.raises(FormatError, match=r"tsv:8: 2 columns; expected 6"):
        list(read_statements(table, KINDS))
