"""Documents from what a curator drew over a text: marked stretches, and arcs from one to another.

Tools such as brat and Label Studio draw relations between mentions; here they hold between the concepts that
these name. What was kept of a document when it was written out (:mod:`~bran.corpus.readers.review_record`) says
which concepts of a composite mention an arc is about, as far as the mentions name them still.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.characters import one_line, spaced
from bran.corpus.readers.errors import ErrorHandler
from bran.corpus.readers.pubtator_format import ConceptIds, PubTatorFormat
from bran.corpus.readers.review_record import KeptRelation, ReviewRecord
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, OffsetError, Place, UnknownTypeError

_SHOWN = 60
"""Characters of a mention that an error quotes."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text that is marked.

    Attributes:
        name: what arcs refer to it by.
        start: first character.
        end: one past the last character.
        type: entity type, in the tool's spelling.
        concepts: ids that it is linked to, namespaced or bare.
        place: where it stands in the file.
    """

    name: str
    start: int
    end: int
    type: str
    concepts: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Arc:
    """A relation between two marks.

    Attributes:
        type: relation type, in the tool's spelling; empty where none was chosen.
        head: name of a mark.
        tail: name of a mark.
        both_ways: whether it is drawn with a point at either end.
        place: where it stands in the file.
    """

    type: str
    head: str
    tail: str
    both_ways: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Drawing:
    """A text, and what is drawn over it.

    Attributes:
        id: of the document.
        text: with a line for each passage.
        marks: in the order of the file.
        arcs: in the order of the file.
        record: what was kept when the document was written out; an empty one for other files.
        reviewed: whether relations are gold, that is, without score, evidence and model.
        place: of the document.
    """

    id: str
    text: str
    marks: Sequence[Mark]
    arcs: Sequence[Arc]
    record: ReviewRecord
    reviewed: bool
    place: Place


class DrawnDocuments:
    """Makes documents of drawings.

    Args:
        schema: gives types their spelling, bare ids their namespace and relations their direction; without one,
            all stay as they are.
        on_error: is told of marks and arcs that are left out.
    """

    def __init__(self, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._schema = schema
        self._between_mentions = schema is not None and schema.level == "mention"
        self._on_error = on_error
        self._ids = ConceptIds(PubTatorFormat(separators="\0"), schema)  # no id is cut in two

    def document(self, drawing: Drawing) -> Document:
        """The document.

        Raises:
            OffsetError: when a mark lies outside the text.
        """
        passages = tuple(
            Passage(kind, one_line(text, drawing.place, self._on_error))
            for kind, text in _passages(drawing.text, drawing.record.passages)
        )
        document = Document(drawing.id, passages, meta=drawing.record.meta)
        mentions = dict(self._mentions(drawing, document))
        relations = dict.fromkeys(self._relations(drawing, mentions))
        return replace(document, mentions=tuple(mentions.values()), relations=tuple(relations))

    def _mentions(self, drawing: Drawing, document: Document) -> Iterator[tuple[str, Mention]]:
        """The mentions by the names of their marks."""
        taken = {kept.id for kept in drawing.record.mentions.values()}
        for mark in drawing.marks:
            try:
                mention = self._mention(mark, drawing.record)
            except UnknownTypeError as error:
                self._on_error.drop(error.at(mark.place))
                continue
            kept = drawing.record.mentions.get(mark.name)
            if kept is not None and kept.is_of(mention):
                mention = replace(mention, id=kept.id, parts=kept.parts)
            elif self._between_mentions:
                mention = replace(mention, id=_unused(mark.name, taken))
            if mention.end > len(document.text):
                message = f"{mark.name} ends at {mention.end}; expected within the {len(document.text)} characters"
                raise OffsetError(message, mark.place)
            yield mark.name, mention

    def _mention(self, mark: Mark, record: ReviewRecord) -> Mention:
        type_ = record.types.get(mark.type, mark.type)
        type_ = self._schema.canonical_type(type_) if self._schema else type_
        concepts = dict.fromkeys(concept for id_ in mark.concepts for concept in self._ids.read(id_, type_))
        try:
            return Mention(mark.start, mark.end, type_, tuple(concepts))
        except OffsetError as error:
            raise error.at(mark.place) from None

    def _relations(self, drawing: Drawing, mentions: Mapping[str, Mention]) -> Iterator[Relation]:
        kept = drawing.record.relations
        for arc in drawing.arcs:
            try:
                found = list(self._read(arc, kept, mentions, drawing.record))
            except DataError as error:
                self._on_error.drop(error.at(arc.place))
                continue
            yield from (_gold(relation) if drawing.reviewed else relation for relation in found)
        for each in kept:
            if each.between is None:
                relation = each.relation(dict(mentions))
                yield _gold(relation) if drawing.reviewed else relation

    def _read(
        self, arc: Arc, kept: Sequence[KeptRelation], mentions: Mapping[str, Mention], record: ReviewRecord
    ) -> Iterator[Relation]:
        """The relations that ``arc`` stands for: those it was drawn for, else any between concepts of its ends.

        Raises:
            UnknownTypeError: when the schema has no such relation type.
            FormatError: when an end is no mention, names no concept, or is of a type that cannot relate so.
        """
        type_ = self._type(record.types.get(arc.type, arc.type))
        for name in (arc.head, arc.tail):
            if name not in mentions:
                raise FormatError(f"relation {type_} to {name!r}; expected a mention that is read")
        given = arc.head, arc.tail
        is_kept = bool(_kept_between(kept, type_, given, mentions))
        directions = [given] if is_kept and not arc.both_ways else self._directions(arc, type_, mentions)
        for names in directions:
            yield from _kept_between(kept, type_, names, mentions) or self._between(type_, names, mentions)

    def _type(self, name: str) -> str:
        """The relation type; where there is but one, an arc without is of that."""
        known = self._schema.relation_types if self._schema else {}
        if not name and len(known) == 1:
            return next(iter(known))
        if not name or (self._schema is not None and name not in known):
            raise UnknownTypeError(f"relation type {name!r}; expected one of {', '.join(known) or 'any name'}")
        return name

    def _directions(self, arc: Arc, type_: str, mentions: Mapping[str, Mention]) -> list[tuple[str, str]]:
        """Head and tail as the schema lets them relate, whichever way the arc was drawn."""
        given, turned = (arc.head, arc.tail), (arc.tail, arc.head)
        if self._schema is None:
            return [given]
        relation = self._schema.relation_types[type_]
        types = mentions[arc.head].type, mentions[arc.tail].type
        fits, fits_turned = types in relation.pairs, types[::-1] in relation.pairs
        if not (fits or fits_turned):
            allowed = ", ".join(" and ".join(pair) for pair in relation.pairs)
            raise FormatError(f"relation {type_} between {' and '.join(types)}; expected it between {allowed}")
        if arc.both_ways and fits and fits_turned and not relation.symmetric:
            return [given, turned]
        return [given] if fits or relation.symmetric else [turned]

    def _between(self, type_: str, names: tuple[str, str], mentions: Mapping[str, Mention]) -> list[Relation]:
        """Relations between all that the two mentions name."""
        head, tail = (mentions[name] for name in names)
        if self._between_mentions:
            return [Relation(type_, head.id, tail.id)]
        for name in names:
            if not _ends(mentions[name]):
                raise FormatError(f"relation {type_} to {name!r}, which has no concept; expected a linked mention")
        ends = product(head.concepts or _ends(head), tail.concepts or _ends(tail))
        return [Relation(type_, first, second) for first, second in ends if first != second]


def _kept_between(
    kept: Sequence[KeptRelation], type_: str, names: tuple[str, str], mentions: Mapping[str, Mention]
) -> list[Relation]:
    """What was drawn between two mentions and may stand there still, by the concepts that they name now."""
    head, tail = (_ends(mentions[name]) for name in names)
    return [
        each.relation(dict(mentions))
        for each in kept
        if (each.type, each.between) == (type_, names) and each.head in head and each.tail in tail
    ]


def reads_alike(words: str, text: str) -> bool:
    """Whether ``words`` are ``text``, where line ends and tabs count as spaces."""
    return spaced(words) == spaced(text)


def misplaced(mark: str, words: str, text: str, place: Place) -> OffsetError:
    """What is raised when a mark's ``words`` are not the ``text`` that it covers."""
    message = f"{mark} {words[:_SHOWN]!r}: expected {text[:_SHOWN]!r}, as in the text"
    return OffsetError(message, place)


def _passages(text: str, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Kind and text of each passage: a line each where ``kinds`` tell, else the first line and the rest."""
    lines = text.split("\n")
    if len(kinds) == len(lines):
        return list(zip(kinds, lines, strict=True))
    if len(lines) == 1:
        return [("text", text)]
    return [("title", lines[0]), ("abstract", "\n".join(lines[1:]))]


def _ends(mention: Mention) -> tuple[str, ...]:
    """What a relation with ``mention`` may hold between."""
    return mention.concepts + ((mention.id,) if mention.id else ())


def _gold(relation: Relation) -> Relation:
    return Relation(relation.type, relation.head, relation.tail, extra=relation.extra)


def _unused(name: str, taken: set[str]) -> str:
    """``name``, made longer until it is in ``taken`` no more; then it is put there."""
    while name in taken:
        name += "+"
    taken.add(name)
    return name
