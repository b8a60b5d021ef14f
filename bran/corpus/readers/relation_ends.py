"""Which concepts a relation holds between, where a format writes its ends without namespace."""

from __future__ import annotations

from bran.corpus.document import Document
from bran.corpus.readers.pubtator_format import ConceptIds
from bran.corpus.schema import Schema
from bran.errors import UnknownTypeError


class RelationEnds:
    """The namespaced concepts at the ends of relations.

    Args:
        schema: says which entity types a relation type holds between; without one, ids stay as they are.
        ids: gives ids the namespace of their type.
    """

    def __init__(self, schema: Schema | None, ids: ConceptIds) -> None:
        self._schema = schema
        self._ids = ids

    def qualify(self, relation_type: str, head: str, tail: str, document: Document) -> tuple[str, str]:
        """Head and tail in the namespace of a type that ``document`` mentions them with, else of the first possible.

        Raises:
            UnknownTypeError: when the schema has no such relation type.
        """
        heads, tails = self._types(relation_type)
        present = {(entity.type, entity.id) for entity in document.entities}
        return self._end(head, heads, present), self._end(tail, tails, present)

    def _types(self, relation_type: str) -> tuple[list[str], list[str]]:
        """The entity types that may stand at either end of a relation; none known without a schema."""
        if self._schema is None:
            return [], []
        relation = self._schema.relation_types.get(relation_type)
        if relation is None:
            known = ", ".join(self._schema.relation_types)
            raise UnknownTypeError(f"relation type {relation_type!r}; expected one of {known}")
        heads = list(dict.fromkeys(head for head, _ in relation.pairs))
        tails = list(dict.fromkeys(tail for _, tail in relation.pairs))
        return (heads + tails, heads + tails) if relation.symmetric else (heads, tails)

    def _end(self, id_: str, types: list[str], present: set[tuple[str, str]]) -> str:
        concepts = [(type_, self._ids.qualify(id_, type_)) for type_ in types]
        return next((concept for concept in concepts if concept in present), (concepts or [("", id_)])[0])[1]
