from __future__ import annotations

import pytest

from bran.corpus.readers import ErrorLog, Strict
from bran.errors import FormatError, Place, UnknownTypeError


def test_strict_stops_at_either() -> None:
    error = FormatError("bad", Place("file", 3, "7"))
    with pytest.raises(FormatError, match=r"file:3 \(document 7\): bad"):
        Strict().skip(error)
    with pytest.raises(FormatError):
        Strict().drop(error)


def test_a_log_keeps_documents_and_counts_types() -> None:
    log = ErrorLog()
    error = FormatError("bad", Place("file", 3))
    log.skip(error)
    for line in (1, 2):
        log.drop(UnknownTypeError("entity type 'Plant'", Place("file", line)))
    assert log.skipped == [error]
    assert log.dropped == {"entity type 'Plant'": 2}
