"""Relation tables of other systems, and a plain aggregation of their rows to compare with."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bran.export.aggregate import Aggregation, aggregate

Row = dict[str, Any]


def row(document: str, head: str = "MESH:C1", tail: str = "MESH:D1", type: str = "CID", **values: Any) -> Row:
    return {"document": document, "type": type, "head": head, "tail": tail, **values}


def write_rows(path: Path, rows: Iterable[Row]) -> Path:
    """A table of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def aggregated(inputs: Sequence[Path], folder: Path, **settings: Any) -> list[Row]:
    """The rows of the aggregate."""
    output = folder / "aggregate.parquet"
    aggregate(inputs, output, Aggregation(**settings))
    return pq.read_table(output).to_pylist()


def reference(rows: Iterable[Row]) -> list[Row]:
    """What the aggregate of ``rows`` is, without names and known pairs."""
    groups: dict[tuple[str, str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for found in rows:
        groups[found["type"], found["head"], found["tail"]][found["document"]].append(found)
    made = [_relation(key, [min(found, key=_best) for found in by.values()]) for key, by in groups.items()]
    return sorted(made, key=_place)


def _best(found: Row) -> tuple[Any, ...]:
    """The key of the strongest row: missing values come last."""
    strength = found["score"] if found["probability"] is None else found["probability"]
    down = [(value is None, -(value or 0.0)) for value in (strength, found["probability"], found["score"])]
    up = [(found[name] is None, found[name]) for name in ("sentence", "cross_sentence", "year")]
    return (*down, *((missing, "" if missing else value) for missing, value in up))


def _relation(key: tuple[str, str, str], rows: list[Row]) -> Row:
    ranked = sorted(rows, key=lambda r: (_best(r)[0], len(r["document"]), r["document"]))
    probabilities, scores, crosses, years = (
        [found[name] for found in ranked if found[name] is not None]
        for name in ("probability", "score", "cross_sentence", "year")
    )
    return {
        **dict(zip(("type", "head", "tail"), key, strict=True)),
        "documents": len(ranked),
        "document_ids": [found["document"] for found in ranked],
        "max_probability": max(probabilities, default=None),
        "mean_probability": math.fsum(probabilities) / len(probabilities) if probabilities else None,
        "noisy_or": 1 - math.prod(1 - p for p in probabilities) if probabilities else None,
        "max_score": max(scores, default=None),
        "mean_score": math.fsum(scores) / len(scores) if scores else None,
        "cross_sentence": sum(crosses) / len(crosses) if crosses else None,
        "best_document": ranked[0]["document"],
        "best_sentence": ranked[0]["sentence"],
        "first_year": min(years, default=None),
        "last_year": max(years, default=None),
        "years": [{"year": year, "documents": count} for year, count in sorted(Counter(years).items())],
    }


def _place(made: Row) -> tuple[Any, ...]:
    best = [made["max_probability"], made["max_score"]]
    return (-made["documents"], *((v is None, -(v or 0)) for v in best), made["head"], made["tail"], made["type"])
