"""Comparing the pairs of a known table with relations, by ids with their namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bran.errors import FormatError, Place
from bran.export.scans import run
from bran.wording import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LEAST = 1000
"""One in so many ids of a known table has a namespace of the relations, or its column holds something else."""

SWAPPED = 4
"""So many times more ids fit the other end before head and tail count as swapped."""

# MeSH's ids are told by their form. A number without namespace is of the only other one that ids of its end have.
_SPELLING = """
CREATE TEMP MACRO spelled(id, namespace) AS CASE
    WHEN contains(id, ':') THEN upper(split_part(id, ':', 1)) || substr(id, instr(id, ':'))
    WHEN regexp_full_match(id, '[CD][0-9]{6,9}') THEN 'MESH:' || id
    WHEN namespace <> 'MESH' AND regexp_full_match(id, '[0-9]+') THEN namespace || ':' || id
    ELSE id END
"""

_ENDS = """
CREATE TABLE {end}s AS
WITH ids AS (
    SELECT DISTINCT {end} AS id, false AS listed FROM relations
    UNION ALL SELECT DISTINCT {end}, true FROM listed WHERE {end} IS NOT NULL
),
sole AS (
    SELECT CASE WHEN count(DISTINCT namespace) = 1 THEN any_value(namespace) END AS namespace
    FROM (SELECT split_part(spelled(id, NULL), ':', 1) AS namespace FROM ids WHERE contains(spelled(id, NULL), ':'))
)
SELECT id, listed, spelled(id, namespace) AS spelled FROM ids, sole
"""

_COUNTS = """
SELECT count(*) FILTER (listed),
    count(*) FILTER (listed AND split_part(spelled, ':', 1) IN
        (SELECT split_part(spelled, ':', 1) FROM {end}s WHERE NOT listed AND contains(spelled, ':'))
        OR listed AND spelled IN (SELECT spelled FROM {end}s WHERE NOT listed)),
    count(*) FILTER (NOT listed),
    min(id) FILTER (listed), min(id) FILTER (NOT listed),
    count(DISTINCT spelled) FILTER (listed AND spelled IN (SELECT spelled FROM {end}s WHERE NOT listed)),
    count(DISTINCT spelled) FILTER (listed AND spelled IN (SELECT spelled FROM {other}s WHERE NOT listed))
FROM {end}s
"""

_PAIRS = """
INSERT INTO known
WITH pairs AS (
    SELECT DISTINCT head, tail, h.spelled AS head_spelled, t.spelled AS tail_spelled
    FROM (SELECT DISTINCT head, tail FROM relations)
    JOIN heads AS h ON h.id = head AND NOT h.listed
    JOIN tails AS t ON t.id = tail AND NOT t.listed
),
found AS (
    SELECT h.spelled AS head_spelled, t.spelled AS tail_spelled, type, reference
    FROM listed
    JOIN heads AS h ON h.id = head AND h.listed
    JOIN tails AS t ON t.id = tail AND t.listed
    SEMI JOIN pairs ON pairs.head_spelled = h.spelled AND pairs.tail_spelled = t.spelled
),
said AS (
    SELECT head_spelled, tail_spelled,
        coalesce(list_sort(list(DISTINCT type) FILTER (type IS NOT NULL)), []) AS types
    FROM found GROUP BY ALL
),
cited AS (
    SELECT head_spelled, tail_spelled, count(DISTINCT reference) AS known_references
    FROM (SELECT head_spelled, tail_spelled, unnest(string_split(reference, '|')) AS reference FROM found)
    WHERE reference <> ''
    GROUP BY ALL
)
SELECT head, tail, types, known_references
FROM pairs JOIN said USING (head_spelled, tail_spelled) LEFT JOIN cited USING (head_spelled, tail_spelled)
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a known table say what.

    Attributes:
        head: ids of heads.
        tail: ids of tails.
        type: what it calls the relation.
        references: one or, joined by ``|``, several documents that it cites.
    """

    head: str
    tail: str
    type: str | None = None
    references: str | None = None

    @property
    def swapped(self) -> str:
        """What ``--known-columns`` takes when head and tail are the other way round."""
        return ",".join(filter(None, (self.tail, self.head, self.type, self.references)))


def match_pairs(connection: DuckDBPyConnection, path: Path, columns: Columns) -> None:
    """Fill ``known`` with those pairs of the table ``relations`` that the table ``listed`` has.

    Args:
        connection: with these tables.
        path: of the known table, for errors.
        columns: of the known table, for errors.

    Raises:
        FormatError: when head and tail are swapped, or a column holds ids of other namespaces.
    """
    for sql in (_SPELLING, _ENDS.format(end="head"), _ENDS.format(end="tail")):
        run(connection, sql)
    heads, tails = _Ids(connection, "head", "tail"), _Ids(connection, "tail", "head")
    if heads.crossed + tails.crossed > SWAPPED * (heads.straight + tails.straight):
        head, tail = columns.head, columns.tail
        message = (
            f"{head} has {counted(heads.crossed, 'tail')} of the relations and {counted(heads.straight, 'head')}, "
            f"{tail} has {counted(tails.crossed, 'head')} and {counted(tails.straight, 'tail')}; "
            f"expected heads in {head}: swapped? then --known-columns {columns.swapped}"
        )
        raise FormatError(message, Place(str(path)))
    heads.refuse_foreign(path, columns.head)
    tails.refuse_foreign(path, columns.tail)
    run(connection, _PAIRS)


class _Ids:
    """How the ids at one end of the known pairs compare with those of the relations.

    Attributes:
        straight: how many of them stand at the same end of a relation.
        crossed: how many stand at the other end.
    """

    def __init__(self, connection: DuckDBPyConnection, end: str, other: str) -> None:
        row = connection.execute(_COUNTS.format(end=end, other=other)).fetchone() or (0,) * 7
        self._end = end
        self._listed, self._alike, self._ours, self._foreign, self._example, self.straight, self.crossed = row

    def refuse_foreign(self, path: Path, column: str) -> None:
        """Raise when hardly any of the known ids have a namespace of the relations."""
        if not self._ours or self._alike * LEAST >= self._listed:
            return
        message = (
            f"{self._alike} of the {self._listed} ids in {column} look like {self._end}s of the relations "
            f"({self._foreign}; the relations have {self._example}); expected 1 in {LEAST} at least"
        )
        raise FormatError(message, Place(str(path)))
