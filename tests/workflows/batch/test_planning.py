"""The plan of a batch: the same shards whatever the order, and few others when files come and go."""

from __future__ import annotations

import copy
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.workflows.batch.planning import plan
from bran.workflows.batch.shards import Shard

SMALL = 10


def write(folder: Path, sizes: dict[str, int]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, size in sizes.items():
        (folder / name).write_bytes(b"x" * size)
    return [folder / name for name in sizes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 600 small files."""
    folder = tmp_path_factory.mktemp("plan")
    write(folder, {f"note-{number}.txt": 1 for number in range(600)})
    return folder


def test_any_order_gives_the_same_plan(folder: Path) -> None:
    paths = list(folder.iterdir())
    whole = plan(paths)
    for seed in range(3):
        random.Random(seed).shuffle(paths)
        assert plan([*paths, *paths[:5]]) == whole
    assert [path for shard in whole for path in shard.paths] == [
        str(folder / f"note-{number}.txt") for number in range(600)
    ]


def test_small_files_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bran.workflows.batch.planning._size", lambda path: 1)
    paths = [Path(f"/notes/{number}.txt") for number in range(600)]  # the same at every run: groups end where paths say
    shards = plan(paths)
    assert 3 <= len(shards) <= 30  # 600 / 64 = 9 on average
    assert len({shard.key for shard in shards}) == len(shards)
    assert all(len(shard.paths) == 1 for shard in plan(paths, small=1))


@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, SMALL]))
@settings(max_examples=40, deadline=None)
def test_a_file_that_is_added_or_withdrawn_changes_no_group_but_its_own(folder: Path, seed: int, size: int) -> None:
    paths = sorted(folder.iterdir())
    path = random.Random(seed).choice(paths)
    path.write_bytes(b"x" * size)
    try:
        with_it, without = set(plan(paths, small=SMALL)), set(plan([p for p in paths if p != path], small=SMALL))
    finally:
        path.write_bytes(b"x")
    assert len(without - with_it) <= 1
    assert len(with_it - without) <= 3  # a group that a large file parts: what is before, itself, what is after
    assert any(str(path) in shard.paths for shard in with_it - without)


def test_no_group_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bran.workflows.batch.planning._GROUP", 1 << 200)
    paths = write(tmp_path, {f"{number}.txt": 1 for number in range(1030)})
    assert [len(shard.paths) for shard in plan(paths)] == [1024, 6]


def test_larger_files_stand_alone_and_in_their_place(tmp_path: Path) -> None:
    paths = write(tmp_path, {"a.txt": 1, "b.txt": SMALL, "c.txt": SMALL - 1, "d.txt": 99})
    found = [path for shard in plan(paths, small=SMALL) for path in shard.paths]
    assert found == [str(path) for path in paths]
    assert {(str(paths[1]),), (str(paths[3]),)} <= {shard.paths for shard in plan(paths, small=SMALL)}


def test_large_files_are_cut_where_they_can_be(tmp_path: Path) -> None:
    lines, prose = tmp_path / "a.jsonl", tmp_path / "b.txt"
    lines.write_text('{"id": "1", "text": "Velorin."}\n' * 100, encoding="utf-8")
    prose.write_text("Velorin eased gout.\n" * 100, encoding="utf-8")
    shards = plan([prose, lines], cut=1000, small=1)
    assert [shard.paths for shard in shards] == [(str(lines),)] * 4 + [(str(prose),)]
    assert [shard.start for shard in shards[:4]] == [0, *(shard.stop for shard in shards[:3])]
    assert shards[4].stop is shards[3].stop is None
    assert len({shard.key for shard in shards}) == 5
    assert plan([lines], cut=5000, small=1)[0].key != shards[0].key


def test_a_file_that_is_gone_does_not_take_others_with_it(tmp_path: Path) -> None:
    paths = write(tmp_path, {"a.txt": 1, "c.txt": 1})
    shards = plan([*paths, tmp_path / "b.txt"])
    assert [Path(path).name for shard in shards for path in shard.paths] == ["a.txt", "b.txt", "c.txt"]
    assert (str(tmp_path / "b.txt"),) in {shard.paths for shard in shards}


def test_keys_are_names_of_folders_that_say_what_is_in_them(tmp_path: Path) -> None:
    names = ["Fälle (neu).xml.gz", "." + "x" * 200, "..", "-"]
    keys = [plan([tmp_path / "in" / name])[0].key for name in names]
    assert keys[0].startswith("F_lle_neu_.xml.gz-")
    for key in keys:
        (tmp_path / "parts" / key).mkdir(parents=True)
        assert not key.startswith((".", "-"))
        assert len(key) < 80


def test_the_same_name_in_other_folders_is_another_key(tmp_path: Path) -> None:
    assert plan([tmp_path / "a" / "x.xml"])[0].key != plan([tmp_path / "b" / "x.xml"])[0].key


def test_a_shard_can_be_copied_and_kept_in_sets() -> None:
    shard = Shard("a-1", ("/data/a.jsonl",), 3, 9)
    assert copy.deepcopy(shard) == shard
    assert len({shard, Shard("a-1", ("/data/a.jsonl",), 3, 9)}) == 1
