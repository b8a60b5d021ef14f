"""What was fetched: records by PMID and the PMIDs of queries, in one SQLite file per server."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from bran.errors import FormatError, Place
from bran.workflows.fetching.answers import Found

_TABLES = """
CREATE TABLE IF NOT EXISTS records (pmid TEXT PRIMARY KEY, fetched TEXT NOT NULL, xml BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS queries (
    query TEXT PRIMARY KEY, asked TEXT NOT NULL, count INTEGER NOT NULL, pmids TEXT NOT NULL
);
"""

_WAIT_FOR_OTHERS = 30.0
"""Seconds that a run waits for another one that writes."""


def default_folder() -> Path:
    """The folder of bran in the user's cache: ``$XDG_CACHE_HOME/bran``, mostly ``~/.cache/bran``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bran"


@dataclass(frozen=True, slots=True)
class Asked:
    """A search and the day (UTC, ISO 8601) on which it was made."""

    found: Found
    day: str


class Cache:
    """Records and searches of one server. What is kept is kept whole, whenever the process ends.

    Args:
        path: of the file; it and its folder are made when they are not there.

    Raises:
        FormatError: here and in every method, when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_WAIT_FOR_OTHERS)
        try:
            with self._told(), self._database as database:
                database.executescript(_TABLES)
        except FormatError:
            self._database.close()
            raise

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def has(self, pmid: str) -> bool:
        """Whether the record of ``pmid`` is kept."""
        with self._told():
            return self._database.execute("SELECT 1 FROM records WHERE pmid = ?", (pmid,)).fetchone() is not None

    def records(self, pmids: Sequence[str]) -> Iterator[bytes]:
        """The records of ``pmids`` in that order, without those that are not kept."""
        for pmid in pmids:
            with self._told():
                row = self._database.execute("SELECT xml FROM records WHERE pmid = ?", (pmid,)).fetchone()
                record = zlib.decompress(row[0]) if row else b""
            yield record

    def replace(self, pmids: Collection[str], records: Mapping[str, bytes]) -> None:
        """Keep the records of ``pmids`` (PMID -> XML) in place of what was kept of them: all, or none."""
        rows = [(pmid, _today(), zlib.compress(records[pmid])) for pmid in pmids if pmid in records]
        with self._told(), self._database as database:
            database.executemany("DELETE FROM records WHERE pmid = ?", [(pmid,) for pmid in pmids])
            database.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)

    def search(self, query: str) -> Asked | None:
        """What ``query`` found when it was asked."""
        with self._told():
            row = self._database.execute("SELECT asked, count, pmids FROM queries WHERE query = ?", (query,)).fetchone()
        return Asked(Found(row[1], tuple(row[2].split())), row[0]) if row else None

    def keep_search(self, query: str, found: Found) -> Asked:
        """Keep what ``query`` found today."""
        asked = Asked(found, _today())
        row = (query, asked.day, found.count, " ".join(found.pmids))
        with self._told(), self._database as database:
            database.execute("INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?)", row)
        return asked

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong with the file, with its path."""
        try:
            yield
        except (sqlite3.Error, zlib.error, OSError) as error:
            said = getattr(error, "strerror", None) or str(error)
            message = f"cannot be used ({said}); expected a cache of bran: it may be deleted, or --cache given"
            raise FormatError(message, Place(str(self._path))) from None


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
