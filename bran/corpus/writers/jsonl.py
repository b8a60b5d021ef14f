"""JSON lines, written: the inverse of :mod:`bran.corpus.readers.jsonl`."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.corpus.writers.records import mention_record, relation_record
from bran.errors import FormatError, Place

_PLAIN = (("title",), ("abstract",), ("text",), ("title", "abstract"), ("title", "text"), ("abstract", "text"))
"""Kinds of passages that stand under their own names; any other sequence stands under ``passages``."""


class JsonlWriter:
    """Writes an object per line: ``id``, ``title``, ``abstract`` or ``text``, ``mentions``, ``relations``, ``meta``.

    Args:
        stream: where the lines go; it is not closed.
        schema: not needed: concept ids keep their namespace.
    """

    def __init__(self, stream: BinaryIO, *, schema: Schema | None = None) -> None:
        self._stream = stream

    def write(self, document: Document) -> None:
        """Append ``document``.

        Raises:
            FormatError: when it holds what JSON cannot; then nothing of it is written.
        """
        record: dict[str, Any] = {"id": document.id, **_passages(document)}
        record["mentions"] = [mention_record(m) | {"text": document.surface(m)} for m in document.mentions]
        if document.relations:
            record["relations"] = [relation_record(relation) for relation in document.relations]
        if document.meta:
            record["meta"] = dict(document.meta)
        try:
            line = json.dumps(record, ensure_ascii=False, allow_nan=False, default=str).encode("utf-8")
        except (TypeError, ValueError) as error:
            raise FormatError(f"{error}; expected what JSON holds", Place(document=document.id)) from None
        self._stream.write(line + b"\n")

    def close(self) -> None:
        """Nothing ends the file."""


def _passages(document: Document) -> dict[str, Any]:
    kinds = tuple(passage.kind for passage in document.passages)
    if kinds in _PLAIN:
        return {passage.kind: passage.text for passage in document.passages}
    return {"passages": [{"kind": passage.kind, "text": passage.text} for passage in document.passages]}
