"""Documents as annotation tools show them: a text with a line for each passage, marks, and arcs between them.

The inverse of :mod:`bran.corpus.readers.drawn`. A relation between concepts is drawn between the mentions that
carried it most, else between those of one sentence that stand nearest to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import product
from typing import Any

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.schema import Schema
from bran.corpus.sentences import SentenceIndex
from bran.corpus.writers.records import relation_record
from bran.errors import FormatError, Place


def lined_text(document: Document) -> str:
    """The passages, joined by a line feed, so that offsets are those of ``document.text``.

    Raises:
        FormatError: when a passage holds a line end, or what UTF-8 cannot hold.
    """
    place = Place(document=document.id)
    for passage in document.passages:
        if "\n" in passage.text or "\r" in passage.text:
            raise FormatError("the text holds a line end; expected one line per passage", place)
    text = "\n".join(passage.text for passage in document.passages)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError(f"{error}; expected text", place) from None
    return text


def mark_name(number: int) -> str:
    """What the mention of that number (from 0) is called."""
    return f"T{number + 1}"


class DrawnRelations:
    """Between which mentions of a document each of its relations is drawn.

    Args:
        document: with gold or predicted relations.
        schema: prefers mentions of types that may relate.

    Attributes:
        relations: each with the numbers of its head's and tail's mention; ``None`` where a concept has none.
    """

    def __init__(self, document: Document, schema: Schema | None) -> None:
        self._document = document
        self._schema = schema
        self._numbers: dict[Mention, int] = {}
        self._of: dict[str, list[int]] = {}
        for number, mention in enumerate(document.mentions):
            self._numbers.setdefault(mention, number)
            for key in dict.fromkeys((mention.id, *mention.concepts)):
                self._of.setdefault(key, []).append(number)
        self.relations = [(relation, self._ends(relation)) for relation in document.relations]

    def record(self, types: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What is kept beside the drawing, as :class:`bran.corpus.readers.review_record.ReviewRecord` reads it.

        Args:
            types: types by the names that the tool has for them, where these are others.
        """
        document = self._document
        every = self._schema is not None and self._schema.level == "mention"
        mentions = {
            mark_name(number): _kept(mention)
            for number, mention in enumerate(document.mentions)
            if every or mention.id or mention.parts
        }
        return {
            "id": document.id,
            "passages": [passage.kind for passage in document.passages],
            "meta": dict(document.meta),
            "types": dict(types or {}),
            "mentions": mentions,
            "relations": [self._relation(relation, ends) for relation, ends in self.relations],
        }

    def _relation(self, relation: Relation, ends: tuple[int, int] | None) -> dict[str, Any]:
        evidence = [
            [mark_name(self._numbers[pair.head]), mark_name(self._numbers[pair.tail]), pair.share]
            for pair in relation.evidence
            if pair.head in self._numbers and pair.tail in self._numbers
        ]
        between = [mark_name(number) for number in ends] if ends else None
        return relation_record(relation) | {"between": between, "evidence": evidence}

    def _ends(self, relation: Relation) -> tuple[int, int] | None:
        pairs = list(self._possible(relation))
        for evidence in relation.evidence:
            found = self._numbers.get(evidence.head), self._numbers.get(evidence.tail)
            if found in pairs:
                return found
        return min(pairs, key=self._distance, default=None)

    def _possible(self, relation: Relation) -> Iterator[tuple[int, int]]:
        """The mention pairs of its concepts, of types that may relate where there are such."""
        known = self._schema.relation_types.get(relation.type) if self._schema else None
        pairs = list(product(self._of.get(relation.head, ()), self._of.get(relation.tail, ())))
        mentions = self._document.mentions
        allowed = {pair for types in (known.pairs if known else ()) for pair in (types, types[::-1])}
        typed = [pair for pair in pairs if (mentions[pair[0]].type, mentions[pair[1]].type) in allowed]
        yield from typed or pairs

    def _distance(self, pair: tuple[int, int]) -> tuple[bool, int, int, int]:
        """Whether two mentions stand in different sentences, the characters between them, where they begin."""
        first, second = (self._document.mentions[number] for number in pair)
        crosses = self._sentences.sentence(first) != self._sentences.sentence(second)
        return crosses, max(first.start - second.end, second.start - first.end, 0), first.start, second.start

    @cached_property
    def _sentences(self) -> SentenceIndex:
        return SentenceIndex(self._document)


class Types:
    """The types that a tool is told of: those of a schema, then those that documents hold besides.

    Args:
        schema: of the documents.
    """

    def __init__(self, schema: Schema | None) -> None:
        self._schema = schema
        self._entities: set[str] = set()
        self._relations: dict[str, set[tuple[str, str]]] = {}

    def add(self, document: Document, drawn: DrawnRelations) -> None:
        """Note the types of ``document``."""
        self._entities.update(mention.type for mention in document.mentions)
        for relation, ends in drawn.relations:
            pairs = self._relations.setdefault(relation.type, set())
            if ends:
                head, tail = (document.mentions[number].type for number in ends)
                pairs.add((head, tail))

    @property
    def entities(self) -> list[str]:
        """Entity types, the schema's first."""
        known = list(self._schema.entity_types) if self._schema else []
        return known + sorted(self._entities - set(known))

    @property
    def relations(self) -> dict[str, list[tuple[str, str]]]:
        """Relation types, the schema's first, and the types that each holds between."""
        known = self._schema.relation_types if self._schema else {}
        pairs = {name: list(relation.pairs) for name, relation in known.items()}
        return pairs | {name: sorted(self._relations[name]) for name in sorted(set(self._relations) - set(known))}

    def is_symmetric(self, relation_type: str) -> bool:
        """Whether the schema says that head and tail may be swapped."""
        known = self._schema.relation_types.get(relation_type) if self._schema else None
        return known is not None and known.symmetric


def _kept(mention: Mention) -> dict[str, Any]:
    record = {"start": mention.start, "end": mention.end, "type": mention.type, "id": mention.id}
    return record | {"parts": list(mention.parts)}
