"""What is shown of a document is what its table and its text say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.export.table import rows
from bran.view.document_data import DocumentData, document_data, type_data
from bran.view.judging import Judged
from tests.builders import document, documents, tiny_predictor

TYPES = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def predicted() -> list[Document]:
    """Every candidate of four abstracts, with its evidence."""
    predictor = tiny_predictor()
    predictor.evidence = True
    return list(predictor.predict(documents(), threshold=0.0))


def test_relations_are_the_rows_of_the_table(predicted: list[Document]) -> None:
    assert sum(len(doc.relations) for doc in predicted) > 4
    for doc in predicted:
        for shown, row in zip(document_data(doc).relations, rows(doc), strict=True):
            for name in ("type", "head", "tail", "head_name", "tail_name", "cross_sentence", "sentence", "model"):
                assert getattr(shown, name) == row[name]
            assert shown.score == round(row["score"], 6)
            assert shown.probability is None
            assert len(shown.evidence) == len(row["evidence"]) > 0
            for pair, values in zip(shown.evidence, row["evidence"], strict=True):
                assert pair.head == (values["head_start"], values["head_end"])
                assert pair.tail == (values["tail_start"], values["tail_end"])
                assert pair.share == round(values["share"], 6)
                assert pair.cross_sentence == values["cross_sentence"]
                sentences = {
                    (values[f"{end}_sentence_start"], values[f"{end}_sentence_end"]) for end in ("head", "tail")
                }
                assert pair.sentences == tuple(sorted(sentences))


def test_parts_of_the_text() -> None:
    data = document_data(documents()[1])
    assert [data.text[p.start : p.end] for p in data.passages] == [p.text for p in documents()[1].passages]
    assert [p.kind for p in data.passages] == ["title", "abstract"]
    assert [(m.name, m.concepts) for m in data.mentions][:3] == [
        ("Sotamide and brinol", ("MESH:C2", "MESH:C3")),
        ("chronic gout", ("MESH:D4",)),
        ("gout", ("MESH:D3",)),
    ]
    assert all(data.text[m.start : m.end] == m.name for m in data.mentions)
    assert data.text[slice(*data.sentences[0])] == data.title


def test_entities_are_named_as_in_the_table() -> None:
    data = document_data(documents()[1], names={"MESH:C3": "Brinol hydrate"}.get)
    assert [(e.id, e.type, e.name, e.label) for e in data.entities][:2] == [
        ("MESH:C2", "Chemical", "Sotamide and brinol", None),
        ("MESH:C3", "Chemical", "brinol", "Brinol hydrate"),
    ]


def test_mentions_with_an_id_of_their_own() -> None:
    passages = (Passage("title", "Velorin binds ABX1."),)
    mentions = (Mention(0, 7, "CHEMICAL", id="T1"), Mention(14, 18, "GENE", id="T2"))
    relation = Relation("CPR:4", "T1", "T2", score=0.5, evidence=(Evidence(*mentions, 1.0),))
    data = document_data(Document("1", passages, mentions, (relation,)))
    assert [(e.id, e.name) for e in data.entities] == [("T1", "Velorin"), ("T2", "ABX1")]
    assert (data.relations[0].head_name, data.relations[0].tail_name) == ("Velorin", "ABX1")


def test_what_is_missed_has_neither_score_nor_evidence() -> None:
    doc = documents()[0]
    (shown,) = document_data(doc, judged=[Judged(doc.relations[0], "missed")]).relations
    assert (shown.status, shown.score, shown.probability, shown.evidence) == ("missed", None, None, ())
    assert (shown.head_name, shown.tail_name, shown.cross_sentence) == ("velorin".title(), "tremor", False)


def test_ends_that_the_document_does_not_mention() -> None:
    doc = document("1", "Nothing.", relations=[("CID", "MESH:C9", "MESH:D9")])
    (shown,) = document_data(doc).relations
    assert (shown.head, shown.head_name, shown.cross_sentence) == ("MESH:C9", None, None)


@given(st.text(alphabet=st.characters(), min_size=1))
def test_any_text_can_be_encoded_and_keeps_its_offsets(text: str) -> None:
    mention = Mention(0, len(text), text, (text,))
    doc = Document(text, (Passage("title", text),), (mention,), (Relation(text, text, text, score=0.5),))
    data = document_data(doc)
    assert len(data.text) == len(text)
    assert DocumentData.model_validate_json(data.model_dump_json().encode("utf-8")) == data
    assert json.loads(data.model_dump_json())["mentions"][0]["end"] == len(text)


@given(TYPES)
def test_types_are_told_apart_by_their_badges(names: list[str]) -> None:
    looks = type_data(names)
    assert [look.name for look in looks] == sorted(set(names))
    assert len({look.badge for look in looks}) == len(looks)
    assert all(look.name.startswith(look.badge) for look in looks)
    assert looks == type_data(reversed(names))


@pytest.mark.parametrize(
    ("names", "badges"),
    [(["Disease", "Chemical"], ["C", "D"]), (["CellLine", "ChemicalEntity", "GeneOrGeneProduct"], ["Ce", "Ch", "G"])],
)
def test_badges_are_as_short_as_can_be(names: list[str], badges: list[str]) -> None:
    assert [look.badge for look in type_data(names)] == badges


def test_a_type_that_begins_another_has_a_badge() -> None:
    assert [look.badge for look in type_data(["Gene", "GeneProduct"])] == ["Gene", "GeneP"]
