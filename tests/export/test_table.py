from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.export.table import FLAT, SCHEMA, rows


def test_rows_have_the_columns_of_the_schema_and_types_that_fit(documents: list[Document]) -> None:
    for document in documents:
        for row in rows(document):
            assert list(row) == SCHEMA.names
            assert pa.Table.from_pylist([row], schema=SCHEMA).num_rows == 1


def test_every_column_says_what_it_is() -> None:
    assert all(field.metadata[b"doc"] for field in SCHEMA)


def test_rows_come_by_score_then_ends(document: Document) -> None:
    scored = [(0.5, "b", "x"), (None, "a", "x"), (0.5 + 1e-9, "b", "a"), (0.9, "c", "x"), (0.5, "a", "y")]
    relations = tuple(Relation("CID", head, tail, score=score) for score, head, tail in scored)
    found = [(row["head"], row["tail"]) for row in rows(document.with_relations(relations))]
    assert found == [("c", "x"), ("a", "y"), ("b", "a"), ("b", "x"), ("a", "x")]


def test_name_is_the_longest_mention_that_is_no_composite(document: Document) -> None:
    tremor, fever = rows(document)
    assert tremor["head_name"] == "zorvapine hydrochloride"
    assert tremor["tail_name"] == "tremor"
    assert fever["tail_name"] == "fever"


def test_composite_gives_the_part_that_its_format_tells(document: Document) -> None:
    start = document.text.index("Fever and hand tremor")
    composite = Mention(start, start + 21, "Disease", ("MESH:D2", "MESH:D1"), ("Fever", "hand tremor"))
    named = rows(document.with_mentions((document.mentions[0], composite)))
    assert [row["tail_name"] for row in named] == ["hand tremor", "Fever"]
    assert [row["tail_name"] for row in rows(document.with_mentions((replace(composite, parts=()),)))] == [
        "Fever and hand tremor",
        "Fever and hand tremor",
    ]


def test_mention_ids_are_named_where_relations_hold_between_mentions() -> None:
    mentions = (Mention(0, 3, "CHEMICAL", id="T1"), Mention(4, 8, "GENE", id="T2"))
    document = Document("1", (Passage("title", "abc defg"),), mentions, (Relation("CPR:3", "T1", "T2", score=0.5),))
    (row,) = rows(document)
    assert (row["head_name"], row["tail_name"], row["cross_sentence"]) == ("abc", "defg", False)


def test_strongest_mention_pair_stands_in_the_row_and_all_of_them_beside_it(document: Document) -> None:
    row = rows(document)[0]
    head, tail = document.text[row["head_start"] : row["head_end"]], document.text[row["tail_start"] : row["tail_end"]]
    assert (head, tail, row["share"]) == ("Zorvapine", "tremor", 0.6)
    assert row["sentence"] == "Zorvapine and tremor of the hands."
    assert [pair["share"] for pair in row["evidence"]] == [0.6, 0.4]
    assert row["evidence"][1]["head_start"] == document.text.index("zorvapine")


def test_two_sentences_come_in_text_order(document: Document) -> None:
    row = rows(document)[1]
    assert row["sentence"] == ("Zorvapine and tremor of the hands. … Patients on zorvapine hydrochloride had fever.")


def test_cross_sentence_is_about_all_mentions_not_the_strongest_pair(document: Document) -> None:
    assert [row["cross_sentence"] for row in rows(document)] == [False, False]
    apart = rows(document.with_mentions((document.mentions[0], document.mentions[3])))
    assert [(row["tail"], row["cross_sentence"]) for row in apart] == [("MESH:D1", None), ("MESH:D2", True)]


def test_what_is_not_known_is_null(documents: list[Document]) -> None:
    (row,) = rows(documents[2], model_version="0.1.0")
    known = {"document", "type", "head", "tail", "score", "evidence"}
    assert row["evidence"] == []
    assert {name for name, value in row.items() if value is not None} == known


@pytest.mark.parametrize("version", [None, "0.1.0"])
def test_model_and_version(document: Document, version: str | None) -> None:
    assert {(row["model"], row["model_version"]) for row in rows(document, model_version=version)} == {("cdr", version)}


def test_columns_of_the_first_version_come_first_and_stay() -> None:
    first = [
        *("document", "type", "head", "head_name", "tail", "tail_name", "score", "probability", "cross_sentence"),
        *("head_start", "head_end", "tail_start", "tail_end", "share", "sentence", "model", "model_version"),
    ]
    assert SCHEMA.names[: len(first)] == first
    assert FLAT.names == SCHEMA.names[:-1]


def test_types_and_preferred_names_of_both_ends(document: Document) -> None:
    preferred = {"MESH:C1": "Zorvapine", "MESH:D1": "Tremor"}
    tremor, fever = rows(document, names=preferred.get)
    assert (tremor["head_type"], tremor["tail_type"]) == ("Chemical", "Disease")
    assert (tremor["head_label"], tremor["tail_label"], fever["tail_label"]) == ("Zorvapine", "Tremor", None)


def test_type_is_that_of_the_mentions_behind_the_relation() -> None:
    mentions = (Mention(0, 3, "Gene", ("X",)), Mention(4, 7, "Chemical", ("X",)), Mention(8, 11, "Disease", ("D",)))
    evidence = (Evidence(mentions[0], mentions[2], 1.0),)
    relation = Relation("r", "X", "D", score=0.5)
    document = Document("1", (Passage("title", "abc abc def"),), mentions, (relation,))
    assert rows(document)[0]["head_type"] == "Chemical"
    assert rows(document.with_relations((replace(relation, evidence=evidence),)))[0]["head_type"] == "Gene"


def test_sentences_of_each_mention_pair(document: Document) -> None:
    text = document.text
    tremor, fever = rows(document)
    spans = [
        (
            text[p["head_sentence_start"] : p["head_sentence_end"]],
            text[p["tail_sentence_start"] : p["tail_sentence_end"]],
        )
        for p in (fever, *tremor["evidence"])
    ]
    first, second = "Zorvapine and tremor of the hands.", "Patients on zorvapine hydrochloride had fever."
    assert spans == [(first, second), (first, first), (second, first)]
    assert [pair["cross_sentence"] for pair in tremor["evidence"]] == [False, True]


@pytest.mark.parametrize(
    ("year", "found"), [(1999, 1999), ("2001", 2001), (None, None), ("spring", None), (-3, None), ("²", None)]
)
def test_year_comes_from_the_meta(document: Document, year: object, found: int | None) -> None:
    assert {row["year"] for row in rows(replace(document, meta={"year": year}))} == {found}


def test_hash_and_position(document: Document) -> None:
    found = rows(document, model_hash="0123456789ab", position=7)
    assert {(row["model_hash"], row["position"]) for row in found} == {("0123456789ab", 7)}
