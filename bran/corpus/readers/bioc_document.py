"""A checked BioC record becomes a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.bioc_composites import PARTS, folded
from bran.corpus.readers.bioc_ids import BioCIds, string_list
from bran.corpus.readers.bioc_layout import Found, Layout, Piece, find, joined, layouts
from bran.corpus.readers.bioc_records import BioCAnnotation, BioCPassage, BioCRecord, BioCRelation, BioCSentence
from bran.corpus.readers.bioc_relations import BioCRelations
from bran.corpus.readers.characters import one_line
from bran.corpus.readers.errors import ErrorHandler
from bran.corpus.readers.records import parse_record
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, OffsetError, Place

MENTION_ID = "mention_id"
"""Infon of an annotation: the mention's own id, where the schema does not say that annotation ids are."""

_KINDS = ("title", "abstract")
_META = {"year": "year", "journal": "journal", "article-id_doi": "doi"}
"""Infons of the first passage that tell of the document, and the keys of ``Document.meta`` they become."""


class BioCDocuments:
    """Makes documents of BioC records.

    Args:
        path: names the file in errors.
        schema: gives types their spelling and ids their namespace.
        on_error: is told of mentions and relations that are left out.
    """

    def __init__(self, path: str, schema: Schema | None, on_error: ErrorHandler) -> None:
        self._path = path
        self._schema = schema
        self._on_error = on_error
        self._ids = BioCIds(schema)
        self._relations = BioCRelations(schema, self._ids.columns)

    def document(self, part: tuple[int, Any]) -> Document:
        """The document of a line and the BioC mapping that begins there.

        Raises:
            FormatError: when it is no BioC document.
        """
        line, data = part
        if not isinstance(data, dict) or "passages" not in data:
            raise FormatError("no BioC document; expected an id and passages", Place(self._path, line))
        named = data.get("id")
        place = Place(self._path, line, str(named).strip() if isinstance(named, str | int) else None)
        record = parse_record(BioCRecord, data, place)
        if not record.id.strip():
            raise FormatError("a document without id; expected one", place)
        parts = list(layouts(record.passages))
        texts = (one_line(part.passage.text, place, self._on_error) for part in parts)
        kinds = (_kind(passage) for passage in record.passages)
        bare = Document(record.id.strip(), tuple(map(Passage, kinds, texts)))
        counts: Counter[str] = Counter()
        read = list(self._mentions(_annotations(record, parts), place, counts))
        document = bare.with_mentions(tuple(mention for _, mention in read))
        relations = tuple(self._related(record, document, {id_: mention for id_, mention in read if id_}, place))
        return replace(document, relations=relations, meta=_meta(record) | counts)

    def _mentions(
        self, annotations: Iterable[tuple[BioCAnnotation, Piece]], place: Place, counts: Counter[str]
    ) -> Iterator[tuple[str | None, Mention]]:
        """Each mention that can be read, under the id of its annotation."""
        for annotation, piece in annotations:
            found = find(annotation, piece)
            try:
                if found is None:
                    raise OffsetError("a mention whose words do not stand at its offset; expected them there")
                mention = self._mention(annotation, found)
            except DataError as error:
                self._on_error.drop(error.at(place))
                continue
            if len(annotation.locations) > 1:
                counts["discontinuous"] += 1
            if not found.exact:
                counts["moved"] += 1
            yield annotation.id, mention

    def _mention(self, annotation: BioCAnnotation, found: Found) -> Mention:
        infons = annotation.infons
        type_ = infons.get("type")
        if not isinstance(type_, str) or not type_:
            raise FormatError("a mention without type; expected the infon 'type'")
        type_ = self._schema.canonical_type(type_) if self._schema else type_
        concepts, raw = self._ids.read(infons, type_)
        own = annotation.id if self._schema and self._schema.level == "mention" else None
        return Mention(
            found.start,
            found.end,
            type_,
            concepts,
            parts=tuple(string_list(infons.get(PARTS)) or ()),
            id=str(infons.get(MENTION_ID, own) or ""),
            raw_concepts=raw,
        )

    def _related(
        self, record: BioCRecord, document: Document, mentions: Mapping[str, Mention], place: Place
    ) -> Iterator[Relation]:
        for relation in _relations(record):
            try:
                yield from self._relations.read(relation, document, mentions)
            except DataError as error:
                self._on_error.drop(error.at(place))


def _annotations(record: BioCRecord, parts: Sequence[Layout]) -> Iterator[tuple[BioCAnnotation, Piece]]:
    """All annotations, individual mentions folded into their composite one, each with what it lies in."""
    for passage, layout in zip(record.passages, parts, strict=True):
        for part, piece in ((passage, layout.passage), *zip(passage.sentences, layout.sentences, strict=True)):
            yield from ((annotation, piece) for annotation in folded(part.annotations))
    whole = joined([layout.passage for layout in parts])
    yield from ((annotation, whole(annotation)) for annotation in folded(record.annotations))


def _relations(record: BioCRecord) -> Iterator[BioCRelation]:
    sentences = (sentence for passage in record.passages for sentence in passage.sentences)
    parts: tuple[BioCRecord | BioCSentence, ...] = (record, *record.passages, *sentences)
    return (relation for part in parts for relation in part.relations)


def _kind(passage: BioCPassage) -> str:
    """``title`` or ``abstract`` where type or section say so, else the type as it stands."""
    type_, section = (str(passage.infons.get(key) or "") for key in ("type", "section_type"))
    found = (kind for kind in (type_.lower(), section.lower()) if kind in _KINDS)
    return next(found, type_ or section or "passage")


def _meta(record: BioCRecord) -> dict[str, Any]:
    """The infons of the document, and what those of its first passage say of it."""
    first = record.passages[0].infons if record.passages else {}
    found = {name: first[key] for key, name in _META.items() if first.get(key)} | record.infons
    year = str(found.get("year", ""))
    return found | ({"year": int(year)} if year.isascii() and year.isdigit() and len(year) == 4 else {})
