"""A document as HTML: every character once, mentions marked however they overlap, hostile text as text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.view.document_data import TypeData, document_data
from bran.view.document_html import document_html, relations_html, segments, text_html
from tests.builders import document, documents

HOSTILE = "<script>alert(1)</script> \"quoted\" 'n' &amp; \u202eright\u202c \U0001f9ea \ud800 </p><img src=x onerror=x>"


class Reader(HTMLParser):
    """The elements of a page and the text that it shows, styles left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data


def mentions(length: int) -> st.SearchStrategy[list[Mention]]:
    spans = st.tuples(st.integers(0, length - 1), st.integers(1, length)).filter(lambda span: span[0] < span[1])
    return st.lists(st.builds(lambda span, type_: Mention(*span, type_), spans, st.sampled_from("AB")), max_size=6)


@given(mentions(20))
def test_segments_cover_the_text_once_and_know_their_mentions(found: list[Mention]) -> None:
    data = document_data(Document("1", (Passage("title", "abcdefghijklmnopqrst"),), tuple(found)))
    parts = list(segments(data, (0, 20)))
    assert [parts[0].start, *(part.end for part in parts)] == sorted({0, 20, *(part.end for part in parts)})
    for part in parts:
        for place in range(part.start, part.end):
            covering = {number for number, m in enumerate(data.mentions) if m.start <= place < m.end}
            assert set(part.mentions) == covering
        assert list(part.mentions) == sorted(part.mentions)


def test_text_is_shown_whole_and_mentions_are_marked() -> None:
    data = document_data(documents()[1])
    page = Reader(text_html(data, (0, len(data.text)), {t.name: t for t in LOOKS}))
    assert page.text == data.text
    marks = [attributes for tag, attributes in page.elements if tag == "mark"]
    assert [mark["title"] for mark in marks[:3]] == [
        "Chemical: MESH:C2 MESH:C3",
        "Disease: MESH:D4",
        "Disease: MESH:D3",
    ]
    assert [mark.get("data-badge") for mark in marks[:3]] == ["C", None, "D"]
    assert [mark["data-depth"] for mark in marks[:3]] == ["1", "1", "2"]


LOOKS = (TypeData(name="Chemical", badge="C", slot=0), TypeData(name="Disease", badge="D", slot=1))


def test_mentions_of_two_types_that_end_together_have_both_badges() -> None:
    data = document_data(document("1", "{ABX1 {inhibitor|B|2}|A|1} {drug|A|1}"))
    marks = [attributes for tag, attributes in Reader(document_html(data)).elements if tag == "mark"]
    assert [mark.get("data-badge") for mark in marks] == ["A", "B", None, "BA", "A"]


def test_hostile_text_is_text() -> None:
    mention = Mention(0, len(HOSTILE), HOSTILE, (HOSTILE,))
    relation = Relation(HOSTILE, HOSTILE, "x", score=0.5, evidence=(Evidence(mention, mention, 1.0),))
    data = document_data(Document(HOSTILE, (Passage(HOSTILE, HOSTILE),), (mention,), (relation,)))
    page = Reader(document_html(data))
    assert not {tag for tag, _ in page.elements} & {"script", "img"}
    assert page.text.count(data.text) >= 3
    assert "\ud800" not in page.text


def test_relations_have_the_numbers_of_the_table() -> None:
    doc = documents()[0]
    head, tail = doc.mentions[0], doc.mentions[1]
    relation = Relation("CID", "MESH:C1", "MESH:D1", score=0.81234567, evidence=(Evidence(head, tail, 1.0),))
    page = Reader(relations_html(document_data(doc.with_relations((relation,)))))
    assert "0.812346" in page.text
    assert "Velorin induced tremor." in page.text
    assert "probability" not in page.text
    bar = [attributes for tag, attributes in page.elements if tag == "rect"][-1]
    assert float(bar["width"] or "") == pytest.approx(81.23, abs=0.01)


def test_a_document_without_anything() -> None:
    page = Reader(document_html(document_data(Document("1", ()))))
    assert page.text == ""


def test_given_types_come_before_those_of_the_document() -> None:
    looks = [TypeData(name="Disease", badge="Dis", slot=5)]
    page = document_html(document_data(documents()[0]), types=looks)
    assert 'data-badge="Dis"' in page
    assert 'data-badge="C"' in page
