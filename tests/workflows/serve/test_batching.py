"""What comes at once goes together; what is too much is refused; who fails, fails alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from bran.workflows.serve.batching import Batcher, Full


class Work:
    """Doubles numbers, and remembers what came together; waits at a gate, and fails for negative numbers."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.batches: list[list[int]] = []

    def __call__(self, jobs: Sequence[int]) -> list[int]:
        self.batches.append(list(jobs))
        assert self.gate.wait(10)
        if any(job < 0 for job in jobs):
            raise ValueError("negative")
        return [2 * job for job in jobs]


def batched(
    work: Work, test: Callable[[Batcher[int, int]], Awaitable[None]], *, most: int = 4, bound: int = 100
) -> None:
    """Run ``test`` on a batcher of ``work``."""

    async def main() -> None:
        batcher: Batcher[int, int] = Batcher(work, most=most, bound=bound)
        running = asyncio.create_task(batcher.run())
        try:
            await test(batcher)
        finally:
            work.gate.set()
            running.cancel()

    asyncio.run(asyncio.wait_for(main(), 20))


async def at_work(work: Work) -> None:
    """Returns once a batch has come to the gate."""
    while not work.batches:
        await asyncio.sleep(0.005)


def test_every_job_gets_its_own_result() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        assert await asyncio.gather(*(batcher.submit(number, 1) for number in range(50))) == [*range(0, 100, 2)]

    batched(work, test)
    assert sorted(job for batch in work.batches for job in batch) == [*range(50)]
    assert max(map(len, work.batches)) == 4


def test_what_comes_while_the_model_works_goes_together() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        first = asyncio.create_task(batcher.submit(1, 1))
        await at_work(work)
        others = [asyncio.create_task(batcher.submit(number, 1)) for number in (2, 3, 4)]
        await asyncio.sleep(0.02)
        work.gate.set()
        assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
        assert batcher.batches == 2

    batched(work, test)
    assert work.batches == [[1], [2, 3, 4]]


def test_batches_have_a_size_and_a_larger_job_goes_alone() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        tasks = [asyncio.create_task(batcher.submit(0, 1))]
        await at_work(work)
        tasks += [asyncio.create_task(batcher.submit(*job)) for job in ((1, 3), (2, 2), (3, 9), (4, 1))]
        await asyncio.sleep(0.02)
        work.gate.set()
        await asyncio.gather(*tasks)

    batched(work, test)
    assert work.batches == [[0], [1], [2], [3], [4]]


def test_more_than_the_bound_is_refused() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        tasks = [asyncio.create_task(batcher.submit(number, 1)) for number in range(3)]
        await at_work(work)
        assert batcher.is_full
        with pytest.raises(Full):
            await batcher.submit(9, 1)
        work.gate.set()
        await asyncio.gather(*tasks)
        assert not batcher.is_full
        assert await batcher.submit(9, 1) == 18

    batched(work, test, bound=3)


def test_a_job_larger_than_the_bound_is_taken_when_nothing_waits() -> None:
    async def test(batcher: Batcher[int, int]) -> None:
        assert await batcher.submit(7, 50) == 14

    batched(Work(), test, bound=3)


def test_a_job_whose_caller_has_gone_is_passed_over() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        first = asyncio.create_task(batcher.submit(1, 1))
        await at_work(work)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batcher.submit(2, 1), 0.02)
        work.gate.set()
        assert (await first, await batcher.submit(3, 1)) == (2, 6)

    batched(work, test)
    assert work.batches == [[1], [3]]


def test_a_caller_that_goes_while_the_model_works_harms_no_other() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        gone = asyncio.create_task(batcher.submit(1, 1))
        await at_work(work)
        gone.cancel()
        await asyncio.sleep(0.01)
        work.gate.set()
        assert await batcher.submit(2, 1) == 4

    batched(work, test)


def test_who_fails_fails_alone() -> None:
    work = Work()

    async def test(batcher: Batcher[int, int]) -> None:
        work.gate.clear()
        first = asyncio.create_task(batcher.submit(0, 1))
        await at_work(work)
        tasks = [asyncio.create_task(batcher.submit(number, 1)) for number in (1, -2, 3)]
        await asyncio.sleep(0.02)
        work.gate.set()
        found = await asyncio.gather(first, *tasks, return_exceptions=True)
        assert [found[0], found[1], found[3]] == [0, 2, 6]
        assert isinstance(found[2], ValueError)

    batched(work, test)


def test_the_thread_is_set_up_once() -> None:
    names: list[str] = []

    async def main() -> None:
        batcher: Batcher[int, int] = Batcher(
            lambda jobs: list(jobs), most=1, bound=9, begin=lambda: names.append(threading.current_thread().name)
        )
        running = asyncio.create_task(batcher.run())
        await asyncio.gather(*(batcher.submit(number, 1) for number in range(5)))
        running.cancel()

    asyncio.run(main())
    assert len(names) == 1
    assert names[0].startswith("model")
