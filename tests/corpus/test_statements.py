"""Tables of statements: which lines count, and columns that have changed places."""

from __future__ import annotations

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
