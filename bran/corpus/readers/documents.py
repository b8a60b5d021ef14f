"""The loop that readers of separate parts share: what cannot be read is told and left out, each id comes once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from bran.corpus.document import Document
from bran.corpus.readers.errors import ErrorHandler
from bran.errors import DataError, DuplicateDocumentError, Place

PartT = TypeVar("PartT", bound=tuple[int, object])


def documents_of(
    parts: Iterator[PartT],
    build: Callable[[PartT], Document],
    path: str,
    on_error: ErrorHandler,
    *,
    repeated_ids: bool = False,
) -> Iterator[Document]:
    """The document that ``build`` makes of each part.

    Args:
        parts: number (of a line, or of a document) and content; what it raises ends the reading.
        build: may raise a :class:`~bran.errors.DataError`; then that part alone is left out.
        path: names the file in errors.
        on_error: is told of what is left out.
        repeated_ids: whether several documents may have one id.
    """
    seen: set[str] = set()
    while True:
        try:
            part = next(parts, None)
            if part is None:
                return
            document = build(part)
            if document.id in seen and not repeated_ids:
                place = Place(path, part[0], document.id)
                raise DuplicateDocumentError(f"id {document.id!r} stands twice; expected one document per id", place)
        except DataError as error:
            on_error.skip(error)
            continue
        if not repeated_ids:
            seen.add(document.id)
        yield document
