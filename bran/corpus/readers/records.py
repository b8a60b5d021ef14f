"""Mentions and relations from plain mappings: what JSON lines and DocBins hold of a document beside its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, ValidationError

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.readers.characters import spaced
from bran.corpus.readers.errors import ErrorHandler
from bran.corpus.readers.pubtator_format import ConceptIds, PubTatorFormat
from bran.corpus.readers.relation_ends import RelationEnds
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, OffsetError, Place, UnknownTypeError

_Offset = Annotated[int, Field(ge=0, lt=1 << 31)]
_SHOWN = 60
"""Characters of a value that an error quotes."""
_Ids = Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str | int) else value)]
ItemT = TypeVar("ItemT")
RecordT = TypeVar("RecordT", bound="Record")


class Record(BaseModel):
    """Base of all records: immutable, numbers are read as text where text is expected, other keys passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


class MentionRecord(Record):
    """A mention; concepts stand under ``concepts``, or under ``ids`` or ``id``."""

    start: _Offset
    end: _Offset
    type: str = Field(validation_alias=AliasChoices("type", "label"))
    concepts: _Ids | None = None
    ids: _Ids | None = None
    id: str | None = None
    """The mention's own id where there are ``concepts``, else a concept's."""
    parts: tuple[str, ...] = ()
    raw_concepts: str | None = None
    text: str | None = None
    """Compared with what stands in the text, where it is given."""


class RelationRecord(Record):
    """A relation between two concepts."""

    type: str
    head: str
    tail: str
    extra: tuple[str, ...] = ()
    score: FiniteFloat | None = None
    probability: FiniteFloat | None = None
    model: str | None = None


class Annotations(Record):
    """What stands in a text, and what relates."""

    mentions: tuple[MentionRecord, ...] = ()
    relations: tuple[RelationRecord, ...] = ()


def parse_record(cls: type[RecordT], data: Any, place: Place) -> RecordT:
    """``data`` as a ``cls``.

    Raises:
        FormatError: names the first key that does not hold, the value found and what was expected.
    """
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "the record"
        if first["type"] == "missing":
            raise FormatError(f"there is no {key!r}; expected one", place) from None
        found = repr(first["input"])
        raise FormatError(f"{key} = {found[:_SHOWN]}: {first['msg']}", place) from None


class Annotator:
    """Gives documents the mentions and relations that records tell.

    Args:
        schema: gives types their spelling and bare ids their namespace; without one, both stay as they are.
        on_error: is told of mentions and relations of types that the schema does not have.
    """

    def __init__(self, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._schema = schema
        self._on_error = on_error
        self._ids = ConceptIds(PubTatorFormat(separators="\0"), schema)  # no id is cut in two
        self._ends = RelationEnds(schema, self._ids)

    def annotate(self, document: Document, records: Annotations, place: Place) -> Document:
        """``document`` with the mentions and relations of ``records``.

        Raises:
            DataError: when a mention lies outside the text, or its text is not what stands there.
        """
        try:
            mentions = self._known(records.mentions, lambda record: self._mention(record, document), place)
            document = document.with_mentions(tuple(mentions))
            relations = self._known(records.relations, lambda record: self._relation(record, document), place)
            return document.with_relations(tuple(relations))
        except DataError as error:
            raise error.at(place) from None

    def _known(self, records: tuple[RecordT, ...], make: Callable[[RecordT], ItemT], place: Place) -> Iterator[ItemT]:
        for record in records:
            try:
                yield make(record)
            except UnknownTypeError as error:
                self._on_error.drop(error.at(place))

    def _mention(self, record: MentionRecord, document: Document) -> Mention:
        type_ = self._schema.canonical_type(record.type) if self._schema else record.type
        ids, own, raw = record.concepts, record.id or "", record.raw_concepts
        if ids is None:
            ids, own = (record.ids if record.ids is not None else (own,)), ""
        concepts = dict.fromkeys(concept for id_ in ids for concept in self._ids.read(id_, type_))
        mention = Mention(
            record.start, record.end, type_, tuple(concepts), parts=record.parts, id=own, raw_concepts=raw
        )
        surface = document.surface(mention)
        if record.text is not None and spaced(record.text) != surface:
            found, expected = record.text[:_SHOWN], surface[:_SHOWN]
            raise OffsetError(f"mention {record.start}-{record.end} {found!r}: expected {expected!r}, as in the text")
        return mention

    def _relation(self, record: RelationRecord, document: Document) -> Relation:
        head, tail = self._ends.qualify(record.type, record.head, record.tail, document)
        return Relation(head=head, tail=tail, **record.model_dump(exclude={"head", "tail"}))
