"""Abbreviations that a text defines: ``gamma-aminobutyric acid (GABA)`` gives ``GABA`` its long form.

Schwartz & Hearst, *A simple algorithm for identifying abbreviation definitions in biomedical text*, PSB 2003,
as scispaCy implements its search for the long form. Brackets are paired here and not by scispaCy's detector, whose
pattern takes every opening one together with every later closing one and so needs quadratic time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from bran.corpus.sentences import sentence_spans

if TYPE_CHECKING:
    from spacy.vocab import Vocab

_WORD = re.compile(
    r"""(?: [^\s()\[\],;:.]
      | [,;:.](?=[^\s()\[\],;:.])                               # 1,4-dioxane, but no comma at the end
      | (?<=[^\s()\[\]]) [(\[] [^\s()\[\]]{0,40} [)\]]          # N(6)-cyclopentyl, GABA(A)
    )+ | \S""",
    re.VERBOSE,
)
_OPENING, _CLOSING = "([", ")]"
_MAX_SENTENCE = 2000
"""Characters of a sentence that are looked at: what is longer is a table or a list."""
_MAX_SHORT_WORDS, _MAX_LONG_WORDS = 3, 8
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Range = tuple[int, int]
"""The first word, and one past the last."""
Forms = tuple[Range, Range]
"""Where a short form stands, and where its long form does."""


class Abbreviations:
    """Finds the abbreviations that a text defines. Time is linear in the length of the text."""

    def __call__(self, text: str) -> dict[str, str]:
        """The long form of each short form, as both stand in ``text``; the first definition counts."""
        found: dict[str, str] = {}
        if "(" not in text and "[" not in text:
            return found
        for start, end in sentence_spans(text):
            sentence = text[start : min(end, start + _MAX_SENTENCE)]
            if "(" in sentence or "[" in sentence:
                for short, long in self._defined(_LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", sentence)):
                    found.setdefault(short, long)
        return found

    def _defined(self, sentence: str) -> Iterator[tuple[str, str]]:
        """The short and long forms that ``sentence`` holds; of nested brackets the inner ones first."""
        matches = list(_WORD.finditer(sentence))
        words = [match[0] for match in matches]
        candidates = [candidate for pair in _pairs(words) for candidate in _candidates(words, pair)]
        if candidates:
            for forms in self._confirmed(words, candidates):
                short, long = (sentence[matches[first].start() : matches[last - 1].end()] for first, last in forms)
                if _holds(short, long):
                    yield short, long

    def _confirmed(self, words: list[str], candidates: list[Forms]) -> list[Forms]:
        """The ``candidates`` whose short form has its letters in the long one, which now begins where they do."""
        from scispacy.abbreviation import find_abbreviation
        from spacy.tokens import Doc

        confirmed = []
        with self._vocab.memory_zone():  # else every word ever seen would be kept
            doc = Doc(self._vocab, words=words)
            for short, long in candidates:
                _, found = find_abbreviation(doc[slice(*long)], doc[slice(*short)])
                if found is not None:
                    confirmed.append((short, (found.start, found.end)))
        return confirmed

    @cached_property
    def _vocab(self) -> Vocab:
        from spacy.vocab import Vocab

        return Vocab()


def _pairs(words: list[str]) -> Iterator[tuple[int, int]]:
    """The words of an opening bracket and of the one that closes it, inner ones first; single ones are passed over."""
    opened: list[int] = []
    for index, word in enumerate(words):
        if word in _OPENING:
            opened.append(index)
        elif word in _CLOSING:
            while opened:
                opening = opened.pop()
                if _OPENING.index(words[opening]) == _CLOSING.index(word):
                    yield opening, index
                    break


def _candidates(words: list[str], brackets: tuple[int, int]) -> Iterator[Forms]:
    """What ``long (short)``, or ``short (long)``, may stand for, with the most words that the long form can have."""
    opening, closing = brackets
    inside, before = words[opening + 1 : closing], words[max(opening - 1, 0) : opening]
    if _may_be_short(inside):
        length = sum(map(len, inside))
        yield (opening + 1, closing), (max(opening - min(length + 5, 2 * length), 0), opening)
    if 1 < len(inside) <= _MAX_LONG_WORDS and _may_be_short(before):
        yield (opening - 1, opening), (opening + 1, closing)


def _may_be_short(words: list[str]) -> bool:
    """Whether ``words`` look like a short form: one to three, each of 2 to 9 characters, half of them letters."""
    text = " ".join(words)
    return (
        0 < len(words) <= _MAX_SHORT_WORDS
        and all(2 <= len(word) < 10 for word in words)
        and text[0].isalnum()
        and 2 * sum(map(str.isalpha, text)) >= len(text)
    )


def _holds(short: str, long: str) -> bool:
    """The checks on a result of Schwartz & Hearst, and that the long form has no half of a pair of brackets."""
    balanced = long.count("(") == long.count(")") and long.count("[") == long.count("]")
    return balanced and len(long) > len(short) and short.casefold() not in re.split(r"[\s-]+", long.casefold())
