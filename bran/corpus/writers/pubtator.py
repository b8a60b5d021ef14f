"""PubTator, written: the inverse of :mod:`bran.corpus.readers.pubtator`, byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

from bran.corpus.document import Document, Mention, Relation
from bran.corpus.readers.pubtator_format import ConceptIds, PubTatorFormat, pubtator_format
from bran.corpus.schema import Schema
from bran.errors import DataError, FormatError, Place

_DIGITS = 6
"""After the point, in the column of scores."""


class PubTatorWriter:
    """Writes documents as PubTator rows.

    The first passage becomes the title row, all others together the abstract row, so that offsets stay.

    Args:
        schema: gives each type the namespace that its ids are written without.
        format: how ids are joined and left out; by default that of the corpus the schema is named after.
    """

    def __init__(self, *, schema: Schema | None = None, format: PubTatorFormat | None = None) -> None:
        self.format = format or pubtator_format(schema)
        self._schema = schema
        self._ids = ConceptIds(self.format, schema)

    def write(self, documents: Iterable[Document], stream: TextIO) -> int:
        """Write ``documents`` to ``stream``, a blank line between them; returns how many there were.

        Raises:
            FormatError: when a document holds what PubTator cannot.
        """
        count = 0
        for document in documents:
            stream.write(("\n" if count else "") + self.text(document))
            count += 1
        if count and self.format.final_blank_line:
            stream.write("\n")
        return count

    def text(self, document: Document) -> str:
        """The rows of one document, each ended by a line feed.

        Raises:
            FormatError: when the document holds what PubTator cannot: line ends in the text, a tab in a
                mention, no passage.
        """
        try:
            return "".join(f"{row}\n" for row in self._rows(document))
        except DataError as error:
            raise error.at(Place(document=document.id)) from None

    def _rows(self, document: Document) -> Iterator[str]:
        if not document.passages or not document.id or any(sign in document.id for sign in "|\t"):
            raise FormatError("expected an id without '|' and tab, and a passage at least; PubTator holds no other")
        title, *others = (passage.text for passage in document.passages)
        yield _line(f"{document.id}|t|{title}")
        if others:
            yield _line(f"{document.id}|a|{' '.join(others)}")
        for mention in document.mentions:
            yield _row(document.id, *self._mention(document, mention))
        for relation in document.relations:
            yield _row(document.id, *self._relation(relation))

    def _mention(self, document: Document, mention: Mention) -> Iterator[str]:
        yield from (str(mention.start), str(mention.end), document.surface(mention), mention.type)
        yield self._id_column(mention)
        if mention.parts:
            yield "|".join(mention.parts)

    def _id_column(self, mention: Mention) -> str:
        """The column as it was read, where this format reads the mention's concepts from it; else a new one."""
        raw = mention.raw_concepts
        if raw is not None and self._ids.read(raw, mention.type) == mention.concepts:
            return raw
        return self._ids.write(mention.concepts, mention.type)

    def _relation(self, relation: Relation) -> tuple[str, ...]:
        known = self._schema.relation_types.get(relation.type) if self._schema else None
        types = {type_ for pair in known.pairs for type_ in pair} if known else set()
        return relation.type, self._end(relation.head, types), self._end(relation.tail, types), *self._further(relation)

    def _further(self, relation: Relation) -> tuple[str, ...]:
        """The columns after a relation's ends; the score is the only one, since readers take one at most."""
        score = relation.score if relation.probability is None else relation.probability
        if not self.format.scores or score is None:
            return relation.extra
        if relation.extra:
            raise FormatError(f"relation {relation.type} has a further column {relation.extra[0]!r}; expected none")
        return (f"{score:.{_DIGITS}f}",)

    def _end(self, concept: str, types: set[str]) -> str:
        shortened = (self._ids.shorten(concept, type_) for type_ in sorted(types))
        return next((id_ for id_ in shortened if id_ != concept), concept)


class PubTatorDocumentWriter:
    """Writes documents one by one, a blank line between them.

    Args:
        stream: where they go; it is not closed.
        schema: as for :class:`PubTatorWriter`.
        format: as there.
    """

    def __init__(self, stream: BinaryIO, *, schema: Schema | None = None, format: PubTatorFormat | None = None) -> None:
        self._stream = stream
        self._pubtator = PubTatorWriter(schema=schema, format=format)
        self._begun = False

    def write(self, document: Document) -> None:
        """Append ``document``.

        Raises:
            FormatError: when PubTator cannot hold it; then nothing of it is written.
        """
        rows = self._pubtator.text(document).encode("utf-8")
        self._stream.write((b"\n" if self._begun else b"") + rows)
        self._begun = True

    def close(self) -> None:
        """Write the last blank line, where the format has one."""
        if self._begun and self._pubtator.format.final_blank_line:
            self._stream.write(b"\n")


def _line(text: str) -> str:
    if "\n" in text or text.endswith("\r"):
        raise FormatError("the text holds a line end; expected one line per passage, as PubTator has it")
    return text


def _row(*columns: str) -> str:
    for column in columns:
        if "\t" in column or "\n" in column:
            raise FormatError(f"column {column!r}: expected no tab and no line end, PubTator holds none")
    return _line("\t".join(columns))
