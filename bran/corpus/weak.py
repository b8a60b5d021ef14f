"""Distant supervision: documents get the relations that a knowledge base states of them.

What is not stated is unknown, not negative: the base was filled from other documents, or from the full text.

Mintz et al.: *Distant supervision for relation extraction without labeled data*, ACL 2009.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bran.corpus.document import Document, Relation
from bran.corpus.exclusion import Excluded, Match, Sieve
from bran.corpus.schema import Schema
from bran.corpus.stated import Reading, Said, StatementIndex
from bran.errors import DataError, Place

_ENOUGH = 50
"""Statements by which a table's columns are known to be turned before all texts are read."""


@dataclass(slots=True)
class WeakCounts:
    """What became of the texts and of what is stated of them."""

    texts: int = 0
    """Read, those that are left out among them."""
    left_out: Counter[Match] = field(default_factory=Counter)
    """Excluded, or read before."""
    unstated: int = 0
    """Of which no pair is stated."""
    documents: int = 0
    """With a stated pair."""
    stated: int = 0
    """Pairs, by document."""
    relations: int = 0
    """Types of stated pairs: several may hold for one."""
    unmentioned: int = 0
    """Statements of the texts, one end of which at least is not mentioned there."""
    unknown: int = 0
    """Pairs of the documents with a stated pair, of which nothing is stated."""

    def rows(self) -> Iterator[tuple[str, int]]:
        """Name and value of each count, for people."""
        yield "texts read", self.texts
        yield from ((match.value, self.left_out[match]) for match in Match)
        yield "texts without a stated pair", self.unstated
        yield "documents with a stated pair", self.documents
        yield "pairs stated", self.stated
        yield "relations stated", self.relations
        yield "statements without both ends mentioned", self.unmentioned
        yield "pairs not stated (unknown, not negative)", self.unknown


class WeakLabels:
    """Gives documents the relations that are stated of them.

    Args:
        schema: says which pairs are candidates, and what may hold between them.
        statements: the tables.
        turned: rows that have the tail before the head are turned, told by what their ends are mentioned as;
            without it, they say nothing and are counted.

    Attributes:
        counts: what became of the documents so far.
        turned: rows by table that have the tail before the head.
        straight: rows by table that have the head first.
    """

    def __init__(self, schema: Schema, statements: StatementIndex, *, turned: bool = False) -> None:
        self.counts = WeakCounts()
        self.turned: Counter[str] = Counter()
        self.straight: Counter[str] = Counter()
        self._schema = schema
        self._statements = statements
        self._turn = turned
        self._examples: dict[str, str] = {}

    def __call__(self, document: Document) -> Document:
        """``document`` with the relations that are stated of it in place of those that it had.

        Raises:
            DataError: when a table has the tail before the head, and ``turned`` does not say so.
        """
        readings = self._chosen(document)
        for reading in readings:
            (self.turned if reading.turned else self.straight)[reading.said.table] += 1
            if reading.turned:
                head = reading.pair.tail
                self._examples.setdefault(reading.said.table, f"head {head.id} is mentioned as a {head.type}")
        self._check(_ENOUGH)
        used = [reading for reading in readings if self._turn or not reading.turned]
        relations = dict.fromkeys(Relation(r.said.kind, r.pair.head.id, r.pair.tail.id) for r in used)
        self._count(document, readings, set(relations))
        return document.with_relations(tuple(relations))

    def check(self) -> None:
        """Make sure, after the last document, that tables have the head first.

        Raises:
            DataError: when more rows of one have the tail first.
        """
        self._check(0)

    def _check(self, enough: int) -> None:
        for table, turned in () if self._turn else self.turned.items():
            straight = self.straight[table]
            if turned > straight and turned + straight > enough:
                message = f"{self._examples[table]}, as those of {turned} of {turned + straight} rows are"
                raise DataError(f"{message}; expected heads first (--turned turns such rows)", Place(table))

    def _chosen(self, document: Document) -> list[Reading]:
        """One reading of each statement, turned if that is possible and asked for, else as written."""
        chosen: dict[tuple[tuple[str, str], Said], Reading] = {}
        for reading in self._statements.readings(document):
            key = reading.ends, reading.said
            if key not in chosen or reading.turned == self._turn:
                chosen[key] = reading
        return list(chosen.values())

    def _count(self, document: Document, readings: list[Reading], relations: set[Relation]) -> None:
        if not self._statements.by_pair:
            self.counts.unmentioned += sum(map(len, self._statements.said(document).values())) - len(readings)
        stated = {(relation.head, relation.tail) for relation in relations}
        if not stated:
            self.counts.unstated += 1
            return
        self.counts.documents += 1
        self.counts.stated += len(stated)
        self.counts.relations += len(relations)
        self.counts.unknown += len(self._schema.candidates(document)) - len(stated)


def weak_documents(
    texts: Iterable[Document], labels: WeakLabels, *, exclude: Excluded, keep_unstated: bool = False
) -> Iterator[Document]:
    """The ``texts`` with the relations that are stated of them, each once, by id and title.

    Args:
        texts: documents with mentions.
        labels: gives them their relations, and counts.
        exclude: what they are to be left out by: documents that a model is scored on.
        keep_unstated: give texts without a stated pair too.

    Raises:
        DataError: when a table has the tail before the head; perhaps only at the end.
    """
    sieve = Sieve(exclude)
    labels.counts.left_out = sieve.left_out
    for text in texts:
        labels.counts.texts += 1
        if sieve.admits(text):
            document = labels(text)
            if document.relations or keep_unstated:
                yield document
    labels.check()
