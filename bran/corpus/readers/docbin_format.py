"""What bran keeps in a spaCy ``Doc`` beside its tokens and entities, and how mentions become entities.

``doc.ents`` cannot overlap and has one id each: of mentions that overlap the longest is an entity, with its
concepts joined by ``|`` as ``kb_id_``. All mentions, passages, relations, id and meta stand in
``doc.user_data["bran"]``; the mentions there count as long as ``doc.ents`` is still what they give.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

USER_DATA = "bran"
"""The key in ``doc.user_data``."""
ID_KEYS: tuple[object, ...] = ("id", ("._.", "id", None, None))
"""Where documents of others have their id in ``doc.user_data``: as ``id``, or as the extension ``doc._.id``."""
JOINED = "|"
"""Joins the concepts of an entity."""


class DocEntity(NamedTuple):
    """An entity of a ``Doc``, in characters."""

    start: int
    end: int
    label: str
    kb_id: str


def outermost(entities: Iterable[DocEntity]) -> list[DocEntity]:
    """The entities that ``doc.ents`` can hold, in text order: of those that overlap the longest, then the first."""
    taken: list[DocEntity] = []
    covered: set[int] = set()
    for entity in sorted(entities, key=lambda entity: (entity.start - entity.end, entity)):
        characters = range(entity.start, entity.end)
        if covered.isdisjoint(characters):
            covered.update(characters)
            taken.append(entity)
    return sorted(taken)
