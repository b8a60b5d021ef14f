from __future__ import annotations

import pytest

from bran.corpus.document import Document, Evidence, Passage, Relation
from bran.corpus.schema import load_schema
from bran.corpus.writers.drawn import DrawnRelations, Types, lined_text
from bran.errors import FormatError
from tests.builders import document, several_types_documents, several_types_schema

CDR = load_schema("cdr")
DOC = document(
    "1",
    "{Velorin|Chemical|MESH:C1} and {tremor|Disease|MESH:D1}.",
    "{Tremor|Disease|MESH:D1} came. It was {velorin|Chemical|MESH:C1} that caused it, no {tremor|Disease|MESH:D1}.",
)
BOTH = Relation("CID", "MESH:C1", "MESH:D1")


def ends(doc: Document, *relations: Relation) -> list[tuple[int, int] | None]:
    return [found for _, found in DrawnRelations(doc.with_relations(relations), CDR).relations]


def test_a_relation_is_drawn_between_the_mentions_that_carried_it_most() -> None:
    chemical, disease = DOC.mentions[3], DOC.mentions[1]
    evidence = (Evidence(chemical, disease, 0.7), Evidence(DOC.mentions[0], disease, 0.3))
    assert ends(DOC, Relation("CID", "MESH:C1", "MESH:D1", evidence=evidence)) == [(3, 1)]


def test_without_evidence_it_is_drawn_within_a_sentence_between_the_nearest() -> None:
    # The tremor at the beginning of the abstract is nearer to the velorin after it, but in another sentence.
    assert ends(DOC, BOTH) == [(0, 1)]


def test_a_concept_without_mention_is_not_drawn() -> None:
    assert ends(DOC, Relation("CID", "MESH:C1", "MESH:D9")) == [None]


def test_mentions_of_types_that_relate_are_preferred() -> None:
    doc = document("1", "{lead|Disease|MESH:X} {lead|Chemical|MESH:X} and much later {colic|Disease|MESH:D1}")
    assert ends(doc, Relation("CID", "MESH:X", "MESH:D1")) == [(1, 2)]


def test_the_record_names_mentions_and_evidence() -> None:
    evidence = (Evidence(DOC.mentions[0], DOC.mentions[1], 0.5),)
    relation = Relation("CID", "MESH:C1", "MESH:D1", 0.25, evidence=evidence, model="m")
    record = DrawnRelations(DOC.with_relations((relation,)), CDR).record({"C_ID": "CID"})
    assert record == {
        "id": "1",
        "passages": ["title", "abstract"],
        "meta": {},
        "types": {"C_ID": "CID"},
        "mentions": {},
        "relations": [
            {
                "type": "CID",
                "head": "MESH:C1",
                "tail": "MESH:D1",
                "score": 0.25,
                "model": "m",
                "between": ["T1", "T2"],
                "evidence": [["T1", "T2", 0.5]],
            }
        ],
    }


def test_types_are_those_of_the_schema_and_of_the_documents() -> None:
    bare, typed = Types(None), Types(CDR)
    for doc in several_types_documents():
        bare.add(doc, DrawnRelations(doc, None))
        typed.add(doc, DrawnRelations(doc, CDR))
    assert bare.entities == ["Chemical", "Disease", "Gene"]
    assert bare.relations["regulates"] == [("Chemical", "Gene"), ("Gene", "Disease")]
    assert typed.entities == ["Chemical", "Disease", "Gene"]
    assert list(typed.relations) == ["CID", "binds", "causes", "regulates", "treats"]
    assert Types(several_types_schema()).is_symmetric("binds")
    assert not bare.is_symmetric("binds")


@pytest.mark.parametrize(("text", "message"), [("two\nlines", "line end"), ("half \ud800", "expected text")])
def test_what_stands_on_no_line_is_refused(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=rf"\(document 9\): .*{message}"):
        lined_text(Document("9", (Passage("title", text),)))
