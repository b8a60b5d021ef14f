"""What every command says of documents that it had to leave out."""

from __future__ import annotations

import pytest
import typer

from bran.cli.reporting import report
from bran.corpus.readers import ErrorLog
from bran.errors import EXIT_SKIPPED, FormatError, Place, UnknownTypeError


def test_nothing_left_out_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    report(ErrorLog())
    assert capsys.readouterr() == ("", "")


def test_skipped_documents_are_named_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    log = ErrorLog()
    log.skip(FormatError("row 'x': expected a mention", Place("a.txt", 3, "17")))
    log.skip(FormatError("is empty; expected some content", Place("b.txt")))
    with pytest.raises(typer.Exit) as caught:
        report(log)
    assert caught.value.exit_code == EXIT_SKIPPED == 6
    assert capsys.readouterr() == (
        "",
        "skipped: a.txt:3 (document 17): row 'x': expected a mention\n"
        "skipped: b.txt: is empty; expected some content\n"
        "documents skipped: 2\n",
    )


def test_dropped_rows_are_counted_with_the_place_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    log = ErrorLog()
    for line, type_ in enumerate(["Gene", "Plant", "Plant"], start=5):
        log.drop(UnknownTypeError(f"entity type {type_!r}; expected one of Chemical", Place("a.txt", line, "17")))
    report(log)  # no document is missing: that is no failure
    assert capsys.readouterr() == (
        "",
        "dropped rows: 2; first a.txt:6 (document 17): entity type 'Plant'; expected one of Chemical\n"
        "dropped rows: 1; first a.txt:5 (document 17): entity type 'Gene'; expected one of Chemical\n",
    )
