"""BioC, XML and JSON, written through the library ``bioc``, one document at a time.

Concepts stand in the infon ``identifier``, joined as the corpus of the schema joins them; a relation has its
ends in ``entity1`` and ``entity2`` (as in BioRED) and as nodes that refer to their first mentions. What BioC
has no place for stands in further infons: ``parts``, ``score``, ``probability``, ``model``, ``evidence``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, BinaryIO

import bioc
from bioc import biocjson, biocxml

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.bioc_composites import PARTS
from bran.corpus.readers.bioc_document import MENTION_ID
from bran.corpus.readers.bioc_ids import BioCIds
from bran.corpus.schema import Schema
from bran.errors import FormatError, Place

_SOURCE = "bran"


class BioCXmlWriter:
    """Writes BioC XML. Mentions stand under their passage, those of two passages under the document.

    Args:
        stream: where the collection goes; it is not closed.
        schema: says how ids are joined.
    """

    def __init__(self, stream: BinaryIO, *, schema: Schema | None = None) -> None:
        self._documents = _BioCDocuments(schema)
        self._writer = biocxml.BioCXMLDocumentWriter(stream, encoding="UTF-8")
        self._writer.write_collection_info(_collection())

    def write(self, document: Document) -> None:
        """Append ``document``.

        Raises:
            FormatError: when it holds what XML cannot (control characters); then nothing of it is written.
        """
        try:
            self._writer.write_document(self._documents.build(document))
        except ValueError as error:
            raise FormatError(f"{error}; expected what XML holds", Place(document=document.id)) from None

    def close(self) -> None:
        """Write what ends the collection."""
        self._writer.close()


class BioCJsonWriter:
    """Writes BioC JSON: one collection, each document on a line of its own; otherwise as :class:`BioCXmlWriter`.

    Args:
        stream: where the collection goes; it is not closed.
        schema: says how ids are joined.
    """

    def __init__(self, stream: BinaryIO, *, schema: Schema | None = None) -> None:
        self._documents = _BioCDocuments(schema)
        self._stream = stream
        head = biocjson.dumps(_collection()).removesuffix("]}")
        self._stream.write(head.encode())
        self._between = b"\n"

    def write(self, document: Document) -> None:
        """Append ``document``.

        Raises:
            FormatError: when it holds what UTF-8 cannot (lone surrogates); then nothing of it is written.
        """
        try:
            line = json.dumps(biocjson.toJSON(self._documents.build(document)), ensure_ascii=False).encode()
        except ValueError as error:
            raise FormatError(f"{error}; expected text", Place(document=document.id)) from None
        self._stream.write(self._between + line)
        self._between = b",\n"

    def close(self) -> None:
        """Write what ends the collection."""
        self._stream.write(b"\n]}\n")


def _collection() -> Any:
    collection = bioc.BioCCollection()
    collection.source, collection.date, collection.key = _SOURCE, "", f"{_SOURCE}.key"
    return collection


class _BioCDocuments:
    """Makes documents of the library."""

    def __init__(self, schema: Schema | None) -> None:
        self._ids = BioCIds(schema)
        self._own_ids = schema is not None and schema.level == "mention"

    def build(self, document: Document) -> Any:
        """A ``bioc.BioCDocument``.

        Raises:
            FormatError: when a relation's evidence is not among the mentions.
        """
        built = bioc.BioCDocument()
        built.id = document.id
        built.infons = {key: _text(value) for key, value in document.meta.items()}
        start = 0
        for passage in document.passages:
            built.add_passage(_passage(passage, start))
            start += len(passage.text) + 1
        names = _names(document.mentions)
        for mention, name in zip(document.mentions, names, strict=True):
            _around(mention, built).add_annotation(self._annotation(mention, name, document.surface(mention)))
        named = {mention: name for mention, name in reversed(list(zip(document.mentions, names, strict=True)))}
        for number, relation in enumerate(document.relations):
            try:
                built.add_relation(_relation(relation, f"R{number}", named))
            except KeyError:
                message = f"relation {relation.type}: expected its evidence among the document's mentions"
                raise FormatError(message, Place(document=document.id)) from None
        return built

    def _annotation(self, mention: Mention, name: str, words: str) -> Any:
        built = bioc.BioCAnnotation()
        built.id, built.text = name, words
        built.add_location(bioc.BioCLocation(mention.start, mention.end - mention.start))
        built.infons = {"type": mention.type, **self._ids.write(mention.concepts, mention.type)}
        if mention.parts:
            built.infons[PARTS] = json.dumps(mention.parts, ensure_ascii=False)
        if mention.id or self._own_ids:
            built.infons[MENTION_ID] = mention.id
        return built


def _names(mentions: tuple[Mention, ...]) -> list[str]:
    """An id of its own for each annotation: the mention's, where only one has it."""
    owners = Counter(mention.id for mention in mentions if mention.id)
    return [mention.id if owners[mention.id] == 1 else f"#{number}" for number, mention in enumerate(mentions)]


def _passage(passage: Passage, start: int) -> Any:
    built = bioc.BioCPassage()
    built.offset, built.text, built.infons = start, passage.text, {"type": passage.kind}
    return built


def _around(mention: Mention, built: Any) -> Any:
    """The passage that ``mention`` lies in, else the document."""
    inside = (
        passage
        for passage in built.passages
        if passage.offset <= mention.start and mention.end <= passage.offset + len(passage.text)
    )
    return next(inside, built)


def _relation(relation: Relation, name: str, named: Mapping[Mention, str]) -> Any:
    """A ``bioc.BioCRelation``; a ``KeyError`` says that evidence is not among the mentions."""
    built = bioc.BioCRelation()
    built.id = name
    built.infons = {"type": relation.type, "entity1": relation.head, "entity2": relation.tail}
    further = {"score": relation.score, "probability": relation.probability, "model": relation.model}
    built.infons |= {key: _text(value) for key, value in further.items() if value is not None}
    if relation.extra:
        built.infons["extra"] = json.dumps(relation.extra, ensure_ascii=False)
    if relation.evidence:
        pairs = [[named[pair.head], named[pair.tail], pair.share] for pair in relation.evidence]
        built.infons["evidence"] = json.dumps(pairs)
    for role, end in (("head", relation.head), ("tail", relation.tail)):
        first = next((name for mention, name in named.items() if end == mention.id or end in mention.concepts), None)
        if first is not None:
            built.add_node(bioc.BioCNode(first, role))
    return built


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
