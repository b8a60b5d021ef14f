"""Titles, reduced to what makes two documents the same."""

from __future__ import annotations

import re
import unicodedata

from bran.corpus.document import Document

_TELLING = 3
"""Words of a title from which on it names one document; "Brugada syndrome" names a subject."""
_NOT_LETTERS = re.compile(r"[\W_]+")


def normalised_title(title: str) -> str:
    """``title`` without case, punctuation, accents' encoding and spacing; two like ones are one document's."""
    return _NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", title).casefold()).strip()


def title_key(document: Document) -> str:
    """What two records of one document have in common: the normalised title, after one of few words the whole text.

    Empty when ``document`` has no title.
    """
    title = normalised_title(document.title)
    return title if not title or title.count(" ") + 1 >= _TELLING else normalised_title(document.text)
