"""Requests that come at once go through the model together, on a thread of their own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

JobT = TypeVar("JobT")
ResultT = TypeVar("ResultT")


class Full(Exception):
    """As much waits as may wait."""


@dataclass(eq=False, slots=True)
class _Waiting(Generic[JobT, ResultT]):
    job: JobT
    size: int
    answer: asyncio.Future[ResultT]


class Batcher(Generic[JobT, ResultT]):
    """Collects what comes while the model is at work, and gives it to the model as one batch when that is done.

    A job that comes while nothing is at work starts at once: nobody waits for others to come. A batch that fails is
    tried again one job at a time, so that a job fails for itself alone.

    Args:
        work: jobs in, as many results out, in their order; called on one thread.
        most: size of a batch; a larger job goes alone.
        bound: size of all that waits or is worked on.
        begin: called once on that thread, before all else.

    Attributes:
        batches: how many calls of ``work`` there were.
    """

    def __init__(
        self,
        work: Callable[[Sequence[JobT]], Sequence[ResultT]],
        *,
        most: int,
        bound: int,
        begin: Callable[[], object] | None = None,
    ) -> None:
        self._work, self._most, self._bound = work, most, bound
        self._waiting: deque[_Waiting[JobT, ResultT]] = deque()
        self._load = 0
        self._arrived = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model", initializer=begin)
        self.batches = 0

    @property
    def is_full(self) -> bool:
        """Whether not even the smallest job would be taken."""
        return self._load >= self._bound

    async def submit(self, job: JobT, size: int) -> ResultT:
        """The result of ``job``; when the caller is cancelled before its turn, it is passed over.

        Raises:
            Full: when too much waits already.
        """
        with self._counted(size):
            waiting: _Waiting[JobT, ResultT] = _Waiting(job, size, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            self._arrived.set()
            return await waiting.answer

    async def run(self) -> None:
        """Work jobs off until cancelled."""
        try:
            while True:
                await self._arrived.wait()
                if batch := self._next_batch():
                    await self._work_off(batch)
                else:
                    self._arrived.clear()
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _counted(self, size: int) -> Iterator[None]:
        if self._load and self._load + size > self._bound:
            raise Full
        self._load += size
        try:
            yield
        finally:
            self._load -= size

    def _next_batch(self) -> list[_Waiting[JobT, ResultT]]:
        batch: list[_Waiting[JobT, ResultT]] = []
        room = self._most
        while self._waiting and (not batch or self._waiting[0].size <= room):
            waiting = self._waiting.popleft()
            if not waiting.answer.done():  # else its caller has gone
                batch.append(waiting)
                room -= waiting.size
        return batch

    async def _work_off(self, batch: Sequence[_Waiting[JobT, ResultT]]) -> None:
        self.batches += 1
        jobs = [waiting.job for waiting in batch]
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._thread, self._work, jobs)
        except Exception as error:
            if len(batch) > 1:
                for waiting in batch:
                    await self._work_off([waiting])
            elif not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for waiting, result in zip(batch, results, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(result)
