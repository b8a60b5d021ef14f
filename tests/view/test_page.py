from __future__ import annotations

import re
from html.parser import HTMLParser

from bran.view.page import code, facts, figure, page


class Tags(HTMLParser):
    """Remembers every tag that is open at the end, and what tags refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_whole_and_needs_nothing_else() -> None:
    sections = [facts([("corpus", "a < b")]), figure("F", "<svg></svg>"), code("Do", ["bran study", "a & b"])]
    html = page("Study <x>", sections)
    tags = Tags()
    tags.feed(html)
    assert not tags.open
    assert not tags.references
    assert not re.search(r"url\(|@import", html)
    assert html.startswith("<!doctype html>")
    for text in ("<h1>Study &lt;x&gt;</h1>", "<dd>a &lt; b</dd>", "<svg></svg>", "bran study\na &amp; b"):
        assert text in html
