"""How far a run is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bran.export.run_folder import Entry
from bran.workflows.batch.journal import Journal
from bran.workflows.batch.shards import Shard


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; earlier starts count, but not for the speed.

    Attributes:
        documents: done.
        relations: found.
        errors: documents left out, and shards that failed.
        documents_per_second: of this start.
        eta_seconds: that it will take on, as far as the bytes that are left tell; ``None``: nothing tells yet.
        shards_done: finished, or failed.
        shards: of the run.
    """

    documents: int
    relations: int
    errors: int
    documents_per_second: float
    eta_seconds: float | None
    shards_done: int
    shards: int


class Observer(Protocol):
    """Is told how a run goes on."""

    def progress(self, progress: Progress) -> None:
        """A shard has ended, or half a second has passed."""

    def note(self, line: str) -> None:
        """Something that the user should know."""


class Meter:
    """Counts what is done, from the entries of finished shards and the journals of those under way.

    Args:
        shards: of the run.
        done: entries of those that an earlier start has finished.
    """

    def __init__(self, shards: Sequence[Shard], done: Iterable[Entry]) -> None:
        self._sizes = {shard.key: _size(shard) for shard in shards}
        self._entries = {entry.key: entry for entry in done}
        self._failed: set[str] = set()
        self._before = sum(entry.documents for entry in self._entries.values())
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    @property
    def any_finished(self) -> bool:
        """Whether any shard is finished."""
        return bool(self._entries)

    def finished(self, entry: Entry) -> None:
        """Count a finished shard."""
        self._entries[entry.key] = entry

    def failed(self, key: str) -> None:
        """Count a shard that could not be done."""
        self._failed.add(key)

    def progress(self, under_way: Iterable[Path] = ()) -> Progress:
        """How far the run is.

        Args:
            under_way: folders with the journals of shards that are worked on.
        """
        entries = self._entries.values()
        journals = [journal for folder in under_way if (journal := Journal.read(folder))]
        documents = sum(entry.documents for entry in entries) + sum(journal.documents for journal in journals)
        rate = (documents - self._before) / max(self.seconds, 1e-9)
        return Progress(
            documents=documents,
            relations=sum(entry.relations for entry in entries) + sum(journal.relations for journal in journals),
            errors=sum(entry.skipped for entry in entries)
            + sum(journal.errors for journal in journals)
            + len(self._failed),
            documents_per_second=rate,
            eta_seconds=self._eta(documents, rate),
            shards_done=len(self._entries) + len(self._failed),
            shards=len(self._sizes),
        )

    def _eta(self, documents: int, rate: float) -> float | None:
        """Seconds that are left if the other bytes hold as many documents as those that are done."""
        finished = sum(self._sizes[key] for key in self._entries)
        total = sum(size for key, size in self._sizes.items() if key not in self._failed)
        if not (finished and rate):
            return 0.0 if finished == total else None
        expected = sum(entry.documents for entry in self._entries.values()) * total / finished
        return max(expected - documents, 0.0) / rate


def _size(shard: Shard) -> int:
    """Bytes of ``shard``; of a file that is gone, none."""
    try:
        size = sum(Path(path).stat().st_size for path in shard.paths)
    except OSError:
        return 0
    return min(shard.stop or size, size) - shard.start
