"""What was fetched is kept, whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.workflows.fetching.answers import Found
from bran.workflows.fetching.cache import Asked, Cache, default_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "server.sqlite"


def test_records_are_there_for_the_next_run(path: Path) -> None:
    with Cache(path) as cache:
        cache.replace(["1", "2", "3"], {"1": b"<a/>\n", "3": "<β/>".encode(), "9": b"<not-asked-for/>"})
    with Cache(path) as cache:
        assert [cache.has(pmid) for pmid in "1239"] == [True, False, True, False]
        assert b"".join(cache.records(["3", "2", "1"])) == "<β/><a/>\n".encode()


def test_a_record_that_is_withdrawn_is_forgotten(path: Path) -> None:
    with Cache(path) as cache:
        cache.replace(["1", "2"], {"1": b"<a/>", "2": b"<b/>"})
        cache.replace(["1", "2"], {"2": b"<c/>"})
        assert not cache.has("1")
        assert list(cache.records(["2"])) == [b"<c/>"]


def test_a_batch_is_kept_whole_or_not(path: Path) -> None:
    with Cache(path) as cache:
        cache.replace(["1"], {"1": b"<a/>"})
        with pytest.raises(FormatError):
            cache.replace(["1", "2", "2"], {"1": b"<b/>", "2": b"<c/>"})  # the second 2 breaks the transaction
        assert list(cache.records(["1"])) == [b"<a/>"]
        assert not cache.has("2")


def test_searches_with_their_day(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bran.workflows.fetching.cache._today", lambda: "2025-03-01")
    with Cache(path) as cache:
        assert cache.search("zorvapine") is None
        kept = cache.keep_search("zorvapine", Found(3, ("2", "1")))
        cache.keep_search("nothing", Found(0, ()))
    with Cache(path) as cache:
        assert cache.search("zorvapine") == kept == Asked(Found(3, ("2", "1")), "2025-03-01")
        assert cache.search("nothing") == Asked(Found(0, ()), "2025-03-01")


def test_two_runs_share_a_cache(path: Path) -> None:
    with Cache(path) as first, Cache(path) as second:
        first.replace(["1"], {"1": b"<a/>"})
        second.replace(["2"], {"2": b"<b/>"})
        assert list(first.records(["1", "2"])) == [b"<a/>", b"<b/>"]


def test_a_foreign_file_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(FormatError, match=r"sqlite: cannot be used \(file is not a database\); expected a cache"):
        Cache(path)


def test_a_damaged_record_is_named(path: Path) -> None:
    with Cache(path) as cache:
        cache.replace(["1"], {"1": b"<a/>"})
        cache._database.execute("UPDATE records SET xml = x'00'")
        with pytest.raises(FormatError, match=r"server\.sqlite: cannot be used"):
            list(cache.records(["1"]))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match="cannot be used"):
        Cache(tmp_path / "file" / "server.sqlite")


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "bran"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "bran"
