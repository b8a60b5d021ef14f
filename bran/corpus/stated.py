"""Which statements of tables speak of the candidate pairs of a document, whichever way round they are written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from bran.corpus.document import Document, Pair
from bran.corpus.schema import Schema
from bran.corpus.statements import Statement

Ends: TypeAlias = tuple[str, str]
"""Head and tail as a table has them, without namespaces of the schema: tables write some bare."""


class Said(NamedTuple):
    """What a row says of its ends."""

    kind: str
    table: str


class Reading(NamedTuple):
    """A row that speaks of a candidate pair.

    Attributes:
        said: the relation type, and the table that has it.
        pair: its head is of a type that heads may have, its tail of one that tails may have.
        turned: whether the row has the tail first.
        ends: as the row has them.
    """

    said: Said
    pair: Pair
    turned: bool
    ends: Ends


class StatementIndex:
    """Statements, to be looked up by document; with ``by_pair``, those of all documents count for each one."""

    def __init__(self, schema: Schema, *, by_pair: bool = False) -> None:
        self.by_pair = by_pair
        self._schema = schema
        self._namespaces = tuple(f"{type_.namespace}:" for type_ in schema.entity_types.values() if type_.namespace)
        self._said: dict[str, dict[Ends, dict[Said, None]]] = {}

    def add(self, statements: Iterable[Statement], table: str) -> int:
        """Take in the rows of ``table``; returns how many there were."""
        count = 0
        for document, kind, head, tail in statements:
            said = self._said.setdefault("" if self.by_pair else document, {})
            said.setdefault((self._bare(head), self._bare(tail)), {})[Said(kind, table)] = None
            count += 1
        return count

    def documents(self) -> Collection[str]:
        """Ids of the documents that something is stated of; none when statements count for all."""
        return () if self.by_pair else self._said.keys()

    def said(self, document: Document) -> Mapping[Ends, Collection[Said]]:
        """What is stated of ``document``, by ends, each statement of a table once."""
        return self._said.get("" if self.by_pair else document.id, {})

    def readings(self, document: Document) -> Iterator[Reading]:
        """The statements that speak of candidate pairs of ``document``, in the order of candidates.

        One that is possible both ways, since its ends are mentioned with several types, comes twice.
        """
        said = self.said(document)
        for pair in self._schema.candidates(document) if said else ():
            ends = self._bare(pair.head.id), self._bare(pair.tail.id)
            for as_written in dict.fromkeys((ends, ends[::-1])):
                yield from self._of_pair(pair, as_written, said.get(as_written, ()), turned=as_written != ends)

    def _of_pair(self, pair: Pair, ends: Ends, said: Iterable[Said], *, turned: bool) -> Iterator[Reading]:
        possible = {self._schema.labels[label] for label in self._schema.labels_between(pair)}
        for one in said:
            if one.kind in possible:
                symmetric = self._schema.relation_types[one.kind].symmetric
                yield Reading(one, pair, turned and not symmetric, ends)

    def _bare(self, id_: str) -> str:
        namespace = next((prefix for prefix in self._namespaces if id_.startswith(prefix)), "")
        return id_.removeprefix(namespace)
