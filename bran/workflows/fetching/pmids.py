"""PMIDs as a user writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bran.errors import FormatError, Place
from bran.files import read_lines

_PMID = re.compile(r"[0-9]{1,12}")


def parse_pmid(text: str, place: Place | None = None) -> str:
    """``text`` as NCBI writes it: without leading zeros.

    Raises:
        FormatError: when it is no positive number.
    """
    if not _PMID.fullmatch(text) or not int(text):
        raise FormatError(f"PMID {text[:40]!r}: expected digits", place)
    return str(int(text))


def read_pmids(path: Path) -> Iterator[str]:
    """The PMIDs of a file, one a line; blank lines and what follows a ``#`` are passed over.

    Raises:
        FormatError: when the file cannot be read or a line is no PMID.
    """
    for number, line in read_lines(path):
        text = line.decode("utf-8", "replace").partition("#")[0].strip()
        if text:
            yield parse_pmid(text, Place(str(path), number))
