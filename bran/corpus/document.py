"""The vocabulary of the project: documents, mentions, entities, pairs and relations.

All classes are immutable. Offsets are characters (Unicode code points) of ``Document.text`` and are
checked once, when a document is made, so that nothing after it has to check them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

from bran.errors import OffsetError, Place


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document as its format delimits it.

    Attributes:
        kind: ``title``, ``abstract``, or what the format calls it.
        text: the characters, without a trailing separator.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text that names one concept, or several (a composite mention).

    Attributes:
        start: first character, in ``Document.text``.
        end: one past the last character.
        type: entity type, in the schema's spelling.
        concepts: namespaced concept ids (``MESH:D003693``); empty when the mention is not linked.
        parts: the words of each concept of a composite mention, where the format tells them.
        id: the mention's own id, where relations hold between mentions (ChemProt).
        raw_concepts: the id column as it was read, for an exact round trip; not compared.
    """

    start: int
    end: int
    type: str
    concepts: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    id: str = ""
    raw_concepts: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise OffsetError(f"mention {self.start}-{self.end}: expected 0 <= start < end")


@dataclass(frozen=True, slots=True)
class Entity:
    """A concept of one type with all its mentions in a document, in text order."""

    id: str
    type: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entities whose types the schema lets relate: a candidate."""

    head: Entity
    tail: Entity


@dataclass(frozen=True, slots=True)
class Evidence:
    """A mention pair that carried a relation.

    Attributes:
        head: the head's mention.
        tail: the tail's mention.
        share: its part of the LogSumExp, in [0, 1].
    """

    head: Mention
    tail: Mention
    share: float


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed relation between two concepts. Gold and predicted ones compare by type, head and tail.

    Attributes:
        type: relation type, in the schema's spelling.
        head: namespaced concept id.
        tail: namespaced concept id.
        score: after the link function, in [0, 1]; ``None`` for gold.
        probability: after calibration; ``None`` when the model has none.
        evidence: mention pairs, strongest first.
        extra: further columns of the row that a format carries (BioRED's novelty).
        model: name of the model that predicted it.
    """

    type: str
    head: str
    tail: str
    score: float | None = field(default=None, compare=False)
    probability: float | None = field(default=None, compare=False)
    evidence: tuple[Evidence, ...] = field(default=(), compare=False, repr=False)
    extra: tuple[str, ...] = field(default=(), compare=False, repr=False)
    model: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Document:
    """One abstract.

    Attributes:
        id: the document's id (a PMID, mostly).
        passages: title, abstract, ...; what a round trip needs.
        mentions: in the order in which they were read.
        relations: gold or predicted.
        meta: what a format carries beside (year, journal, ...).

    Raises:
        OffsetError: when a mention lies outside the text.
    """

    id: str
    passages: tuple[Passage, ...]
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        length = len(self.text)
        for mention in self.mentions:
            if mention.end > length:
                raise OffsetError(
                    f"mention {mention.start}-{mention.end} ({mention.type}): expected to end within "
                    f"the {length} characters of the text",
                    Place(document=self.id),
                )

    @cached_property
    def text(self) -> str:
        """The passages, joined by one space: what offsets count in."""
        return " ".join(passage.text for passage in self.passages)

    @property
    def title(self) -> str:
        """The text of the first passage of kind ``title``; empty when there is none."""
        return next((passage.text for passage in self.passages if passage.kind == "title"), "")

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """Concepts with their mentions, sorted by type and id.

        The order says nothing about relations, whatever order mentions came in: no label can leak
        through it. A composite mention is a mention of each of its concepts; an unlinked one, of none.
        """
        grouped: dict[tuple[str, str], set[Mention]] = {}
        for mention in self.mentions:
            for concept in mention.concepts:
                grouped.setdefault((mention.type, concept), set()).add(mention)
        return tuple(
            Entity(concept, type_, tuple(sorted(mentions, key=lambda m: (m.start, m.end))))
            for (type_, concept), mentions in sorted(grouped.items(), key=lambda item: item[0])
        )

    def _repr_html_(self) -> str:
        """What notebooks show. The view stands above this layer; a notebook, which stands above all, asks for it."""
        html: str = import_module("bran.view.notebook").notebook_html(self)
        return html

    @property
    def is_linked(self) -> bool:
        """Whether any mention has a concept."""
        return any(mention.concepts for mention in self.mentions)

    def surface(self, mention: Mention) -> str:
        """The characters that ``mention`` covers."""
        return self.text[mention.start : mention.end]

    def with_relations(self, relations: tuple[Relation, ...]) -> Document:
        """The same document with other relations."""
        return replace(self, relations=relations)

    def with_mentions(self, mentions: tuple[Mention, ...]) -> Document:
        """The same document with other mentions.

        Raises:
            OffsetError: when a mention lies outside the text.
        """
        return replace(self, mentions=mentions)
