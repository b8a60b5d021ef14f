"""Titles, reduced to what makes two documents the same."""

from __future__ import annotations

import re
import unicodedata

_NOT_LETTERS = re.compile(r"[\W_]+")


def normalised_title(title: str) -> str:
    """``title`` without case, punctuation, accents' encoding and spacing; two like ones are one document's."""
    return _NOT_LETTERS.sub(" ", unicodedata.normalize("NFKC", title).casefold()).strip()
