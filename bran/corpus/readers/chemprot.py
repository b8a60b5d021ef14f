"""ChemProt as published: a folder with a table of abstracts, one of entities, one of relations and the scored ones.

::

    abstracts      99000001  title                abstract
    entities       99000001  T13  CHEMICAL  37  46  lidocaine
    relations      99000001  CPR:4  Y  INHIBITOR  Arg1:T13  Arg2:T57
    gold_standard  99000001  CPR:4  Arg1:T13  Arg2:T57

Offsets count in title + one character + abstract. Relations hold between single mentions, named by their ids. What is
annotated but, by the third column, not scored (``CPR:1``, ``CPR:10``, ...) is left out and counted.

Krallinger et al.: *Overview of the BioCreative VI chemical-protein interaction track*, 2017.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.chemprot_tables import Record, Row, chemprot_records
from bran.corpus.readers.documents import documents_of
from bran.corpus.readers.errors import ErrorHandler, Strict
from bran.corpus.schema import Schema
from bran.errors import FormatError, OffsetError, UnknownTypeError
from bran.files import source_name

UNSCORED = "relations not scored"
"""Key of ``Document.meta``: how many relations of the document the corpus does not score."""

_OFFSET = re.compile(r"[0-9]{1,9}", re.ASCII)
_END = re.compile(r"Arg([12]):(\S+)")


def read_chemprot(
    source: str | Path | BinaryIO,
    *,
    schema: Schema | None = None,
    on_error: ErrorHandler | None = None,
    every_record: bool = False,
) -> Iterator[Document]:
    """The documents of a folder that holds one part of ChemProt, in the order of their abstracts.

    Args:
        source: the folder; its tables may be gzipped, and their names begin as they like
            (``chemprot_training_abstracts.tsv``, ``chemprot_test_abstracts_gs.tsv``).
        schema: gives types their spelling, and says which groups of relations are wanted; without one, all are.
        on_error: is told of what is left out; by default the first error is raised.
        every_record: give records of an id that came before, too; by default they are told to ``on_error``.

    Raises:
        DataError: names file, line and document; by default at the first thing that is wrong.
    """
    handler, path = on_error or Strict(), source_name(source)
    records = chemprot_records(Path(path), handler)
    parser = _Parser(schema, handler)
    return documents_of(records, lambda part: parser.document(part[1]()), path, handler, repeated_ids=every_record)


class _Parser:
    """Makes a document of its rows."""

    def __init__(self, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._schema = schema
        self._on_error = on_error

    def document(self, record: Record) -> Document:
        """The document of ``record``.

        Raises:
            DataError: when a row breaks the format, does not fit the text, or names a mention that is not there.
        """
        _, title, abstract = record.abstract.cells
        bare = Document(record.id, (Passage("title", title), Passage("abstract", abstract)))
        mentions, left_out = self._mentions(record.entities, bare)
        known = {*mentions, *left_out}
        rows = record.gold if record.relations is None else record.relations
        ends = [(row, *_ends(row, known)) for row in rows or ()]
        if record.gold is not None and record.relations is not None:
            _check_gold(record.gold, ends, known)
        relations, unscored = self._relations([item for item in ends if left_out.isdisjoint(item[1:])])
        meta = {UNSCORED: unscored} if unscored else {}
        return Document(record.id, bare.passages, tuple(mentions.values()), relations, meta)

    def _mentions(self, rows: list[Row], document: Document) -> tuple[dict[str, Mention], set[str]]:
        """The mentions by their ids, and the ids of those that are of an unknown type."""
        mentions: dict[str, Mention] = {}
        left_out: set[str] = set()
        for row in rows:
            id_ = row.cells[1]
            if not id_ or id_ in mentions or id_ in left_out:
                raise FormatError(f"mention {id_!r}; expected an id of its own", row.place)
            try:
                mentions[id_] = self._mention(row, document)
            except UnknownTypeError as error:
                left_out.add(id_)
                self._on_error.drop(error)
        return mentions, left_out

    def _mention(self, row: Row, document: Document) -> Mention:
        _, id_, type_, first, last, text = row.cells
        if not (_OFFSET.fullmatch(first) and _OFFSET.fullmatch(last)):
            raise FormatError(f"offsets {first[:20]!r} to {last[:20]!r}: expected two whole numbers", row.place)
        start, end = int(first), int(last)
        if (found := document.text[start:end]) != text or not text:
            message = f"mention {start}-{end} {text[:60]!r}: expected {found[:60]!r}, as in the text"
            raise OffsetError(message, row.place)
        if self._schema:
            type_ = self._schema.canonical_type(type_, row.place)
        return Mention(start, end, type_, id=id_)

    def _relations(self, rows: list[tuple[Row, str, str]]) -> tuple[tuple[Relation, ...], int]:
        """The relations of the wanted groups, each once, and the number of others that are not scored."""
        relations: dict[Relation, None] = {}
        unscored = 0
        for row, head, tail in rows:
            group, *more = row.cells[1:-2]  # the gold standard has no more
            if self._schema is None or group in self._schema.relation_types:
                relations.setdefault(Relation(group, head, tail, extra=tuple(more[1:])))
            elif more and more[0].strip() == "N":
                unscored += 1
            else:
                known = ", ".join(self._schema.relation_types)
                self._on_error.drop(UnknownTypeError(f"relation type {group!r}; expected one of {known}", row.place))
        return tuple(relations), unscored


def _ends(row: Row, known: set[str]) -> tuple[str, str]:
    """The mentions that a row relates.

    Raises:
        FormatError: when a cell has another form, or the entities lack the mention.
    """
    ends = []
    for number, cell in enumerate(row.cells[-2:], start=1):
        match = _END.fullmatch(cell.rstrip())
        if match is None or match[1] != str(number):
            raise FormatError(f"{cell[:60]!r}; expected Arg{number}:T1", row.place)
        if match[2] not in known:
            message = f"mention {match[2]!r} is not among the document's {len(known)} entities; expected one of them"
            raise FormatError(message, row.place)
        ends.append(match[2])
    return ends[0], ends[1]


def _check_gold(gold: list[Row], relations: list[tuple[Row, str, str]], known: set[str]) -> None:
    """Make sure that relations that are scored are among the relations.

    Raises:
        FormatError: when one is not.
    """
    there = {(row.cells[1], head, tail) for row, head, tail in relations}
    for row in gold:
        if (row.cells[1], *_ends(row, known)) not in there:
            raise FormatError(f"relation {' '.join(row.cells[1:])} is not among the relations; expected it", row.place)
