"""The relation table: one row per relation of a document, the same columns in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from bran.corpus.document import Document, Evidence, Relation
from bran.corpus.sentences import SentenceIndex, document_sentences
from bran.errors import ConfigError
from bran.export.surfaces import Surfaces

Row = dict[str, Any]
"""A value for each column of ``SCHEMA``."""

SCHEMA_VERSION = 2
"""Of the tables of relations and of documents; higher by one when columns are added."""

VERSION_KEY, TABLE_KEY = "bran.schema_version", "bran.table"
"""The keys of a Parquet file's metadata that say of which version it is, and which table."""

Names = Callable[[str], str | None]
"""The preferred name of a concept id, such as :meth:`bran.tagging.lexicon.Lexicon.name` or the ``get`` of a dict."""

DIGITS = 6
"""Digits after the point that scores have in text formats, and that count for the order of rows."""


def column(name: str, type_: pa.DataType, doc: str, *, nullable: bool = True) -> pa.Field:
    """A column whose metadata say what it holds."""
    return pa.field(name, type_, nullable=nullable, metadata={"doc": doc})


_SENTENCES = {
    "head_sentence_start": "first character of the sentence that the head's mention begins in",
    "head_sentence_end": "one past the last character of that sentence",
    "tail_sentence_start": "first character of the sentence that the tail's mention begins in",
    "tail_sentence_end": "one past the last character of that sentence",
}
_EVIDENCE = pa.struct(
    [
        column("head_start", pa.int64(), "first character of the head's mention"),
        column("head_end", pa.int64(), "one past the last character of the head's mention"),
        column("tail_start", pa.int64(), "first character of the tail's mention"),
        column("tail_end", pa.int64(), "one past the last character of the tail's mention"),
        column("share", pa.float64(), "the pair's part of the LogSumExp, in [0, 1]"),
        column("cross_sentence", pa.bool_(), "whether the two mentions begin in different sentences"),
        *(column(name, pa.int64(), doc) for name, doc in _SENTENCES.items()),
    ]
)

SCHEMA = pa.schema(
    [
        column("document", pa.string(), "id of the document (a PMID, mostly)", nullable=False),
        column("type", pa.string(), "relation type, in the schema's spelling", nullable=False),
        column("head", pa.string(), "namespaced concept id of the head", nullable=False),
        column("head_name", pa.string(), "how the document writes the head: its longest mention, first of equals"),
        column("tail", pa.string(), "namespaced concept id of the tail", nullable=False),
        column("tail_name", pa.string(), "how the document writes the tail: its longest mention, first of equals"),
        column("score", pa.float64(), "after the link function, in [0, 1]; null for gold"),
        column("probability", pa.float64(), "after calibration, in [0, 1]; null when the model has none"),
        column("cross_sentence", pa.bool_(), "whether no mention of the head shares a sentence with one of the tail"),
        column("head_start", pa.int64(), "strongest mention pair: first character of the head's mention"),
        column("head_end", pa.int64(), "strongest mention pair: one past the last character of the head's mention"),
        column("tail_start", pa.int64(), "strongest mention pair: first character of the tail's mention"),
        column("tail_end", pa.int64(), "strongest mention pair: one past the last character of the tail's mention"),
        column("share", pa.float64(), "strongest mention pair: its part of the LogSumExp, in [0, 1]"),
        column(
            "sentence", pa.string(), "strongest mention pair: its sentence; two, in text order, are joined by ' … '"
        ),
        column("model", pa.string(), "name of the model that predicted the relation"),
        column("model_version", pa.string(), "version of that model"),
        # Version 2. Columns are only ever added, at the end: whoever reads by name or by place reads on.
        column("head_type", pa.string(), "entity type of the head, in the schema's spelling"),
        column("tail_type", pa.string(), "entity type of the tail, in the schema's spelling"),
        column("head_label", pa.string(), "preferred name of the head's concept; null when the lexicon has none"),
        column("tail_label", pa.string(), "preferred name of the tail's concept; null when the lexicon has none"),
        column("year", pa.int64(), "year of publication, where the input has it"),
        column("model_hash", pa.string(), "twelve hexadecimal digits of that model's weights, vocabulary, settings"),
        *(column(name, pa.int64(), f"strongest mention pair: {doc}") for name, doc in _SENTENCES.items()),
        column("position", pa.int64(), "number of the document's record in its shard; null outside a run's parts"),
        column(
            "evidence",
            pa.list_(pa.field("element", _EVIDENCE)),
            "all mention pairs behind the relation, strongest first",
        ),
    ],
    metadata={VERSION_KEY: str(SCHEMA_VERSION), TABLE_KEY: "relations"},
)
"""The columns, in order, each with its meaning under the metadata key ``doc``.

Offsets are characters of the document's text: its passages joined by one space.
"""

FLAT = pa.schema([field for field in SCHEMA if not pa.types.is_nested(field.type)])
"""The columns that hold one value: what a format without lists can hold."""


def rows(
    document: Document,
    *,
    model_version: str | None = None,
    model_hash: str | None = None,
    names: Names | None = None,
    position: int | None = None,
) -> list[Row]:
    """The rows of ``document``: highest score first, then by head, tail and type.

    Args:
        document: with gold or predicted relations; without any, there are no rows.
        model_version: what goes in that column for every relation that names its model.
        model_hash: likewise.
        names: gives concepts their preferred names.
        position: number of the document's record in its shard.
    """
    if not document.relations:
        return []
    surfaces, evidence, label = Surfaces(document), _EvidenceRows(document), names or _no_name
    shared = {"document": document.id, "year": year_of(document), "position": position}
    found = (
        {
            **shared,
            "type": relation.type,
            "head": relation.head,
            "head_name": surfaces.name(relation.head),
            "head_type": surfaces.type(relation.head, [pair.head for pair in relation.evidence]),
            "head_label": label(relation.head),
            "tail": relation.tail,
            "tail_name": surfaces.name(relation.tail),
            "tail_type": surfaces.type(relation.tail, [pair.tail for pair in relation.evidence]),
            "tail_label": label(relation.tail),
            "score": relation.score,
            "probability": relation.probability,
            **evidence.columns(relation),
            "model": relation.model,
            "model_version": model_version if relation.model else None,
            "model_hash": model_hash if relation.model else None,
        }
        for relation in ordered(document.relations)
    )
    return [{name: row[name] for name in SCHEMA.names} for row in found]


def year_of(document: Document) -> int | None:
    """The year that the ``meta`` of ``document`` tells; ``None`` when it tells none, or no number."""
    year = str(document.meta.get("year", ""))
    return int(year) if year.isdecimal() and len(year) <= _YEAR_DIGITS else None


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


class _EvidenceRows:
    """What the table says of the sentences and mention pairs of one document."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._sentences = document_sentences(document)
        self._index = SentenceIndex(document)
        self._mentioned = {concept for m in document.mentions for concept in (*m.concepts, m.id)}

    def columns(self, relation: Relation) -> Row:
        """Whether ``relation`` crosses sentences, its mention pairs, and the columns of the strongest."""
        mentioned = {relation.head, relation.tail} <= self._mentioned
        pairs = [self._pair(evidence) for evidence in relation.evidence]
        strongest = {**pairs[0], "sentence": self._words(relation.evidence[0])} if pairs else _NO_EVIDENCE
        crosses = self._index.crosses(relation.head, relation.tail) if mentioned else None
        return {**strongest, "cross_sentence": crosses, "evidence": pairs}

    def _pair(self, evidence: Evidence) -> Row:
        head, tail = (self._sentences[self._index.sentence(end)] for end in (evidence.head, evidence.tail))
        return {
            "head_start": evidence.head.start,
            "head_end": evidence.head.end,
            "tail_start": evidence.tail.start,
            "tail_end": evidence.tail.end,
            "share": evidence.share,
            "cross_sentence": head != tail,
            "head_sentence_start": head[0],
            "head_sentence_end": head[1],
            "tail_sentence_start": tail[0],
            "tail_sentence_end": tail[1],
        }

    def _words(self, evidence: Evidence) -> str:
        around = sorted({self._index.sentence(evidence.head), self._index.sentence(evidence.tail)})
        return " … ".join(self._text[slice(*self._sentences[number])] for number in around)


_NO_EVIDENCE: Row = dict.fromkeys(("sentence", *(field.name for field in _EVIDENCE)))
_YEAR_DIGITS = 4


def _no_name(_concept: str) -> None:
    return None
