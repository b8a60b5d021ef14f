"""What pages and APIs show of a document: plain values, cut and named as the tables have them.

One model feeds the report, the served page, its JSON API and the representation in notebooks. Offsets are characters
(Unicode code points) of ``text``; scores, probabilities and shares have the digits that text tables have, so that a
number on a page is the number in the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.corpus.sentences import SentenceIndex, document_sentences
from bran.export.surfaces import Surfaces
from bran.export.table import DIGITS, Names, ordered
from bran.view.judging import Judged, Status

Span = tuple[int, int]
"""First character, and one past the last."""

_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"
"""What stands for half a character: a surrogate without the other one, which no page can hold."""


def _whole(value: object) -> object:
    return _SURROGATE.sub(REPLACEMENT, value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_whole)]
"""A string that can be encoded, of as many characters as what it was made from."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class PassageData(_Data):
    """A passage, as a part of the text."""

    kind: Text
    """``title``, ``abstract``, or what the format calls it."""
    start: int
    end: int


class MentionData(_Data):
    """A mention."""

    start: int
    end: int
    type: Text
    concepts: tuple[Text, ...]
    name: Text
    """The characters that it covers."""
    id: Text
    """The mention's own id, where relations hold between mentions; else empty."""


class EntityData(_Data):
    """What a relation may hold between: a concept, or a mention with an id of its own."""

    id: Text
    type: Text
    name: Text
    """How the document writes it."""
    label: Text | None
    """The preferred name of the concept, where one is known."""


class EvidenceData(_Data):
    """A mention pair that carried a relation."""

    head: Span
    tail: Span
    share: float
    """Its part of the LogSumExp, in [0, 1]."""
    sentences: tuple[Span, ...]
    """Those that the two mentions begin in: one, or two in text order."""
    cross_sentence: bool


class RelationData(_Data):
    """A relation that was predicted, or is gold and was missed."""

    type: Text
    head: Text
    tail: Text
    head_name: Text | None
    """How the document writes the head; ``None`` when it does not mention it."""
    tail_name: Text | None
    score: float | None
    """After the link function, in [0, 1]; ``None`` for gold."""
    probability: float | None
    """After calibration; ``None`` when the model has none."""
    status: Status | None
    """Against gold; ``None`` where there is none."""
    cross_sentence: bool | None
    """Whether no mention of the head shares a sentence with one of the tail; ``None`` when one is not mentioned."""
    model: Text | None
    sentence: Text | None
    """The words of the strongest evidence, as in the table; two sentences are joined by `` … ``."""
    evidence: tuple[EvidenceData, ...]
    """Strongest first."""


class DocumentData(_Data):
    """A document, its mentions and its relations."""

    id: Text
    title: Text
    text: Text
    passages: tuple[PassageData, ...]
    sentences: tuple[Span, ...]
    mentions: tuple[MentionData, ...]
    """By their place in the text, longer ones first."""
    entities: tuple[EntityData, ...]
    """By type and id."""
    relations: tuple[RelationData, ...]
    """As in the table: highest score first; then what was missed."""


class TypeData(_Data):
    """How mentions of an entity type are told apart, without hue alone."""

    name: Text
    badge: Text
    """The shortest beginning of the name that no other type has."""
    slot: int
    """Number of its colour and underline, from 0."""


SLOTS = 8
"""Colours and underlines that there are."""


def type_data(names: Iterable[str]) -> tuple[TypeData, ...]:
    """How the types called ``names`` are told apart; in alphabetical order, whatever order they come in."""
    known = sorted(set(names))
    return tuple(
        TypeData(name=name, badge=_badge(name, known), slot=number % SLOTS) for number, name in enumerate(known)
    )


def document_data(
    document: Document, *, judged: Iterable[Judged] | None = None, names: Names | None = None
) -> DocumentData:
    """What is shown of ``document``.

    Args:
        document: with predicted relations, or any.
        judged: the relations that are shown, each with its status, as :class:`bran.view.judging.Judge` gives them;
            by default those of ``document``, without any.
        names: gives concepts their preferred names.
    """
    relations = [Judged(relation, None) for relation in ordered(document.relations)] if judged is None else judged
    return DocumentData(
        id=document.id,
        title=document.title,
        text=document.text,
        passages=tuple(_passages(document)),
        sentences=tuple(document_sentences(document)),
        mentions=tuple(
            _mention(document, mention)
            for mention in sorted(document.mentions, key=lambda m: (m.start, -m.end, m.type, m.concepts))
        ),
        entities=tuple(_entities(document, names)),
        relations=_Relations(document).all(relations),
    )


class _Relations:
    """Relations of one document, with their names and places in it."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._surfaces = Surfaces(document)
        self._index = SentenceIndex(document)
        self._sentences = document_sentences(document)

    def all(self, judged: Iterable[Judged]) -> tuple[RelationData, ...]:
        """What is shown of each of ``judged``."""
        return tuple(self._relation(relation, status) for relation, status in judged)

    def _relation(self, relation: Relation, status: Status | None) -> RelationData:
        head_name, tail_name = self._surfaces.name(relation.head), self._surfaces.name(relation.tail)
        mentioned = head_name is not None and tail_name is not None
        return RelationData(
            type=relation.type,
            head=relation.head,
            tail=relation.tail,
            head_name=head_name,
            tail_name=tail_name,
            score=_rounded(relation.score),
            probability=_rounded(relation.probability),
            status=status,
            cross_sentence=self._index.crosses(relation.head, relation.tail) if mentioned else None,
            model=relation.model,
            sentence=self._words(relation.evidence[0]) if relation.evidence else None,
            evidence=tuple(map(self._pair, relation.evidence)),
        )

    def _pair(self, evidence: Evidence) -> EvidenceData:
        around = self._around(evidence)
        return EvidenceData(
            head=(evidence.head.start, evidence.head.end),
            tail=(evidence.tail.start, evidence.tail.end),
            share=round(evidence.share, DIGITS),
            sentences=around,
            cross_sentence=len(around) > 1,
        )

    def _words(self, evidence: Evidence) -> str:
        return " … ".join(self._text[slice(*span)] for span in self._around(evidence))

    def _around(self, evidence: Evidence) -> tuple[Span, ...]:
        """The sentences that the two mentions begin in; none where there is no text."""
        numbers = {self._index.sentence(evidence.head), self._index.sentence(evidence.tail)}
        return tuple(self._sentences[number] for number in sorted(numbers) if number < len(self._sentences))


def _badge(name: str, known: Iterable[str]) -> str:
    others = [other for other in known if other != name]
    lengths = (size for size in range(1, len(name)) if not any(other.startswith(name[:size]) for other in others))
    return name[: next(lengths, len(name))]


def _passages(document: Document) -> Iterator[PassageData]:
    start = 0
    for passage in document.passages:
        end = start + len(passage.text)
        yield PassageData(kind=passage.kind, start=start, end=end)
        start = end + 1  # the space between passages


def _mention(document: Document, mention: Mention) -> MentionData:
    return MentionData(
        start=mention.start,
        end=mention.end,
        type=mention.type,
        concepts=mention.concepts,
        name=document.surface(mention),
        id=mention.id,
    )


def _entities(document: Document, names: Names | None) -> Iterator[EntityData]:
    surfaces = Surfaces(document)
    found = {(mention.type, key) for mention in document.mentions for key in (*mention.concepts, mention.id) if key}
    for type_, id_ in sorted(found):
        label = names(id_) if names else None
        yield EntityData(id=id_, type=type_, name=surfaces.name(id_) or id_, label=label)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
