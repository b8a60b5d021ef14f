"""Relations as a graph: concepts as nodes, and what documents say of a pair of them as one edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from bran.errors import ConfigError
from bran.export.run_folder import natural
from bran.export.run_tables import Tables

_BATCH = 8192
_SENTENCES = 5
"""Sentences that an edge shows: those of the strongest relations."""

_NODES = """
WITH ends AS (
    SELECT head AS id, head_type AS type, head_label AS label, head_name AS name FROM relations
    UNION ALL SELECT tail, tail_type, tail_label, tail_name FROM relations
),
names AS (
    SELECT id, name FROM ends WHERE name IS NOT NULL GROUP BY id, name
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY count(*) DESC, name) = 1
),
types AS (
    SELECT id, list(type ORDER BY uses DESC, type) AS types
    FROM (SELECT id, type, count(*) AS uses FROM ends WHERE type IS NOT NULL GROUP BY id, type) GROUP BY id
)
SELECT id, coalesce(label, name, id), coalesce(types, [])
FROM (SELECT id, max(label) AS label FROM ends GROUP BY id) LEFT JOIN names USING (id) LEFT JOIN types USING (id)
ORDER BY id
"""

_COLUMNS = ("type", "head", "tail", "head_type", "tail_type", "document", "probability", "score", "sentence")
_EDGES = f"""
SELECT {", ".join(_COLUMNS)} FROM relations
ORDER BY type, head, tail, probability DESC NULLS LAST, score DESC NULLS LAST, document
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A concept.

    Attributes:
        id: namespaced.
        name: the preferred one, else what documents mostly call it, else the id.
        types: entity types that documents mention it as, the commonest first.
    """

    id: str
    name: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation, as all documents have it.

    Attributes:
        type: relation type.
        head: namespaced concept id.
        tail: namespaced concept id.
        head_type: entity type of the head, in the strongest of them.
        tail_type: entity type of the tail, likewise.
        documents: that state it, by number or name.
        probability: the highest; ``None`` when there is none.
        score: the highest; ``None`` when there is none.
        sentences: of the strongest of them.
    """

    type: str
    head: str
    tail: str
    head_type: str | None
    tail_type: str | None
    documents: tuple[str, ...]
    probability: float | None
    score: float | None
    sentences: tuple[str, ...]

    @property
    def confidence(self) -> float | None:
        """The probability, or the score where there is no probability."""
        return self.score if self.probability is None else self.probability


def nodes(tables: Tables) -> Iterator[Node]:
    """Every concept that is an end of a relation, by id.

    Raises:
        ConfigError: when relations hold between single mentions, which are no concepts.
    """
    _check_level(tables)
    found = tables.connection.cursor().execute(_NODES)
    while rows := found.fetchmany(_BATCH):
        yield from (Node(id_, name, tuple(types)) for id_, name, types in rows)


def edges(tables: Tables) -> Iterator[Edge]:
    """One edge for each type, head and tail, in this order.

    Raises:
        ConfigError: when relations hold between single mentions, which are no concepts.
    """
    _check_level(tables)
    for (type_, head, tail), group in groupby(_rows(tables), key=itemgetter("type", "head", "tail")):
        rows = list(group)
        first = rows[0]
        sentences = dict.fromkeys(row["sentence"] for row in rows if row["sentence"])
        yield Edge(
            type_,
            head,
            tail,
            first["head_type"],
            first["tail_type"],
            tuple(sorted({row["document"] for row in rows}, key=natural)),
            first["probability"],
            max((row["score"] for row in rows if row["score"] is not None), default=None),
            tuple(sentences)[:_SENTENCES],
        )


def one_line(text: str) -> str:
    """``text`` with single spaces for all white space, line ends and tabs among it."""
    return " ".join(text.split())


def _rows(tables: Tables) -> Iterator[dict[str, Any]]:
    # A cursor of its own, so that nodes and edges can be read at once.
    found = tables.connection.cursor().execute(_EDGES)
    while rows := found.fetchmany(_BATCH):
        yield from (dict(zip(_COLUMNS, row, strict=True)) for row in rows)


def _check_level(tables: Tables) -> None:
    if tables.schema is not None and tables.schema.level == "mention":
        message = f"{tables.path}: relations hold between single mentions; expected concepts, which a graph is made of"
        raise ConfigError(message)
