"""Mentions and relations as plain mappings: the inverse of :mod:`bran.corpus.readers.records`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bran.corpus.document import Mention, Relation


def mention_record(mention: Mention) -> dict[str, Any]:
    """``mention`` as a mapping that :class:`MentionRecord` reads; empty values are left out."""
    record = {"start": mention.start, "end": mention.end, "type": mention.type, "concepts": list(mention.concepts)}
    return record | _filled({"parts": list(mention.parts), "id": mention.id, "raw_concepts": mention.raw_concepts})


def relation_record(relation: Relation) -> dict[str, Any]:
    """``relation`` as a mapping that :class:`RelationRecord` reads, without its evidence; empty values are left out."""
    numbers = {"score": relation.score, "probability": relation.probability}
    record: dict[str, Any] = {"type": relation.type, "head": relation.head, "tail": relation.tail}
    record |= {key: number for key, number in numbers.items() if number is not None}
    return record | _filled({"extra": list(relation.extra), "model": relation.model})


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
