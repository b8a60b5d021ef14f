"""Reports for tests: their pages read back, and small ones made of invented documents."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.schema import load_schema
from bran.view.document_data import document_data
from bran.view.judging import Judge
from bran.view.report.packing import unpack
from bran.view.report.page import Report
from tests.builders import documents, tiny_predictor
from tests.runs import TREE, abstracts

_DATA = re.compile(r'<script type="application/gzip\+base64" id="([^"]+)">([^<]*)</script>')
HOSTILE = (
    "<script>document.title='run'</script>\"'&amp;<img src=x onerror=\"document.title='run'\"> \u202eright \U0001f9ea"
)
"""Markup, quotes, a right-to-left mark and a character of two UTF-16 units."""


def read_page(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What a page knows of all documents, and the documents, as its script unpacks them."""
    found = {id_: json.loads(unpack(packed)) for id_, packed in _DATA.findall(text)}
    head = found.pop("head")
    return head, [document for number in range(len(found)) for document in found[f"block-{number}"]]


def predicted() -> list[Document]:
    """Four abstracts with every candidate as a relation, scores from a tiny model, and evidence."""
    predictor = tiny_predictor()
    predictor.evidence = True
    return list(predictor.predict(documents(), threshold=0.0))


def judged_report(found: Sequence[Document] | None = None) -> tuple[Report, list[Document]]:
    """A report with relations that are right, wrong, hypernyms and missed, and its documents."""
    gold = abstracts(12)
    shown = list(found) if found is not None else [_scored(doc, number) for number, doc in enumerate(gold)]
    judge = Judge(gold, load_schema("cdr"), HypernymFilter(TREE))
    report = Report()
    for doc in shown:
        report.add(document_data(doc, judged=judge(doc)))
    return report, shown


def _scored(doc: Document, number: int) -> Document:
    """Relations of one abstract that differ by its ``number``, each carried by its first mention pairs."""
    tails = ["MESH:D1", "MESH:D2", "MESH:D8"][: number % 4]
    relations = []
    for place, tail in enumerate(tails):
        heads, others = ([m for m in doc.mentions if id_ in m.concepts] for id_ in ("MESH:C1", tail))
        evidence = tuple(
            Evidence(head, other, share) for other in others for head, share in zip(heads, (0.7, 0.3), strict=True)
        )
        score = 0.953125 - 0.0412345 * number - 0.1 * place
        relations.append(Relation("CID", "MESH:C1", tail, score, score**2, evidence, model="tiny"))
    return doc.with_relations(tuple(relations))


def write_page(path: Path, report: Report, title: str = "Invented") -> Path:
    """Write the page of ``report``; returns its path."""
    path.write_text("".join(report.html(title, facts=[("input", title)])), encoding="utf-8")
    return path


def hostile_document() -> Document:
    """A document whose every string is hostile."""
    between = " gave pain "
    head = Mention(0, len(HOSTILE), HOSTILE, (HOSTILE,))
    tail = Mention(head.end + len(between), 2 * head.end + len(between), "Disease", ("MESH:D2",))
    relation = Relation(HOSTILE, HOSTILE, "MESH:D2", 0.5, None, (Evidence(head, tail, 1.0),), model=HOSTILE)
    passages = (Passage("title", f"{HOSTILE}{between}{HOSTILE}."),)
    return Document(HOSTILE, passages, (head, tail), (relation,))
