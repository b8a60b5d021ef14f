"""PMIDs as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.workflows.fetching.pmids import parse_pmid, read_pmids


@pytest.mark.parametrize(("text", "pmid"), [("7", "7"), ("0099", "99"), ("99000001", "99000001")])
def test_pmids(text: str, pmid: str) -> None:
    assert parse_pmid(text) == pmid


@pytest.mark.parametrize("text", ["abc", "", "0", "-1", "1.0", "PMC12", "१२", "1" * 13, "12\n"])
def test_what_is_no_pmid(text: str) -> None:
    with pytest.raises(FormatError, match=r"^PMID '.*': expected digits$"):
        parse_pmid(text)


def test_a_file_of_pmids(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\xef\xbb\xbf101\r\n\n  102  # the second\n# none\n0103")
    assert list(read_pmids(path)) == ["101", "102", "103"]


def test_a_line_that_is_no_pmid_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"101\nab\xff\n")
    with pytest.raises(FormatError, match=r"ids\.txt:2: PMID 'ab�': expected digits"):
        list(read_pmids(path))
