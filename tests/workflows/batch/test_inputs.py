"""What users name as input: files, folders, patterns, standard input and pipes."""

from __future__ import annotations

import io
import os
import random
import sys
import threading
from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.export.run_folder import RunDescription, RunFolder
from bran.workflows.batch.inputs import expand_inputs

DESCRIPTION = RunDescription(
    schema_version=1, bran_version="1", model="m", model_version="1", model_hash="0", relation_schema={}
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of inputs, and what is passed over; its parent is the working folder."""
    folder = tmp_path / "data"
    for name in ("n2.xml", "n10.xml", "n1.xml", "sub/deep/a.txt", "n1.xml.md5", "n1.xml~", "n3.xml.part"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    for name in (".hidden", ".git/config", "sub/.DS_Store"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def found(inputs: list[str], run: RunFolder, data: Path) -> list[str]:
    paths = expand_inputs(inputs, run)
    assert all(path.is_absolute() for path in paths)
    return [path.relative_to(data).as_posix() for path in paths]


def test_folders_are_searched_and_sorted_as_people_do(data: Path, run: RunFolder) -> None:
    assert found(["data"], run, data) == ["n1.xml", "n2.xml", "n10.xml", "sub/deep/a.txt"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("data/*.xml", ["n1.xml", "n2.xml", "n10.xml"]),
        ("data/n?.xml*", ["n1.xml", "n2.xml"]),
        ("data/n[12]*.xml", ["n1.xml", "n2.xml", "n10.xml"]),
        ("data/**/*.txt", ["sub/deep/a.txt"]),
        ("data/s*", ["sub/deep/a.txt"]),
    ],
)
def test_patterns(data: Path, run: RunFolder, pattern: str, expected: list[str]) -> None:
    assert found([pattern], run, data) == expected


def test_a_file_comes_once_in_whatever_order_and_way_it_is_named(data: Path, run: RunFolder) -> None:
    inputs = ["data/n10.xml", "data", "data/*.xml", "./data/sub/../n1.xml", str(data / "n2.xml")]
    whole = found(inputs, run, data)
    assert whole == ["n1.xml", "n2.xml", "n10.xml", "sub/deep/a.txt"]
    random.Random(1).shuffle(inputs)
    assert found(inputs, run, data) == whole


def test_a_file_that_is_named_itself_is_not_passed_over(data: Path, run: RunFolder) -> None:
    assert found(["data/.hidden", "data/n1.xml~"], run, data) == [".hidden", "n1.xml~"]


def test_a_name_that_looks_like_a_pattern_may_be_that_of_a_file(data: Path, run: RunFolder) -> None:
    (data / "case[1].txt").write_text("x", encoding="utf-8")
    assert found(["data/case[1].txt"], run, data) == ["case[1].txt"]


def test_odd_digits_in_names(data: Path, run: RunFolder) -> None:
    (data / "n1²3.xml").write_text("x", encoding="utf-8")
    assert "n1²3.xml" in found(["data"], run, data)


def test_annotations_of_brat_come_with_their_texts(data: Path, run: RunFolder) -> None:
    for name in ("a.ann", "a.txt", "a.json", "b.ann", "b.txt", "c.ann", "d.txt", "annotation.conf"):
        (data / "sub" / name).write_text("" if name == "b.ann" else "x", encoding="utf-8")
    assert found(["data/sub"], run, data) == [
        f"sub/{name}" for name in ("a.ann", "b.txt", "c.ann", "d.txt", "deep/a.txt")
    ]
    assert found(["data/sub/a.txt", "data/sub/b*"], run, data) == ["sub/a.txt", "sub/b.ann", "sub/b.txt"]


def test_folders_of_runs_are_passed_over(data: Path, run: RunFolder) -> None:
    other = RunFolder(data / "earlier")
    other.describe(DESCRIPTION)
    (data / "out" / "parts").mkdir(parents=True)
    (data / "out" / "parts" / "x.parquet").write_text("x", encoding="utf-8")
    assert found(["data"], RunFolder(data / "out"), data) == ["n1.xml", "n2.xml", "n10.xml", "sub/deep/a.txt"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("data/absent.xml", "data/absent.xml: cannot be opened (No such file or directory); expected a file, a folder"),
        ("data/n1.xml/x", "data/n1.xml/x: cannot be opened (Not a directory); expected a file"),
        ("", "'': cannot be opened"),
        ("data/*.json", "data/*.json: stands for no file (hidden ones, *~, *.md5, *.part, *.conf and"),
        ("data/*.md5", "data/*.md5: stands for no file"),
        ("data/.git", None),
        ("empty", "empty: stands for no file"),
    ],
)
def test_what_stands_for_nothing_is_told_in_one_line(
    data: Path, run: RunFolder, tmp_path: Path, item: str, message: str | None
) -> None:
    (tmp_path / "empty").mkdir()
    if message is None:
        assert found([item], run, data) == [".git/config"]
        return
    with pytest.raises(FormatError) as caught:
        expand_inputs(["data", item], run)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_broken_link_is_taken_and_told_of_when_it_is_read(data: Path, run: RunFolder) -> None:
    (data / "link.xml").symlink_to("nowhere.xml")
    assert "link.xml" in found(["data"], run, data)


def test_a_name_that_cannot_be_written_down_is_refused(data: Path, run: RunFolder) -> None:
    try:
        Path(os.fsdecode(os.fsencode(data) + b"/n\xff.xml")).write_text("x", encoding="utf-8")
    except OSError:
        pytest.skip("the file system takes no such names")
    with pytest.raises(FormatError, match="the name is not UTF-8"):
        expand_inputs(["data"], run)


def test_a_folder_that_may_not_be_read_is_told(data: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: str) -> object:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(FormatError, match=r"data: cannot be read \(Permission denied\)"):
        expand_inputs(["data"], run)


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_becomes_a_file_of_the_run(data: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"Velorin.\n" * 300_000)
    (path, other) = expand_inputs(["-", "data/n1.xml", "-"], run)[::-1]
    assert path.parent == run.spool
    assert path.read_bytes() == b"Velorin.\n" * 300_000
    assert other.name == "n1.xml"
    assert not list(run.work.iterdir())


def test_the_same_standard_input_is_the_same_untouched_file(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"Velorin.\n")
    (path,) = expand_inputs(["-"], run)
    before = path.stat().st_mtime_ns
    stdin(monkeypatch, b"Velorin.\n")
    assert expand_inputs(["-"], run) == [path]
    assert path.stat().st_mtime_ns == before
    stdin(monkeypatch, b"Brinol.\n")
    (other,) = expand_inputs(["-"], run)
    assert other != path
    path.write_bytes(b"")  # as after a loss of power
    stdin(monkeypatch, b"Velorin.\n")
    expand_inputs(["-"], run)
    assert path.read_bytes() == b"Velorin.\n"


def test_empty_standard_input_is_told(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"")
    with pytest.raises(FormatError, match="stdin: is empty"):
        expand_inputs(["-"], run)
    assert not list(run.spool.iterdir())
    assert not list(run.work.iterdir())


def test_a_pipe_is_kept_too(run: RunFolder, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"Velorin.\n",))
    writer.start()
    (path,) = expand_inputs([str(pipe)], run)
    writer.join()
    assert path.parent == run.spool
    assert path.read_bytes() == b"Velorin.\n"
