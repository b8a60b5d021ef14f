from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.writers.folders import atomic_folder
from bran.errors import FormatError


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out"

    def write(fail: bool) -> None:
        with atomic_folder(target) as folder:
            (folder / "a.txt").write_text("a")
            assert not target.exists()
            if fail:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(fail=True)
    assert not list(tmp_path.iterdir())
    write(fail=False)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (target / "a.txt").read_text() == "a"


def test_an_empty_folder_may_be_there(tmp_path: Path) -> None:
    with atomic_folder(tmp_path) as folder:
        (folder / "a.txt").write_text("a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_there_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "out"
    corrected = target / "1.ann" if kind == "folder" else target
    corrected.parent.mkdir(exist_ok=True)
    corrected.write_text("corrected")
    message = "out: is there already; expected the name of a new folder"
    with pytest.raises(FormatError, match=message), atomic_folder(target):
        pass
    assert corrected.read_text() == "corrected"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    message = r"missing/out: cannot be written \(No such file or directory\)"
    with pytest.raises(FormatError, match=message), atomic_folder(tmp_path / "missing" / "out"):
        pass
