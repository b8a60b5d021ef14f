"""Statements of tables, looked up for the candidate pairs of documents."""

from __future__ import annotations

from bran.corpus.stated import Said, StatementIndex
from bran.corpus.statements import Statement
from tests.builders import document, several_types_schema

SCHEMA = several_types_schema()
TEXT = document(
    "1", "{Velorin|Chemical|C1} eased {gout|Disease|D1}.", "{ABX1|Gene|G1} binds {QRT|Gene|G2}, not {velorin|Gene|C1}."
)


def index(*rows: tuple[str, str, str, str], by_pair: bool = False) -> StatementIndex:
    made = StatementIndex(SCHEMA, by_pair=by_pair)
    assert made.add((Statement(*row) for row in rows), "table") == len(rows)
    return made


def read(*rows: tuple[str, str, str, str], by_pair: bool = False) -> list[tuple[str, str, str, bool]]:
    readings = index(*rows, by_pair=by_pair).readings(TEXT)
    return [(one.said.kind, one.pair.head.id, one.pair.tail.id, one.turned) for one in readings]


def test_rows_of_the_document_that_name_a_candidate_either_way_round() -> None:
    assert read(("1", "treats", "C1", "D1"), ("2", "causes", "C1", "D1")) == [("treats", "C1", "D1", False)]
    assert read(("1", "treats", "D1", "C1"), ("1", "treats", "D1", "D9")) == [("treats", "C1", "D1", True)]


def test_several_kinds_and_several_tables_hold_for_one_pair() -> None:
    rows = (("1", "treats", "C1", "D1"), ("1", "causes", "C1", "D1"), ("1", "causes", "C1", "D1"))
    assert read(*rows) == [("treats", "C1", "D1", False), ("causes", "C1", "D1", False)]
    made = index(*rows)
    made.add([Statement("1", "causes", "C1", "D1")], "another")
    said = [one.said for one in made.readings(TEXT)]
    assert said == [Said("treats", "table"), Said("causes", "table"), Said("causes", "another")]


def test_a_kind_that_may_not_hold_between_the_types_says_nothing() -> None:
    assert read(("1", "binds", "C1", "D1"), ("1", "treats", "G1", "D1")) == []


def test_a_symmetric_relation_is_never_turned() -> None:
    assert read(("1", "binds", "G1", "G2")) == read(("1", "binds", "G2", "G1")) == [("binds", "G1", "G2", False)]


def test_a_concept_of_two_types_is_looked_up_as_both() -> None:
    assert read(("1", "regulates", "C1", "G1")) == [("regulates", "C1", "G1", False)]
    assert set(read(("1", "regulates", "C1", "D1"))) == {("regulates", "C1", "D1", False)}


def test_by_pair_statements_of_all_documents_count() -> None:
    assert read(("7", "treats", "C1", "D1"), by_pair=True) == [("treats", "C1", "D1", False)]
    assert list(index(("7", "treats", "C1", "D1")).documents()) == ["7"]
    assert not index(("7", "treats", "C1", "D1"), by_pair=True).documents()
