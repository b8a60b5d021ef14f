"""Whether the files of a part are what they were."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.export.run_folder import Entry, SourceFile
from bran.workflows.batch.source_files import changes, stamp, untouched


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789" * 100_000)
    return path


def unchanged(source: SourceFile, start: int = 0, stop: int | None = None) -> bool:
    return not changes(Entry(key="k", sources=(source,), start=start, stop=stop))


def touch(path: Path) -> None:
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def test_a_stamp_says_what_a_file_is(path: Path) -> None:
    found, status = stamp(str(path)), path.stat()
    assert (found.path, found.size, found.mtime_ns) == (str(path), status.st_size, status.st_mtime_ns)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(FormatError, match="cannot be read"):
            stamp(str(path))


def test_a_file_of_the_same_size_and_time_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = stamp(str(path))
    monkeypatch.setattr("bran.workflows.batch.source_files._sha256", None)
    assert unchanged(source)


def test_a_copy_is_the_same_file_and_another_content_is_not(path: Path) -> None:
    source = stamp(str(path))
    touch(path)
    assert not untouched(source)
    assert unchanged(source)
    path.write_bytes(b"9876543210" * 100_000)
    touch(path)
    assert not unchanged(source)
    path.unlink()
    assert not untouched(source)
    assert not unchanged(source)


def test_a_range_counts_by_itself(path: Path) -> None:
    source, last = stamp(str(path), 10, 20), stamp(str(path), 20)
    path.write_bytes(path.read_bytes() + b"more")
    assert unchanged(source, 10, 20)
    assert not unchanged(last, 20)
    path.write_bytes(b"0123456789x")
    assert not unchanged(source, 10, 20)


def test_changes_are_named(path: Path, tmp_path: Path) -> None:
    others = [tmp_path / name for name in ("b", "c", "d")]
    for other in others:
        other.write_bytes(b"old")
    entry = Entry(key="k", sources=tuple(stamp(str(source)) for source in (path, *others)))
    assert changes(entry) == []
    others[0].write_bytes(b"newer")
    others[1].write_bytes(b"new")
    touch(others[1])
    others[2].unlink()
    assert changes(entry) == [
        f"{others[0]}: has 5 bytes, had 3",
        f"{others[1]}: has other content than it had",
        f"{others[2]}: cannot be read any more (No such file or directory)",
    ]
