"""The relation table: one row per relation of a document, the same columns in every format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.corpus.sentences import SentenceIndex, Span, document_sentences
from bran.errors import ConfigError

Row = dict[str, Any]
"""A value for each column of ``SCHEMA``, and under ``evidence`` the list of all mention pairs."""

DIGITS = 6
"""Digits after the point that scores have in text formats, and that count for the order of rows."""


def _column(name: str, type_: pa.DataType, doc: str, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, type_, nullable=nullable, metadata={"doc": doc})


SCHEMA = pa.schema(
    [
        _column("document", pa.string(), "id of the document (a PMID, mostly)", nullable=False),
        _column("type", pa.string(), "relation type, in the schema's spelling", nullable=False),
        _column("head", pa.string(), "namespaced concept id of the head", nullable=False),
        _column("head_name", pa.string(), "how the document writes the head: its longest mention, first of equals"),
        _column("tail", pa.string(), "namespaced concept id of the tail", nullable=False),
        _column("tail_name", pa.string(), "how the document writes the tail: its longest mention, first of equals"),
        _column("score", pa.float64(), "after the link function, in [0, 1]; null for gold"),
        _column("probability", pa.float64(), "after calibration, in [0, 1]; null when the model has none"),
        _column("cross_sentence", pa.bool_(), "whether no mention of the head shares a sentence with one of the tail"),
        _column("head_start", pa.int64(), "strongest mention pair: first character of the head's mention"),
        _column("head_end", pa.int64(), "strongest mention pair: one past the last character of the head's mention"),
        _column("tail_start", pa.int64(), "strongest mention pair: first character of the tail's mention"),
        _column("tail_end", pa.int64(), "strongest mention pair: one past the last character of the tail's mention"),
        _column("share", pa.float64(), "strongest mention pair: its part of the LogSumExp, in [0, 1]"),
        _column(
            "sentence", pa.string(), "strongest mention pair: its sentence; two, in text order, are joined by ' … '"
        ),
        _column("model", pa.string(), "name of the model that predicted the relation"),
        _column("model_version", pa.string(), "version of that model"),
    ]
)
"""The columns, in order, each with its meaning under the metadata key ``doc``.

Offsets are characters of the document's text: its passages joined by one space.
"""


def rows(document: Document, *, model_version: str | None = None) -> list[Row]:
    """The rows of ``document``: highest score first, then by head, tail and type.

    Args:
        document: with gold or predicted relations; without any, there are no rows.
        model_version: what goes in that column for every relation that names its model.
    """
    if not document.relations:
        return []
    names, index, sentences = _names(document), SentenceIndex(document), document_sentences(document)
    return [
        {
            "document": document.id,
            "type": relation.type,
            "head": relation.head,
            "head_name": names.get(relation.head),
            "tail": relation.tail,
            "tail_name": names.get(relation.tail),
            "score": relation.score,
            "probability": relation.probability,
            "cross_sentence": _crosses(relation, names, index),
            **_strongest(document, relation, index, sentences),
            "model": relation.model,
            "model_version": model_version if relation.model else None,
            "evidence": [_pair(evidence) for evidence in relation.evidence],
        }
        for relation in ordered(document.relations)
    ]


def ordered(relations: Iterable[Relation]) -> list[Relation]:
    """Highest score first, then by head, tail and type; scores that a text format writes alike count as equal."""
    return sorted(relations, key=lambda r: (-round(r.score or 0.0, DIGITS), r.head, r.tail, r.type))


def match_suffix(path: Path, accepted: Iterable[str]) -> str:
    """The one of ``accepted`` that the name of ``path`` ends in.

    Raises:
        ConfigError: when it ends in none of them.
    """
    suffixes = tuple(accepted)
    for suffix in suffixes:
        if path.name.endswith(suffix):
            return suffix
    raise ConfigError(f"{path}: the suffix tells the format; expected one of {', '.join(suffixes)}")


def _crosses(relation: Relation, names: dict[str, str], index: SentenceIndex) -> bool | None:
    mentioned = relation.head in names and relation.tail in names
    return index.crosses(relation.head, relation.tail) if mentioned else None


def _strongest(document: Document, relation: Relation, index: SentenceIndex, sentences: list[Span]) -> Row:
    if not relation.evidence:
        return _NO_EVIDENCE
    first = relation.evidence[0]
    around = sorted({index.sentence(first.head), index.sentence(first.tail)})
    return {**_pair(first), "sentence": " … ".join(document.text[slice(*sentences[number])] for number in around)}


def _pair(evidence: Evidence) -> Row:
    return {
        "head_start": evidence.head.start,
        "head_end": evidence.head.end,
        "tail_start": evidence.tail.start,
        "tail_end": evidence.tail.end,
        "share": evidence.share,
    }


_NO_EVIDENCE: Row = dict.fromkeys(("head_start", "head_end", "tail_start", "tail_end", "share", "sentence"))


def _names(document: Document) -> dict[str, str]:
    """How ``document`` writes each concept, and each mention that has an id of its own.

    A composite mention ("breast and ovarian cancer") names a concept only where no other mention does.
    """
    best: dict[str, tuple[tuple[bool, int, int], str]] = {}
    for mention in document.mentions:
        for key, name in _named(document, mention):
            candidate = (len(mention.concepts) > 1, -len(name), mention.start), name
            best[key] = min(candidate, best.get(key, candidate))
    return {key: name for key, (_, name) in best.items()}


def _named(document: Document, mention: Mention) -> Iterator[tuple[str, str]]:
    """What ``mention`` names: each concept with its part of a composite where known, and the mention's own id."""
    whole = document.surface(mention)
    known = len(mention.parts) == len(mention.concepts)
    yield from zip(mention.concepts, mention.parts if known else [whole] * len(mention.concepts), strict=True)
    if mention.id:
        yield mention.id, whole
