from __future__ import annotations

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.errors import OffsetError

TEXT = (Passage("title", "Rash 🧪"), Passage("abstract", "It faded."))
COMPOSITE = Mention(0, 4, "Disease", ("D1", "D2"))
AGAIN = Mention(7, 9, "Disease", ("D1",))


def test_passages_are_joined_by_one_space() -> None:
    document = Document("1", TEXT)
    assert document.text == "Rash 🧪 It faded."
    assert document.title == "Rash 🧪"
    assert Document("1", TEXT[1:]).title == ""
    assert document.surface(AGAIN) == "It"


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2)])
def test_a_mention_has_a_stretch(start: int, end: int) -> None:
    with pytest.raises(OffsetError, match="expected 0 <= start < end"):
        Mention(start, end, "Disease")


def test_a_mention_ends_within_the_text() -> None:
    Document("1", TEXT, (Mention(0, 16, "Disease"),))
    with pytest.raises(OffsetError, match=r"\(document 1\): mention 0-17 .* within the 16 characters"):
        Document("1", TEXT, (Mention(0, 17, "Disease"),))


def test_entities_gather_mentions_in_an_order_that_is_always_the_same() -> None:
    unlinked = Mention(5, 6, "Disease")
    chemical = Mention(5, 6, "Chemical", ("D1",))
    document = Document("1", TEXT, (AGAIN, COMPOSITE, unlinked, chemical))
    assert [(entity.type, entity.id, entity.mentions) for entity in document.entities] == [
        ("Chemical", "D1", (chemical,)),
        ("Disease", "D1", (COMPOSITE, AGAIN)),
        ("Disease", "D2", (COMPOSITE,)),
    ]
    assert Document("1", TEXT, (chemical, unlinked, COMPOSITE, AGAIN)).entities == document.entities


def test_changed_copies_keep_the_rest() -> None:
    document = Document("1", TEXT, (AGAIN,), (Relation("CID", "C1", "D1"),))
    assert document.with_mentions((COMPOSITE,)).entities[1].id == "D2"
    assert document.with_relations(()).mentions == (AGAIN,)


def test_gold_and_predicted_relations_compare() -> None:
    assert Relation("CID", "C1", "D1") == Relation("CID", "C1", "D1", score=0.7, extra=("No",))
    assert Relation("CID", "C1", "D1") != Relation("CID", "D1", "C1")
