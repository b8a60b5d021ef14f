"""Progress: what is counted, and how the time that is left is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.export.run_folder import Entry
from bran.workflows.batch.journal import Journal
from bran.workflows.batch.progress import Meter
from bran.workflows.batch.shards import Shard


@pytest.fixture
def shards(tmp_path: Path) -> list[Shard]:
    """Two files of 1000 bytes, one of 2000 in two ranges."""
    for name, size in (("a", 1000), ("b", 1000), ("c", 2000)):
        (tmp_path / name).write_bytes(b"x" * size)
    paths = [(str(tmp_path / name),) for name in "abc"]
    return [Shard("a", paths[0]), Shard("b", paths[1]), Shard("c0", paths[2], 0, 500), Shard("c1", paths[2], 500)]


def entry(key: str, documents: int) -> Entry:
    return Entry(key=key, sources=(), documents=documents, relations=2 * documents, skipped=1)


def test_entries_journals_and_failures_are_counted(shards: list[Shard], tmp_path: Path) -> None:
    meter = Meter(shards, [entry("a", 10)])
    meter.finished(entry("b", 10))
    meter.failed("c1")
    Journal(start=4, stop=8, documents=4, relations=5, errors=2).write(tmp_path)
    progress = meter.progress([tmp_path, tmp_path / "absent"])
    assert (progress.documents, progress.relations, progress.errors) == (24, 45, 1 + 1 + 2 + 1)
    assert (progress.shards_done, progress.shards) == (3, 4)


def test_speed_is_that_of_this_start_and_the_rest_is_told_by_bytes(
    shards: list[Shard], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    meter = Meter(shards, [entry("a", 10)])
    assert meter.progress().eta_seconds is None
    now[0] += 5
    meter.finished(entry("b", 10))
    progress = meter.progress()
    assert progress.documents_per_second == 2
    assert progress.eta_seconds == pytest.approx(20 / 2)  # 2000 bytes are left, which hold 20 documents
    meter.finished(entry("c0", 6))
    meter.failed("c1")
    assert meter.progress().eta_seconds == 0


def test_nothing_to_do(tmp_path: Path) -> None:
    assert Meter([], []).progress().eta_seconds == 0
    gone = Meter([Shard("a", (str(tmp_path / "absent"),))], [])
    assert gone.progress().shards == 1
