"""Which records of a PubMed file count: the newest version of each PMID, unless the file deletes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from bran.corpus.document import Document
from bran.errors import DataError, DuplicateDocumentError, Place
from bran.files import open_source

_CHUNK = 1 << 20
_OVERLAP = 1 << 10
"""Longer than a start tag with the PMID that follows it."""
# Bounded, so that no file makes the search slow.
_MARKS = re.compile(
    rb"<(?:MedlineCitation|BookDocument)\b[^>]{0,400}>\s{0,100}<PMID\b([^>]{0,100})>\s{0,100}([0-9]{1,18})\s{0,100}</PMID>|"
    rb"<(/?)DeleteCitation\b|"
    rb"<PMID\b[^>]{0,100}>\s{0,100}([0-9]{1,18})\s{0,100}</PMID>"
)
_VERSION = re.compile(rb"""Version\s*=\s*["']([0-9]{1,9})["']""")


@dataclass(frozen=True, slots=True)
class Kept:
    """The record that counts among several of one PMID.

    Attributes:
        occurrence: the how-manieth it is, from 1.
        version: the highest of their versions.
        total: how many there are.
    """

    occurrence: int
    version: int
    total: int


class Versions:
    """What a first, light pass over a file tells of its records.

    It looks for PMIDs in the bytes, without parsing them: some 60 bytes of memory for a record.

    Attributes:
        kept: for each PMID with several records, the one that counts: highest version, then last.
        deleted: PMIDs that the file deletes.
    """

    def __init__(self, source: str | Path) -> None:
        self.kept: dict[str, Kept] = {}
        self.deleted: set[str] = set()
        self._come: Counter[str] = Counter()
        first: dict[int, int] = {}
        for id_, version in self._scan(source):
            if id_ not in first:
                first[id_] = version
                continue
            old = self.kept.get(str(id_), Kept(1, first[id_], 1))
            newer = version >= old.version
            total = old.total + 1
            self.kept[str(id_)] = Kept(total if newer else old.occurrence, max(version, old.version), total)
        self._found = bool(first)

    def __bool__(self) -> bool:
        """Whether any id was found."""
        return self._found

    def counts(self, id_: str) -> bool:
        """Whether the next record of ``id_`` is the one that counts."""
        if id_ in self.kept:
            self._come[id_] += 1
        return id_ not in self.deleted and (id_ not in self.kept or self._come[id_] == self.kept[id_].occurrence)

    def marked(self, document: Document) -> Document:
        """``document``, with the number of records that it replaces in its ``meta``."""
        kept = self.kept.get(document.id)
        return document if kept is None else _replacing(document, kept.total - 1)

    def missing(self) -> Iterator[str]:
        """After the last record: PMIDs whose record that counts did not come, because the file breaks off."""
        return (id_ for id_, kept in self.kept.items() if self._come[id_] < kept.occurrence)

    def _scan(self, source: str | Path) -> Iterator[tuple[int, int]]:
        """PMID and version of each record. What is wrong with the file is left to the second pass."""
        deleting = False
        try:
            with open_source(source) as stream:
                for version, id_, closing, mentioned in _marks(stream):
                    if id_ and version is not None:
                        found = _VERSION.search(version)
                        yield int(id_), int(found[1]) if found else 1
                    elif mentioned and deleting:
                        self.deleted.add(str(int(mentioned)))
                    elif not mentioned:
                        deleting = not closing
        except DataError:
            return


class RecordsInARow:
    """Holds each record of a stream back until one of another PMID comes."""

    def __init__(self) -> None:
        self._held: Document | None = None
        self._given: set[str] = set()

    def add(self, document: Document, place: Place) -> Document | None:
        """Take the next record; gives the one before it, unless that is of the same PMID.

        Raises:
            DuplicateDocumentError: when a record of its PMID has been given already.
        """
        if document.id in self._given:
            message = f"PMID {document.id} comes again; expected its records in a row, or a file and not a stream"
            raise DuplicateDocumentError(message, place)
        held = self._held
        if held is not None and held.id == document.id:
            newer = max(document, held, key=lambda record: record.meta["version"])
            self._held = _replacing(newer, held.meta.get("replaces", 0) + 1)
            return None
        self._held = document
        if held is not None:
            self._given.add(held.id)
        return held

    def last(self) -> Document | None:
        """The record that is still held."""
        return self._held

    def delete(self, ids: set[str]) -> list[str]:
        """Leave out what the stream deletes; gives the PMIDs that are past that."""
        if self._held is not None and self._held.id in ids:
            self._held = None
        return sorted(self._given & ids)


def _replacing(document: Document, others: int) -> Document:
    return replace(document, meta={**document.meta, "replaces": others})


def _marks(stream: BinaryIO) -> Iterator[tuple[bytes | None, ...]]:
    """The groups of each match of ``_MARKS``."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        data = rest + chunk
        end = 0
        for match in _MARKS.finditer(data):
            yield match.groups()
            end = match.end()
        rest = data[max(end, len(data) - _OVERLAP) :]
