"""Two invented abstracts with predicted relations, and one without any."""

from __future__ import annotations

import pytest

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation

TITLE = "Zorvapine and tremor of the hands."
ABSTRACT = "Patients on zorvapine hydrochloride had fever. Fever and hand tremor stopped later."


def mention(
    text: str, surface: str, type_: str, *concepts: str, after: int = 0, parts: tuple[str, ...] = ()
) -> Mention:
    """The mention of ``surface`` in ``text``, the first from character ``after`` on."""
    start = text.index(surface, after)
    return Mention(start, start + len(surface), type_, concepts, parts)


@pytest.fixture
def document() -> Document:
    text = f"{TITLE} {ABSTRACT}"
    short = mention(text, "Zorvapine", "Chemical", "MESH:C1")
    long = mention(text, "zorvapine hydrochloride", "Chemical", "MESH:C1")
    tremor = mention(text, "tremor", "Disease", "MESH:D1")
    fever = mention(text, "fever", "Disease", "MESH:D2")
    composite = mention(text, "Fever and hand tremor", "Disease", "MESH:D2", "MESH:D1")
    relations = (
        Relation("CID", "MESH:C1", "MESH:D2", score=0.25, evidence=(Evidence(short, fever, 1.0),), model="cdr"),
        Relation(
            "CID",
            "MESH:C1",
            "MESH:D1",
            score=0.8123456789,
            probability=0.75,
            evidence=(Evidence(short, tremor, 0.6), Evidence(long, tremor, 0.4)),
            model="cdr",
        ),
    )
    passages = (Passage("title", TITLE), Passage("abstract", ABSTRACT))
    return Document("101", passages, (short, long, tremor, fever, composite), relations)


@pytest.fixture
def documents(document: Document) -> list[Document]:
    """With the one above, one whose relation has neither names nor evidence, and one with no relation."""
    bare = (Passage("title", "Nothing is said here."),)
    return [
        document,
        Document("102", bare),
        Document("9", bare, relations=(Relation("CID", "MESH:C7", "MESH:D7", score=0.5),)),
    ]
