"""The engine of one machine: worker processes that are replaced when they die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

from pebble import ProcessExpired, ProcessPool

from bran.export.run_folder import Entry
from bran.workflows.batch.engine import EngineContext, Task, WorkerDied

_PRELOADED = ["bran.workflows.batch.worker"]
"""What the server that workers are forked off imports: its pages are shared by all of them."""


class LocalEngine:
    """Runs tasks in processes that are forked off a server which has imported all that is heavy.

    Args:
        workers: processes, also with one: a crash or a time-out takes a worker, never the run.
    """

    def __init__(self, workers: int) -> None:
        self.slots = workers
        self._pool = self._new_pool()

    def submit(self, task: Task) -> Future[Entry]:
        """Have ``task`` done in a worker."""
        if not self._pool.active:  # a worker has died where pebble cannot tell which task was its
            self.stop()
            self._pool = self._new_pool()
        future: Future[Entry] = Future()
        done = self._pool.schedule(_run, args=(task,))
        done.add_done_callback(partial(_pass_on, future))
        return future

    def stop(self) -> None:
        """End all workers, whatever they do."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self.slots, context=_context(), initializer=_start, initargs=(self.slots > 1, os.getpid())
        )


def local_engine(workers: int) -> EngineContext:
    """An engine of ``workers`` processes, which end with the block.

    What they import is begun with at once: it takes a while, in which the caller can do other things.
    """
    _context()
    forkserver.ensure_running()
    return _opened(workers)


@contextmanager
def _opened(workers: int) -> Iterator[LocalEngine]:
    engine = LocalEngine(workers)
    try:
        yield engine
    finally:
        engine.stop()


def _context() -> ForkServerContext:
    # Not forked off this process: a copy of one whose libraries have started threads may hang.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _pass_on(future: Future[Entry], done: Future[Entry]) -> None:
    """Give ``future`` the result of ``done``."""
    if done.cancelled():
        future.set_exception(CancelledError())
        return
    error = done.exception()
    if error is None:
        future.set_result(done.result())
    elif isinstance(error, ProcessExpired):
        future.set_exception(WorkerDied(_how(error.exitcode)))
    elif isinstance(error, BrokenProcessPool):
        future.set_exception(WorkerDied("the pool of workers"))
    else:
        future.set_exception(error)


def _how(code: int) -> str:
    """How a process has ended."""
    return f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"


def _start(several: bool, parent: int) -> None:
    """Set a worker up."""
    import torch

    if several:
        torch.set_num_threads(1)  # the workers share the cores
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    """End this process as soon as the one that leads is gone, even when that was killed."""
    process = multiprocessing.parent_process()
    if process is not None and process.pid == parent:
        process.join()
        os._exit(1)


def _run(task: Task) -> Entry:
    from bran.workflows.batch.worker import run_task

    return run_task(task)
