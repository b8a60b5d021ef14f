"""Where sentences end: by rules, which is quick, always the same, and knows the abbreviations of abstracts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from bran.corpus.document import Document, Mention

Span = tuple[int, int]
"""First character, and one past the last."""

_END = re.compile(r"""[.!?][)\]"'”’]*(?=\s+["'“‘(\[]*(?:[A-Z0-9]|(?:alpha|beta|gamma|delta)\d*-|[a-z]{1,2}[A-Z]))""")
_NEVER_LAST = re.compile(
    r"approx|ca|cf|dr|e\.?g|eq|esp|figs?|i\.?e|jr|mrs?|ms|nos?|prof|refs?|resp|spp?|st|subsp|var|viz|vs", re.IGNORECASE
)
"""Abbreviations (without the last period) that something always follows."""
_SOMETIMES_LAST = re.compile(r"al|etc|inc|max|min|vol|wt|i\.[mptv]|i\.c\.v|p\.o|s\.c|[bqt]\.i\.d", re.IGNORECASE)
"""Abbreviations that end a sentence when a capitalised word follows."""
_WORD_FOLLOWS = re.compile(r"\.\s+[A-Z][A-Za-z]+[\s:]")
_NO_INITIALS = frozenset("ABCDI")
"""Capitals that end sentences oftener (vitamin C, group A) than they shorten a name."""
_LAST_WORD = re.compile(r"[^\s(\[,;]+$")


def sentence_spans(text: str) -> list[Span]:
    """The sentences of ``text`` in order, without the white space between them."""
    spans: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if not _abbreviates(text, match.start()):
            spans.append((start, match.end()))
            start = match.end()
    spans.append((start, len(text)))
    trimmed = (_trim(text, span) for span in spans)
    return [span for span in trimmed if span[0] < span[1]]


def document_sentences(document: Document) -> list[Span]:
    """The sentences of ``document`` in characters of its text; no sentence reaches over two passages."""
    spans: list[Span] = []
    offset = 0
    for passage in document.passages:
        spans.extend((offset + start, offset + end) for start, end in sentence_spans(passage.text))
        offset += len(passage.text) + 1
    return spans


class SentenceIndex:
    """Says in which sentence each mention of a document stands.

    Args:
        document: split into sentences once, here.
    """

    def __init__(self, document: Document) -> None:
        self._starts = [start for start, _ in document_sentences(document)]
        self._mentions: dict[str, list[Mention]] = {}
        for mention in document.mentions:
            for concept in (*mention.concepts, *filter(None, [mention.id])):
                self._mentions.setdefault(concept, []).append(mention)

    def sentence(self, mention: Mention) -> int:
        """The number of the sentence that ``mention`` begins in, from 0."""
        return max(bisect_right(self._starts, mention.start) - 1, 0)

    def together(self, head: Iterable[Mention], tail: Iterable[Mention]) -> bool:
        """Whether some mention of either stand in one sentence."""
        return not {self.sentence(mention) for mention in head}.isdisjoint(map(self.sentence, tail))

    def crosses(self, head: str, tail: str) -> bool:
        """Whether the concepts (or mention ids) ``head`` and ``tail`` never share a sentence."""
        return not self.together(self._mentions.get(head, ()), self._mentions.get(tail, ()))


def _abbreviates(text: str, period: int) -> bool:
    """Whether the sign at ``period`` ends an abbreviation or an initial, and no sentence."""
    if text[period] != ".":
        return False
    match = _LAST_WORD.search(text, max(0, period - 20), period)
    word = match[0] if match else ""
    if _SOMETIMES_LAST.fullmatch(word):
        return not _WORD_FOLLOWS.match(text, period)
    initial = len(word) == 1 and word.isupper() and word not in _NO_INITIALS
    return initial or _NEVER_LAST.fullmatch(word) is not None


def _trim(text: str, span: Span) -> Span:
    piece = text[slice(*span)]
    start = span[0] + len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())
