"""The page of a report: a frame, the figures, an index of all documents, and the documents in packed blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pydantic import BaseModel, ConfigDict

from bran.view.assets import content_policy, read_asset, script, stylesheet
from bran.view.document_data import DocumentData, Text, TypeData, type_data
from bran.view.report.packing import BLOCK, Blocks, pack
from bran.view.report.summary import Summary, Tally

STYLES = ("document.css", "theme.css", "relations.css", "report.css")
SCRIPTS = (
    "dom.js",
    "document.js",
    "relations.js",
    "store.js",
    "filters.js",
    "list.js",
    "charts.js",
    "overview.js",
    "filter_panel.js",
    "frame.js",
    "linked_document.js",
    "document_view.js",
    "report.js",
)
"""Each after those that it imports from."""

_OF_RELATIONS = {"type", "head", "tail", "head_name", "tail_name", "score", "probability", "status"}
_INDEXED: dict[str, Any] = {"id": True, "title": True, "relations": {"__all__": _OF_RELATIONS}}
"""What the index has of a document."""


class Head(BaseModel):
    """What the page knows before it unpacks a document.

    Attributes:
        title: of the report.
        facts: names with values: what was read, with which model, under which settings.
        notes: what a reader must know of the figures.
        types: how entity types are told apart.
        relation_types: those of the relations, in alphabetical order.
        block: documents of a block.
        summary: the figures.
        index: every document with its relations, without text and evidence.
    """

    model_config = ConfigDict(frozen=True)

    title: Text
    facts: tuple[tuple[Text, Text], ...]
    notes: tuple[Text, ...]
    types: tuple[TypeData, ...]
    relation_types: tuple[Text, ...]
    block: int
    summary: Summary
    index: tuple[dict[str, Any], ...]


class Report:
    """Takes documents as they come, and writes the page of them."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._blocks = Blocks()
        self._index: list[dict[str, Any]] = []
        self._types: set[str] = set()
        self._relation_types: set[str] = set()

    def add(self, data: DocumentData) -> None:
        """Append a document."""
        self._tally.add(data)
        self._blocks.add(data)
        self._index.append(data.model_dump(include=_INDEXED))
        self._types.update(mention.type for mention in data.mentions)
        self._relation_types.update(relation.type for relation in data.relations)

    def summary(self) -> Summary:
        """The figures of the documents so far."""
        return self._tally.summary()

    def html(self, title: str, *, facts: Sequence[tuple[str, str]] = (), notes: Sequence[str] = ()) -> Iterator[str]:
        """The page, piece by piece.

        Args:
            title: of the report.
            facts: names with values: what was read, with which model, under which settings.
            notes: what a reader must know of the figures.
        """
        head = Head(
            title=title,
            facts=tuple(facts),
            notes=tuple(notes),
            types=type_data(self._types),
            relation_types=tuple(sorted(self._relation_types)),
            block=BLOCK,
            summary=self.summary(),
            index=tuple(self._index),
        )
        style, code = stylesheet(*STYLES), script(*SCRIPTS)
        yield _start(head.title, style, content_policy([style], [code]))
        yield _data("head", pack(head.model_dump_json()))
        yield f"<script>{code}</script>\n"
        for number, packed in enumerate(self._blocks.packed()):
            yield _data(f"block-{number}", packed)
        yield "</body>\n</html>\n"


def _start(title: str, style: str, policy: str) -> str:
    return (
        '<!doctype html>\n<html lang="en" data-theme="auto">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{read_asset('report.html')}"
    )


def _data(id_: str, packed: str) -> str:
    """A block that a browser does not run: its type is no script's."""
    return f'<script type="application/gzip+base64" id="{id_}">{packed}</script>\n'
