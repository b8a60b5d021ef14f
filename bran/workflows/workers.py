"""Worker processes: documents through a function that is costly to set up, in order, with bounded memory."""

from __future__ import annotations

import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from itertools import islice
from typing import Protocol

from bran.corpus.document import Document
from bran.errors import BranError

Process = Callable[[Iterable[Document]], Iterable[Document]]
"""What is done to a stream of documents; as many come out, in the same order."""


class Builder(Protocol):
    """Sets a function up in each worker; it is sent there, so it holds settings and no model."""

    def __call__(self) -> Process:
        """The function, ready to run."""


def process_documents(
    documents: Iterable[Document], build: Builder, *, workers: int = 1, chunk: int = 64
) -> Iterator[Document]:
    """Every document as the function of ``build`` gives it back, in the order of input.

    Args:
        documents: read only as fast as they are worked off: at most two chunks per worker are under way.
        build: called once in each worker, before its first documents.
        workers: processes; with one, all runs in this process.
        chunk: documents that a worker gets at once.

    Raises:
        BranError: when a worker dies, as for want of memory; or what ``build`` or its function raises.
    """
    if workers <= 1:
        yield from build()(documents)
        return
    stream = iter(documents)
    pending: deque[Future[list[Document]]] = deque()
    # Not forked: a copy of a process whose torch or tokenizers have started threads may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(build,)) as pool:
        try:
            while part := list(islice(stream, chunk)):
                pending.append(pool.submit(_work, part))
                if len(pending) >= 2 * workers:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        except BrokenProcessPool:
            raise BranError("a worker process died, as one does for want of memory; try fewer workers") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """What a worker process runs; set up with its first documents, so that what goes wrong then is told as it is."""

    build: Builder

    @classmethod
    @cache
    def process(cls) -> Process:
        """The function of this worker."""
        process = cls.build()
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(1)  # the workers share the cores
        return process


def _start(build: Builder) -> None:
    _Worker.build = build


def _work(documents: list[Document]) -> list[Document]:
    return list(_Worker.process()(documents))
