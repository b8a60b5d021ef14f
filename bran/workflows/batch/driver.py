"""The driver of a run: hands shards to an engine and makes of their ends what is to be made of them."""

from __future__ import annotations

import secrets
import shutil
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from bran.errors import BranError, ConfigError, DataError, ModelError
from bran.export.left_out import LeftOut
from bran.export.run_folder import Entry, RunFolder
from bran.files import atomic_write
from bran.workflows.batch.deaths import Deaths
from bran.workflows.batch.engine import DiskFull, Engine, Task, WorkerDied
from bran.workflows.batch.progress import Meter, Observer
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Shard

_TICK = 0.5
"""Seconds between looks at the journals."""
_AHEAD = 2
"""Tasks that wait at the engine, so that no worker does."""
_HOPELESS = 3
"""Workers in each slot that die before anything is done; more are not tried."""
_FATAL = (DiskFull, ModelError, ConfigError)
"""What every other shard would meet, too."""


class Driver:
    """Has shards done: one loop over what an engine has finished.

    Args:
        folder: of the run, locked.
        engine: runs the tasks.
        settings: go with every task.
        meter: counts what is done.
        observer: is told.

    Attributes:
        deaths: of workers so far.
    """

    def __init__(
        self, folder: RunFolder, engine: Engine, settings: BatchSettings, meter: Meter, observer: Observer
    ) -> None:
        self.folder, self.engine, self.settings = folder, engine, settings
        self.meter, self.observer = meter, observer
        self.deaths = Deaths()
        self._waiting: deque[Task] = deque()
        self._running: dict[Future[Entry], Task] = {}

    def run(self, shards: Sequence[Shard]) -> None:
        """Have ``shards`` done, each once.

        Raises:
            DiskFull: when there is no space left.
            ModelError: when a worker cannot read a model.
            DataError: at the first document that cannot be read, when the settings are strict.
        """
        self._waiting.extend(
            Task(self.folder.path, shard, self.settings, attempt=secrets.token_hex(4)) for shard in shards
        )
        while self._waiting or self._running:
            self._submit()
            ended, _ = wait(self._running, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in ended:
                self._end(self._running.pop(future), future)
            self.observer.progress(self.meter.progress([task.work for task in self._running.values()]))

    def _submit(self) -> None:
        while self._waiting and len(self._running) < self.engine.slots + _AHEAD:
            task = self._waiting.popleft()
            self._running[self.engine.submit(task)] = task

    def _end(self, task: Task, future: Future[Entry]) -> None:
        """Take the entry of a finished task, or make something of how it ended."""
        try:
            self.meter.finished(future.result())
        except WorkerDied as error:
            self._bury(task, str(error))
        except _FATAL:
            raise
        except Exception as error:  # whatever breaks one shard, the others go on
            if self.settings.strict and isinstance(error, DataError):
                raise
            self._fail(task, error if isinstance(error, BranError) else f"{type(error).__name__}: {error}")

    def _bury(self, task: Task, how: str) -> None:
        """Try what a worker died of again, the suspects alone.

        Raises:
            WorkerDied: when no worker lives long enough to begin with anything.
        """
        if entry := self._finished(task):
            self.meter.finished(entry)
            return
        following = self.deaths.next_task(task, how)
        if self.deaths.blind == self.deaths.count >= _HOPELESS * self.engine.slots and not self.meter.any_finished:
            raise WorkerDied(f"{self.deaths.count} workers died before their first document, the last with {how}")
        shutil.rmtree(task.work, ignore_errors=True)
        if isinstance(following, Task):
            self.observer.note(f"a worker died ({how}) and is replaced; {_name(task.shard)} is done again")
            self._waiting.appendleft(following)
        else:
            self._fail(task, following)

    def _finished(self, task: Task) -> Entry | None:
        """The entry of ``task`` when its worker died only after the part was whole."""
        try:
            return self.folder.entry(task.shard.key)
        except DataError:
            return None

    def _fail(self, task: Task, error: BranError | str) -> None:
        """Write down why a shard could not be done."""
        place = error.place if isinstance(error, DataError) else None
        message = " ".join((error.message if isinstance(error, DataError) else str(error)).split())
        record = LeftOut(
            kind="failed",
            message=message,
            path=(place and place.path) or _name(task.shard),
            document=place.document if place else None,
        )
        with atomic_write(self.folder.failed / f"{task.shard.key}.json") as stream:
            stream.write(record.model_dump_json(exclude_none=True) + "\n")
        self.meter.failed(task.shard.key)
        self.observer.note(str(record))


def _name(shard: Shard) -> str:
    """How ``shard`` is called."""
    first = shard.paths[0]
    if len(shard.paths) > 1:
        return f"{first} and {len(shard.paths) - 1} more"
    return (
        first if shard.stop is None and not shard.start else f"{first} (bytes {shard.start} to {shard.stop or 'end'})"
    )
