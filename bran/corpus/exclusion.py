"""Documents that must be left out, told by id and by title: one abstract may go by several ids, or none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.load import text_files
from bran.corpus.readers import detect_format, folder_format, read_documents
from bran.corpus.titles import normalised_title, title_key
from bran.errors import FormatError, Place
from bran.files import open_text

_ID = re.compile(r"\S+")


class Match(Enum):
    """Why a document is left out."""

    id = "excluded by id"
    title = "excluded by title"
    repeated = "id or title read before"


@dataclass(frozen=True, slots=True)
class Excluded:
    """Ids and normalised titles of documents to leave out; either one is enough.

    Attributes:
        ids: of documents.
        titles: as :func:`bran.corpus.titles.normalised_title` has them.
    """

    ids: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Excluded:
        """What tells ``documents``."""
        told = {(document.id, normalised_title(document.title)) for document in documents}
        return cls(frozenset(id_ for id_, _ in told), frozenset(title for _, title in told if title))

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Excluded:
        """What tells the documents of ``paths``: files of documents, folders of published corpora, lists of ids.

        Raises:
            FormatError: when one cannot be read, or a line of a list is not an id.
        """
        excluded = cls()
        for path in paths:
            excluded |= _read(path)
        return excluded

    def __or__(self, other: Excluded) -> Excluded:
        return Excluded(self.ids | other.ids, self.titles | other.titles)

    def match(self, document: Document) -> Match | None:
        """Why ``document`` is left out; ``None`` when it is not."""
        if document.id in self.ids:
            return Match.id
        return Match.title if normalised_title(document.title) in self.titles else None


class Sieve:
    """Lets documents through that are not excluded, each once, by id and by title.

    Attributes:
        left_out: how many others there were.
    """

    def __init__(self, exclude: Excluded) -> None:
        self.left_out: Counter[Match] = Counter()
        self._exclude = exclude
        self._ids: set[str] = set()
        self._titles: set[str] = set()

    def admits(self, document: Document) -> bool:
        """Whether ``document`` is neither excluded nor like one that was let through."""
        title = title_key(document)
        match = self._exclude.match(document)
        if match is None and (document.id in self._ids or title in self._titles):
            match = Match.repeated
        if match is not None:
            self.left_out[match] += 1
            return False
        self._ids.add(document.id)
        self._titles |= {title} - {""}
        return True


def _read(path: Path) -> Excluded:
    files = text_files(path) if path.is_dir() and not folder_format(path) else [path]
    if path.is_dir() or _is_documents(path):
        return Excluded.of(document for file in files for document in read_documents(file, every_record=True))
    with open_text(path) as lines:
        ids = [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    for number, id_ in ids:
        if not _ID.fullmatch(id_):
            raise FormatError(f"line {id_[:60]!r}: expected an id, or a file of documents", Place(str(path), number))
    return Excluded(frozenset(id_ for _, id_ in ids))


def _is_documents(path: Path) -> bool:
    """Whether the file at ``path`` is of a format with ids and titles; plain text is taken to be a list of ids."""
    try:
        return detect_format(path) != "text"
    except FormatError:
        return False
