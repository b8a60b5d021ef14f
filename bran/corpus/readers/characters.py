"""Line ends and control characters, which no passage should hold, replaced one for one, so that offsets stay."""

from __future__ import annotations

import re

from bran.corpus.readers.errors import ErrorHandler
from bran.errors import FormatError, Place

_BREAKS = re.compile(r"[\t\n\r\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def one_line(text: str, place: Place, on_error: ErrorHandler) -> str:
    """``text`` of the same length with a space for each line end, tab and control character.

    Each control character other than tab and line end is told to ``on_error.drop``.
    """
    for match in _CONTROLS.finditer(text):
        on_error.drop(FormatError(f"control character U+{ord(match[0]):04X}; expected text, read as a space", place))
    return spaced(text)


def spaced(text: str) -> str:
    """As :func:`one_line`, without a word."""
    return _CONTROLS.sub(" ", _BREAKS.sub(" ", text))
