"""A knowledge graph in the KGX format: nodes and edges of the Biolink model, as TSV or JSON lines.

Of ``graph.tsv`` are made ``graph_nodes.tsv`` and ``graph_edges.tsv``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO
from uuid import NAMESPACE_URL, uuid5

from bran.export.biolink import NAMED_THING, association, category, curie, predicate, publication
from bran.export.graph import Edge, Node, edges, nodes, one_line
from bran.export.run_tables import Tables
from bran.export.table import DIGITS, match_suffix
from bran.files import atomic_write

SOURCE = "infores:bran"
"""The knowledge source of every edge."""

NODE_COLUMNS = ("id", "category", "name")
EDGE_COLUMNS = (
    *("id", "category", "subject", "predicate", "object", "original_predicate", "publications", "evidence_count"),
    *("has_confidence_score", "supporting_text", "primary_knowledge_source", "knowledge_level", "agent_type"),
)
_SUFFIXES = (".tsv.gz", ".jsonl.gz", ".tsv", ".jsonl")

_Record = dict[str, Any]
_Write = Callable[[TextIO, Sequence[str], Iterable[_Record]], int]


def export_kgx(tables: Tables, path: Path) -> int:
    """Write the nodes and edges files that are called after ``path``; gives the number of edges.

    Raises:
        ConfigError: when ``path`` has none of the suffixes, or relations hold between single mentions.
    """
    suffix = match_suffix(path, _SUFFIXES)
    stem, write = path.name.removesuffix(suffix), _tsv if ".tsv" in suffix else _jsonl
    with (
        atomic_write(path.with_name(f"{stem}_nodes{suffix}")) as node_stream,
        atomic_write(path.with_name(f"{stem}_edges{suffix}")) as edge_stream,
    ):
        write(node_stream, NODE_COLUMNS, map(_node, nodes(tables)))
        return write(edge_stream, EDGE_COLUMNS, map(_edge, edges(tables)))


def _node(node: Node) -> _Record:
    categories = sorted({category(type_) for type_ in node.types} - {NAMED_THING}) or [NAMED_THING]
    return {"id": curie(node.id), "category": categories, "name": node.name}


def _edge(edge: Edge) -> _Record:
    relation = predicate(edge.type)
    confidence = None if edge.confidence is None else round(edge.confidence, DIGITS)
    return {
        "id": f"uuid:{uuid5(NAMESPACE_URL, json.dumps([edge.type, edge.head, edge.tail]))}",
        "category": [association(relation)],
        "subject": curie(edge.head),
        "predicate": relation,
        "object": curie(edge.tail),
        "original_predicate": curie(edge.type),
        "publications": [publication(document) for document in edge.documents],
        "evidence_count": len(edge.documents),
        "has_confidence_score": confidence,
        "supporting_text": list(edge.sentences),
        "primary_knowledge_source": SOURCE,
        # What a text asserts and what it only discusses is not judged.
        "knowledge_level": "not_provided",
        "agent_type": "text_mining_agent",
    }


def _jsonl(stream: TextIO, columns: Sequence[str], records: Iterable[_Record]) -> int:
    count = 0
    for record in records:
        said = {name: record[name] for name in columns if record[name] not in (None, [])}
        stream.write(json.dumps(said, ensure_ascii=False) + "\n")
        count += 1
    return count


def _tsv(stream: TextIO, columns: Sequence[str], records: Iterable[_Record]) -> int:
    stream.write("\t".join(columns) + "\n")
    count = 0
    for record in records:
        stream.write("\t".join(_cells(record, columns)) + "\n")
        count += 1
    return count


def _cells(record: _Record, columns: Sequence[str]) -> Iterator[str]:
    """Cells without tabs, line ends or quoting; the elements of a list are joined by a bar, which none of them has."""
    for name in columns:
        value = record[name]
        if isinstance(value, list):
            yield "|".join(one_line(item).replace("|", "¦") for item in value)
        else:
            yield "" if value is None else one_line(str(value))
