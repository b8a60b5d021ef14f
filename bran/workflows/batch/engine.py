"""What the batch engine asks of those who run its tasks, on one machine or on many."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bran.errors import BranError
from bran.export.run_folder import Entry
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Caution, Shard


class WorkerDied(BranError):
    """The process that did a task is gone: it crashed, was killed, or took too long."""


class DiskFull(BranError):
    """There is no space left for the parts; what is done is whole."""


@dataclass(frozen=True, slots=True)
class Task:
    """A shard to be done.

    Attributes:
        folder: of the run.
        shard: what is read.
        settings: how it is worked on.
        attempt: names this attempt; what another one has left half done is never taken for its work.
        suspects: first and one past the last of the documents among which is one that has killed a worker; these
            are worked on one by one.
        leave_out: documents that have killed workers alone, by their number in the shard, with what is to be
            reported of them.
        caution: with which it is read.
    """

    folder: Path
    shard: Shard
    settings: BatchSettings
    attempt: str = "0"
    suspects: tuple[int, int] = (0, 0)
    leave_out: dict[int, str] = field(default_factory=dict)
    caution: Caution = field(default_factory=Caution)

    @property
    def work(self) -> Path:
        """The folder of its half files."""
        return self.folder / "work" / f"{self.shard.key}.{self.attempt}"


class Engine(Protocol):
    """Runs tasks somewhere else."""

    @property
    def slots(self) -> int:
        """How many tasks it runs at once, at the time: so many are submitted ahead, and a few more."""

    def submit(self, task: Task) -> Future[Entry]:
        """Have ``task`` done; the future raises :class:`WorkerDied` when its process is gone."""


EngineContext = AbstractContextManager[Engine]
"""An engine that is shut down when the block ends; on an exception at once."""
