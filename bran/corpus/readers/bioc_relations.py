"""Relations as BioC files hold them, which is different in each corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.corpus.readers.bioc_ids import string_list
from bran.corpus.readers.bioc_records import BioCNode, BioCRelation
from bran.corpus.readers.pubtator_format import ConceptIds
from bran.corpus.readers.relation_ends import RelationEnds
from bran.corpus.schema import Schema
from bran.errors import FormatError

_ENTITIES, _ROLES = ("entity1", "entity2"), ("role1", "role2")
_SECOND_ROLES = frozenset({"arg2", "tail", "object"})


class BioCRelations:
    """Makes relations of BioC records.

    The ends stand in the infons: ``entity1`` and ``entity2`` (BioRED), ``role1`` and ``role2`` (PubTator 3), or
    under the names of their entity types (BC5CDR). Else they are what two nodes refer to: mentions, or all
    concepts of these. Where relations hold between mentions by the schema, nodes come first.

    Args:
        schema: says which relation types there are, and between what.
        ids: gives ids the namespace of their type.
    """

    def __init__(self, schema: Schema | None, ids: ConceptIds) -> None:
        self._schema = schema
        self._between_mentions = schema is not None and schema.level == "mention"
        self._known_ends = RelationEnds(schema, ids)

    def read(self, record: BioCRelation, document: Document, mentions: Mapping[str, Mention]) -> Iterator[Relation]:
        """The relations that ``record`` tells of.

        Args:
            record: a relation.
            document: what it stands in, with its mentions.
            mentions: the mentions by the ids of their annotations.

        Raises:
            UnknownTypeError: when the schema has no such relation type.
            FormatError: when it has no type, or not two ends.
        """
        infons = record.infons
        type_ = infons.get("relation") or infons.get("type")
        if not isinstance(type_, str):
            raise FormatError("a relation without type; expected the infon 'relation' or 'type'")
        ends = [self._qualified(type_, head, tail, document) for head, tail in self._ends(record, type_, mentions)]
        if not ends:
            raise FormatError("a relation without two ends; expected them in its infons, or two nodes")
        novel = infons.get("novel")
        for head, tail in ends:
            yield Relation(
                type_,
                head,
                tail,
                score=_share(infons.get("score")),
                probability=_share(infons.get("probability")),
                evidence=tuple(_evidence(infons.get("evidence"), mentions)),
                extra=tuple(string_list(infons.get("extra")) or ([novel] if isinstance(novel, str) else [])),
                model=model if isinstance(model := infons.get("model"), str) else None,
            )

    def _ends(self, record: BioCRelation, type_: str, mentions: Mapping[str, Mention]) -> list[tuple[str, str]]:
        by_nodes = self._node_ends(record.nodes, mentions)
        named = self._infon_ends(record.infons, type_)
        return (by_nodes or named) if self._between_mentions else (named or by_nodes)

    def _infon_ends(self, infons: dict[str, Any], type_: str) -> list[tuple[str, str]]:
        known = self._schema.relation_types.get(type_) if self._schema else None
        typed = known.pairs if known else ()
        others = tuple(key for key in infons if key != "relation")
        if "relation" in infons and not typed and len(others) == 2:
            typed = ((others[0], others[1]),)
        for names in (_ENTITIES, _ROLES, *typed):
            read = _role if names is _ROLES else _string
            head, tail = (read(infons.get(name)) for name in names)
            if head and tail:
                return [(head, tail)]
        return []

    def _node_ends(self, nodes: tuple[BioCNode, ...], mentions: Mapping[str, Mention]) -> list[tuple[str, str]]:
        ordered = sorted(nodes, key=lambda node: (node.role or "").lower() in _SECOND_ROLES)
        ends = [mentions[node.refid] for node in ordered if node.refid in mentions]
        if len(ends) != 2:
            return []
        if self._between_mentions:
            return [(ends[0].id, ends[1].id)]
        return list(product(ends[0].concepts, ends[1].concepts))

    def _qualified(self, type_: str, head: str, tail: str, document: Document) -> tuple[str, str]:
        """Head and tail as the document's mentions have them, else in the namespace of their types."""
        qualified = self._known_ends.qualify(type_, head, tail, document)
        present = {id_ for mention in document.mentions for id_ in (mention.id, *mention.concepts) if id_}
        first, second = (_present(*ids, present) for ids in zip((head, tail), qualified, strict=True))
        return first, second


def _present(id_: str, qualified: str, present: set[str]) -> str:
    same = [concept for concept in present if concept.partition(":")[2] == id_]
    candidates = (id_, qualified, *(same if len(same) == 1 else ()))
    return next((candidate for candidate in candidates if candidate in present), qualified)


def _role(value: Any) -> str:
    """The id in a role of PubTator: ``type|id`` in XML, a mapping with an identifier in JSON."""
    if isinstance(value, dict):
        return _string(value.get("identifier"))
    type_, _, id_ = _string(value).partition("|")
    return id_ or type_


def _string(value: Any) -> str:
    return "" if value is None else str(value)


def _share(value: Any) -> float | None:
    """A number between 0 and 1; ``None`` for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 <= number <= 1 else None


def _evidence(value: Any, mentions: Mapping[str, Mention]) -> Iterator[Evidence]:
    """The mention pairs in ``value``: a JSON list of annotation, annotation and share."""
    try:
        for head, tail, share in json.loads(value) if isinstance(value, str) else ():
            yield Evidence(mentions[head], mentions[tail], float(share))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FormatError("a relation whose evidence cannot be read; expected pairs of annotations") from None
