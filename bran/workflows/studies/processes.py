"""Runs in processes: one after the other in this one, or side by side in processes that are spawned."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bran.workflows.studies.events import Observer
from bran.workflows.studies.folder import StudyFolder, write_failure
from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.results import Epoch
from bran.workflows.studies.work import Bench, StudyStopped, work


@dataclass(frozen=True, slots=True)
class _Done:
    """A worker has come to the end of its run; with the error when it failed."""

    error: str | None


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A worker can no longer work, and no other could."""

    reason: str


def run_all(runs: Sequence[PlannedRun], folder: StudyFolder, bench: Bench, observer: Observer, *, jobs: int) -> None:
    """Do ``runs``, ``jobs`` at a time.

    Args:
        runs: what is to be done.
        folder: where.
        bench: what they share.
        observer: told of each, in this process.
        jobs: with one, all is done in this process.

    Raises:
        StudyStopped: when the disk is full.
    """
    if jobs > 1:
        _Pool(folder, bench, observer, jobs=min(jobs, len(runs))).run(runs)
        return
    for run in runs:
        observer.started(run)

        def tell(epoch: Epoch, run: PlannedRun = run) -> None:
            observer.epoch(run, epoch)

        _tell_end(run, work(run, folder.run_folder(run), bench, tell), folder, observer)


def _tell_end(run: PlannedRun, error: str | None, folder: StudyFolder, observer: Observer) -> None:
    result = None if error else folder.result(run.key)
    if result:
        observer.finished(run, result)
    else:
        observer.failed(run, error or "left no result")


class _Worker:
    """A spawned process, and what it is working on.

    Args:
        bench: what its runs share.
    """

    def __init__(self, bench: Bench) -> None:
        # Not forked: a copy of a process whose torch or tokenizers have started threads may hang.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(theirs, bench), daemon=True)
        self.process.start()
        theirs.close()
        self.run: PlannedRun | None = None

    def begin(self, run: PlannedRun, folder: Path) -> None:
        """Give it work."""
        self.run = run
        self.pipe.send((run, folder))

    def stop(self) -> None:
        """End it, whatever it does."""
        self.process.terminate()
        self.process.join()
        self.pipe.close()


class _Pool:
    """Workers side by side; one that dies takes only its own run with it."""

    def __init__(self, folder: StudyFolder, bench: Bench, observer: Observer, *, jobs: int) -> None:
        self.folder, self.bench, self.observer, self.jobs = folder, bench, observer, jobs
        self.workers: list[_Worker] = []

    def run(self, runs: Sequence[PlannedRun]) -> None:
        """Do ``runs``.

        Raises:
            StudyStopped: when a worker cannot go on, and no other could.
        """
        waiting = deque(runs)
        try:
            while waiting or any(worker.run for worker in self.workers):
                self._begin(waiting)
                busy = {worker.pipe: worker for worker in self.workers if worker.run}
                for pipe in wait(list(busy)):
                    self._hear(busy[pipe])  # type: ignore[index] # only of our own pipes
        finally:
            for worker in self.workers:
                worker.stop()

    def _begin(self, waiting: deque[PlannedRun]) -> None:
        """Give work to idle workers, and to new ones while there may be more."""
        idle = [worker for worker in self.workers if worker.run is None]
        while waiting and (idle or len(self.workers) < self.jobs):
            if not idle:
                idle.append(_Worker(self.bench))
                self.workers.append(idle[0])
            run = waiting.popleft()
            self.observer.started(run)
            idle.pop().begin(run, self.folder.run_folder(run))

    def _hear(self, worker: _Worker) -> None:
        run = worker.run
        if run is None:
            return
        try:
            message: Any = worker.pipe.recv()
        except (EOFError, ConnectionResetError):
            self._bury(worker, run)
            return
        if isinstance(message, _Stopped):
            raise StudyStopped(message.reason)
        if isinstance(message, _Done):
            worker.run = None
            _tell_end(run, message.error, self.folder, self.observer)
        else:
            self.observer.epoch(run, message)

    def _bury(self, worker: _Worker, run: PlannedRun) -> None:
        """Take out a worker that has died; its run has failed."""
        self.workers.remove(worker)
        worker.process.join()
        code = worker.process.exitcode or 0
        how = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
        error = f"its process ended with {how}, as one does for want of memory"
        worker.pipe.close()
        write_failure(self.folder.run_folder(run), error)
        self.observer.failed(run, error)


def _serve(pipe: Connection, bench: Bench) -> None:
    """What a worker process does: the runs that come through ``pipe``, until it is ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that leads is interrupted, and ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        run, folder = pipe.recv()
        try:
            pipe.send(_Done(work(run, folder, bench, pipe.send)))
        except StudyStopped as error:
            pipe.send(_Stopped(str(error)))


def _end_with_parent() -> None:
    """End this process as soon as the one that leads is gone, even when that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
