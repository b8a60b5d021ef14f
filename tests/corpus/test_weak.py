"""Distant labels: what texts get, what is left out, and what is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Relation
from bran.corpus.exclusion import Excluded, Match
from bran.corpus.schema import load_schema
from bran.corpus.stated import StatementIndex
from bran.corpus.statements import Statement
from bran.corpus.weak import WeakLabels, weak_documents
from bran.errors import DataError
from tests.builders import document, documents

CDR = load_schema("cdr")


def labels(*rows: tuple[str, str, str], turned: bool = False, by_pair: bool = False) -> WeakLabels:
    """Labels from a table of (document, head, tail)."""
    index = StatementIndex(CDR, by_pair=by_pair)
    index.add((Statement(id_, "CID", head, tail) for id_, head, tail in rows), "ctd.tsv")
    return WeakLabels(CDR, index, turned=turned)


def made(given: WeakLabels, texts: list[Document] | None = None, **how: bool) -> list[Document]:
    return list(weak_documents(texts or documents(), given, exclude=Excluded(), **how))


def test_what_is_stated_takes_the_place_of_what_was_there() -> None:
    given = labels(("11", "MESH:C1", "MESH:D2"), ("13", "C4", "D6"), ("13", "C4", "D9"), ("99", "C1", "D1"))
    first, second = made(given)
    assert first.relations == (Relation("CID", "MESH:C1", "MESH:D2"),)
    assert (second.id, second.relations) == ("13", (Relation("CID", "MESH:C4", "MESH:D6"),))
    counts = given.counts
    assert (counts.texts, counts.documents, counts.unstated) == (4, 2, 2)
    assert (counts.stated, counts.unmentioned, counts.unknown) == (2, 1, 1)


def test_texts_without_a_stated_pair_are_kept_when_asked_for() -> None:
    kept = made(labels(("13", "MESH:C4", "MESH:D6")), keep_unstated=True)
    assert [(text.id, len(text.relations)) for text in kept] == [("11", 0), ("12", 0), ("13", 1), ("14", 0)]


def test_by_pair_a_statement_counts_for_every_text() -> None:
    given = labels(("99", "MESH:C1", "MESH:D2"), by_pair=True)
    assert [text.id for text in made(given)] == ["11", "14"]
    assert given.counts.unmentioned == 0


def test_excluded_texts_are_left_out_by_id_and_by_title() -> None:
    same_title = documents()[2].title.upper()
    exclude = Excluded.of([document("11", "Another title"), document("77", same_title)])
    given = labels(*((id_, "MESH:C1", "MESH:D1") for id_ in ("11", "13")), ("14", "MESH:C5", "MESH:D5"))
    left = list(weak_documents(documents(), given, exclude=exclude))
    assert [text.id for text in left] == ["14"]
    assert given.counts.left_out == {Match.id: 1, Match.title: 1}


def test_a_text_counts_once_by_id_and_by_title() -> None:
    texts = [*documents(), document("11", "New title"), document("15", documents()[0].title)]
    given = labels(("11", "MESH:C1", "MESH:D1"), ("15", "MESH:C1", "MESH:D1"))
    assert [text.id for text in made(given, texts)] == ["11"]
    assert given.counts.left_out == {Match.repeated: 2}


def test_turned_rows_are_turned_when_asked_for_and_straight_ones_stay() -> None:
    rows = (("11", "MESH:D1", "MESH:C1"), ("13", "MESH:D6", "MESH:C4"), ("14", "MESH:C5", "MESH:D5"))
    given = labels(*rows, turned=True)
    assert [text.relations[0].head for text in made(given)] == ["MESH:C1", "MESH:C4", "MESH:C5"]
    assert (given.turned["ctd.tsv"], given.straight["ctd.tsv"]) == (2, 1)
    with pytest.raises(DataError, match=r"ctd\.tsv: head MESH:D1 is mentioned as a Disease, as those of 2 of 3 rows"):
        made(labels(*rows))


def test_single_turned_rows_say_nothing() -> None:
    rows = (("11", "MESH:D1", "MESH:C1"), ("13", "MESH:C4", "MESH:D6"), ("14", "MESH:C5", "MESH:D5"))
    given = labels(*rows)
    assert [text.id for text in made(given)] == ["13", "14"]
    assert given.turned["ctd.tsv"] == 1


def test_turned_columns_are_noticed_before_all_texts_are_read() -> None:
    texts = (document(str(n), f"{{Velorin|Chemical|C1}} in {{gout|Disease|D1}} {n}.") for n in range(10**9))
    with pytest.raises(DataError, match="51 of 51 rows"):
        list(weak_documents(texts, labels(("1", "D1", "C1"), by_pair=True), exclude=Excluded()))


@given(st.permutations(documents()), st.permutations([("11", "C1", "D1"), ("14", "C5", "D7"), ("14", "C1", "D2")]))
def test_the_order_of_texts_and_of_rows_says_nothing(texts: list[Document], rows: list[tuple[str, str, str]]) -> None:
    found = {text.id: set(text.relations) for text in made(labels(*rows), texts)}
    assert found == {text.id: set(text.relations) for text in made(labels(*rows))}
    assert {id_: len(relations) for id_, relations in found.items()} == {"11": 1, "14": 2}
