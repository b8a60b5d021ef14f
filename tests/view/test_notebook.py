"""What notebooks show: the numbers of the table, and hostile text as text."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.export.table import FLAT, rows
from bran.view.notebook import SHOWN, RelationTable

HOSTILE = "<script>alert(1)</script> \"&' \u202eabc\u202c \U0001f600"


def hostile_document() -> Document:
    head, tail = Mention(0, 8, "<b>Chemical", ("MESH:<i>",)), Mention(9, 17, "Disease", ("MESH:D1",))
    relation = Relation(
        "<u>", "MESH:<i>", "MESH:D1", score=0.1234567, evidence=(Evidence(head, tail, 1.0),), model="<s>"
    )
    return Document("<em>", (Passage("title", HOSTILE),), (head, tail), (relation,))


class Tags(HTMLParser):
    """The names of the elements of a page, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_document_shows_its_text_and_relations() -> None:
    shown = Tags(hostile_document()._repr_html_())
    assert not shown.names & {"script", "b", "i", "u", "s", "em", "iframe", "img"}
    assert HOSTILE in shown.words
    assert "0.123457" in shown.words


def test_a_table_shows_its_rows() -> None:
    shown = Tags(RelationTable(rows(hostile_document()))._repr_html_())
    assert not shown.names & {"script", "b", "i", "u", "s", "em"}
    for words in ("1 relation in 1 document", "<em>", "<u>", "MESH:<i>", "0.123457", HOSTILE):
        assert words in shown.words


def test_a_long_table_says_what_it_does_not_show() -> None:
    table = RelationTable(rows(hostile_document()) * (SHOWN + 5))
    assert table._repr_html_().count("<tr>") == SHOWN + 1
    assert "and 5 more" in table._repr_html_()
    assert repr(table) == f"<bran.RelationTable: {SHOWN + 5} relations in 1 document>"


def test_an_empty_table() -> None:
    table = RelationTable([])
    assert repr(table) == "<bran.RelationTable: 0 relations in 0 documents>"
    assert "0 relations" in table._repr_html_()
    assert list(table.to_pandas().columns) == FLAT.names


def test_a_table_is_a_sequence_of_its_rows() -> None:
    found = rows(hostile_document()) * 3
    table = RelationTable(found)
    assert (len(table), list(table), table[0]) == (3, found, found[0])
    assert list(table[1:]) == found[1:]
    with pytest.raises(IndexError):
        table[3]


def test_a_data_frame_has_the_flat_columns_and_their_types() -> None:
    frame = RelationTable(rows(hostile_document())).to_pandas()
    assert list(frame.columns) == FLAT.names
    assert frame["score"].tolist() == [0.1234567]
    assert isinstance(frame["head_start"].dtype, pd.Int64Dtype)
    assert frame["probability"].isna().all()
    assert isinstance(frame["cross_sentence"].dtype, pd.BooleanDtype)
