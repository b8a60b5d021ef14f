"""A graph for ``neo4j-admin database import``: ``nodes.csv`` and ``relationships.csv`` with typed headers."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from bran.errors import FormatError, Place
from bran.export.graph import edges, nodes, one_line
from bran.export.run_tables import Tables
from bran.export.text import plain_cell
from bran.files import atomic_write

NODES, RELATIONSHIPS = "nodes.csv", "relationships.csv"
_NODE_HEADER = ("id:ID", "name:string", ":LABEL")
_EDGE_HEADER = (
    *(":START_ID", ":END_ID", ":TYPE", "documents:long", "probability:double", "score:double"),
    *("publications:string[]", "sentence:string"),
)
_CONCEPT = "Concept"
"""The label that every node has beside its entity types."""


def export_neo4j(tables: Tables, path: Path) -> int:
    """Write the folder ``path``; gives the number of relationships.

    Raises:
        FormatError: when ``path`` is no folder and none can be made.
        ConfigError: when relations hold between single mentions.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"cannot be made ({error.strerror}); expected a folder", Place(str(path))) from None
    labels = ((node.id, one_line(node.name), _joined([_CONCEPT, *node.types])) for node in nodes(tables))
    relationships = (
        (
            edge.head,
            edge.tail,
            edge.type,
            str(len(edge.documents)),
            plain_cell(edge.probability),
            plain_cell(edge.score),
            _joined(edge.documents),
            one_line(edge.sentences[0]) if edge.sentences else "",
        )
        for edge in edges(tables)
    )
    _write(path / NODES, _NODE_HEADER, labels)
    return _write(path / RELATIONSHIPS, _EDGE_HEADER, relationships)


def _write(path: Path, header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> int:
    count = 0
    with atomic_write(path) as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(header)
        for row in rows:
            lines.writerow(row)
            count += 1
    return count


def _joined(values: Iterable[str]) -> str:
    """The elements of an array, with the delimiter that the import expects."""
    return ";".join(value.replace(";", ",") for value in values)
