"""The Python sessions of the README and of the pages run, and show what they say; guides have a test of their own."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

_SESSION = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)


def sessions(page: Path) -> str:
    """The sessions of ``page``, one after the other, each at its line."""
    text, found, end = page.read_text(encoding="utf-8"), "", 0
    for match in _SESSION.finditer(text):
        found += "\n" * text.count("\n", end, match.start(1)) + match[1]
        end = match.end(1)
    return found


def pages(root: Path) -> list[Path]:
    return [page for page in (root / "README.md", *sorted((root / "docs").glob("*.md"))) if sessions(page)]


PAGES = pages(Path(__file__).parents[1])


def test_there_are_sessions() -> None:
    assert "notebooks.md" in [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_the_sessions_of_a_page_run(page: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    test = doctest.DocTestParser().get_doctest(sessions(page), {}, page.name, str(page), 0)
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    results = runner.run(test, out=told.append)
    assert results.attempted > 0
    assert not results.failed, "".join(told)
