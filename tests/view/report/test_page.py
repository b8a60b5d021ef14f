"""The page holds what the table holds, needs nothing else, and takes hostile text as text."""

from __future__ import annotations

import re
from html import escape

from bran.corpus.document import Document
from bran.export.table import rows
from bran.export.text import to_cell
from bran.view.document_data import document_data
from bran.view.report.packing import BLOCK
from bran.view.report.page import Report
from tests.reports import HOSTILE, hostile_document, judged_report, predicted, read_page


def page_of(documents: list[Document], title: str = "Invented") -> str:
    report = Report()
    for document in documents:
        report.add(document_data(document))
    return "".join(report.html(title))


def test_every_number_is_that_of_the_table() -> None:
    head, documents = read_page(page_of(predicted()))
    table = [row for document in predicted() for row in rows(document)]
    for source in (documents, head["index"]):
        shown = [(document["id"], relation) for document in source for relation in document["relations"]]
        assert len(shown) == len(table)
        for (id_, relation), row in zip(shown, table, strict=True):
            assert (id_, relation["head"], relation["tail"]) == (row["document"], row["head"], row["tail"])
            assert to_cell(relation["score"]) == to_cell(row["score"])
            assert to_cell(relation["probability"]) == to_cell(row["probability"])
    shares = [
        pair["share"] for document in documents for relation in document["relations"] for pair in relation["evidence"]
    ]
    assert list(map(to_cell, shares)) == [to_cell(pair["share"]) for row in table for pair in row["evidence"]]


def test_the_index_has_every_document_and_the_status_of_every_relation() -> None:
    report, found = judged_report()
    head, documents = read_page("".join(report.html("Invented", facts=[("model", "tiny")], notes=["Mind the gap."])))
    assert [entry["id"] for entry in head["index"]] == [doc.id for doc in found] == [doc["id"] for doc in documents]
    assert [[r["status"] for r in entry["relations"]] for entry in head["index"]] == [
        [r["status"] for r in doc["relations"]] for doc in documents
    ]
    assert {r["status"] for doc in documents for r in doc["relations"]} == {"right", "wrong", "hypernym", "missed"}
    assert head["facts"] == [["model", "tiny"]]
    assert head["notes"] == ["Mind the gap."]
    assert [look["name"] for look in head["types"]] == ["Chemical", "Disease"]
    assert (head["relation_types"], head["block"]) == (["CID"], BLOCK)
    assert head["summary"] == report.summary().model_dump(mode="json")


def test_hostile_text_is_no_markup() -> None:
    text = page_of([hostile_document()], HOSTILE)
    head, (document,) = read_page(text)
    assert head["title"] == document["id"] == document["mentions"][0]["name"] == HOSTILE
    visible = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    assert f"<title>{escape(HOSTILE)}</title>" in visible
    assert "<img" not in visible
    assert len(re.findall(r"<script\b", text)) == len(re.findall(r"</script>", text)) == 3


def test_the_page_forbids_itself_the_network() -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page_of(predicted()))
    assert policy.startswith("default-src &#x27;none&#x27;")
    assert "unsafe" not in policy


def test_the_same_documents_make_the_same_page() -> None:
    assert page_of(predicted()) == page_of(predicted())


def test_a_page_without_documents() -> None:
    head, documents = read_page(page_of([]))
    assert (head["index"], documents) == ([], [])
