"""Deaths of workers: what is suspected, what is tried next, and when a document or a shard is given up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bran.workflows.batch.deaths import BLIND, MOST, Deaths
from bran.workflows.batch.engine import Task
from bran.workflows.batch.journal import Journal
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Caution, Shard
from bran.workflows.batch.worker import FIRST, _Shard

HOW = "signal 11 (SIGSEGV)"


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path, Shard("a", ("/a.txt",)), BatchSettings(tmp_path, chunk=64))


def die(
    deaths: Deaths,
    task: Task,
    start: int | None = None,
    stop: int = 0,
    began: float = 1e12,
    reading: tuple[int, int] | None = None,
) -> Task | str:
    """Let the worker of ``task`` die over documents ``start`` to ``stop``, or while it reads a piece."""
    if start is not None:
        task.work.mkdir(parents=True, exist_ok=True)
        Journal(start=start, stop=stop, reading=reading, began=began).write(task.work)
    return deaths.next_task(task, HOW)


def test_a_chunk_is_suspected(task: Task) -> None:
    following = die(Deaths(), task, 64, 128)
    assert isinstance(following, Task)
    assert (following.suspects, following.leave_out) == ((64, 128), {})
    assert following.attempt != task.attempt
    assert replace(following, attempt=task.attempt, suspects=(0, 0)) == task


def test_suspects_stay_suspected(task: Task) -> None:
    deaths = Deaths()
    first = die(deaths, task, 64, 128)
    assert isinstance(first, Task)
    second = die(deaths, first, 192, 256)
    assert isinstance(second, Task)
    assert second.suspects == (64, 256)


def test_a_document_that_kills_twice_is_left_out(task: Task) -> None:
    deaths = Deaths()
    once = die(deaths, replace(task, suspects=(64, 128)), 70, 71)
    assert isinstance(once, Task)
    assert (once.suspects, once.leave_out) == ((64, 128), {})
    twice = die(deaths, once, 70, 71)
    assert isinstance(twice, Task)
    assert twice.leave_out == {70: f"ended its worker with {HOW}, 2 times; expected a document that can be worked on"}
    assert deaths.count == 2


def test_time_that_ran_out_is_told_from_a_crash(task: Task) -> None:
    deaths = Deaths()
    once = die(deaths, task, 0, 1, began=0)
    assert isinstance(once, Task)
    twice = die(deaths, once, 0, 1, began=0)
    assert isinstance(twice, Task)
    assert twice.leave_out == {0: "took more than 60 s, 2 times; expected less (--max-seconds)"}


def test_deaths_at_a_document_that_is_left_out_end_the_shard(task: Task) -> None:
    found = die(Deaths(), replace(task, leave_out={6: "?"}), 6, 7)
    assert found == f"workers die at document 7 though it is left out ({HOW})"


def test_a_record_that_kills_while_it_is_read_is_passed_over(task: Task) -> None:
    deaths, following, cautions = Deaths(), task, []
    for reading in ((0, 0), (0, 0), (0, 900), (0, 900)):
        again = die(deaths, following, 64, 128, reading=reading)
        assert isinstance(again, Task)
        assert (again.suspects, again.leave_out) == ((0, 0), {})
        following = again
        cautions.append(again.caution)
    reason = f"ended its worker with {HOW}, 2 times; expected a document that can be read"
    assert cautions == [Caution(), Caution(apart=True), Caution(apart=True), Caution(True, {(0, 900): reason})]


def test_reading_that_takes_for_ever_is_told(task: Task) -> None:
    deaths, following = Deaths(), replace(task, caution=Caution(apart=True))
    for _ in range(2):
        again = die(deaths, following, 0, 1, began=0, reading=(3, 0))
        assert isinstance(again, Task)
        following = again
    assert following.caution.unreadable == {(3, 0): "took more than 60 s, 2 times; expected less (--max-seconds)"}


def test_deaths_that_nothing_is_known_of_end_the_shard(task: Task) -> None:
    deaths, following = Deaths(), task
    for _ in range(BLIND - 1):
        again = die(deaths, following)
        assert isinstance(again, Task)
        following = again
    assert die(deaths, following) == f"{BLIND} workers died before its first document ({HOW})"
    other = replace(task, shard=Shard("b", ("/b.txt",)))
    assert isinstance(die(deaths, other), Task)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    killers=st.sets(st.integers(0, 199), max_size=6),
    chunk=st.integers(1, 80),
    count=st.integers(0, 200),
)
def test_exactly_the_killers_are_left_out(task: Task, killers: set[int], chunk: int, count: int) -> None:
    """A worker that dies of whatever chunk holds a killer: the loop ends, and leaves out the killers alone."""
    deaths = Deaths()
    following = replace(task, settings=replace(task.settings, chunk=chunk))
    while (place := first_death(following, killers, count)) is not None:
        again = die(deaths, following, *place)
        assert isinstance(again, Task)
        following = again
    assert set(following.leave_out) == {number for number in killers if number < count}
    assert deaths.count < MOST


def first_death(task: Task, killers: set[int], count: int) -> tuple[int, int] | None:
    """Where a worker of ``task`` dies, cutting the shard as workers do."""
    index, shard = 0, _Shard(task, None)  # type: ignore[arg-type]
    while index < count:
        size = shard._size(index)
        assert 1 <= size <= max(task.settings.chunk, FIRST)
        if killers & set(range(index, min(index + size, count))) - set(task.leave_out):
            return index, index + size
        index += size
    return None


def test_a_journal_is_whole_or_none(tmp_path: Path) -> None:
    assert Journal.read(tmp_path) is None
    Journal(start=3, stop=7, documents=3, relations=4, errors=1, began=5.5).write(tmp_path)
    assert Journal.read(tmp_path) == Journal(start=3, stop=7, documents=3, relations=4, errors=1, began=5.5)
    (tmp_path / "journal.json").write_text('{"start": 3', encoding="utf-8")
    assert Journal.read(tmp_path) is None
