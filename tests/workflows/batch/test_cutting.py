"""Files in ranges: the same records and errors as in the whole file, wherever it is cut."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog
from bran.workflows.batch.cutting import CUTTABLE, ranges, records
from bran.workflows.batch.shards import Shard, read_shard
from tests.workflows.batch.formats import FORMATS

sizes = st.integers(1, 400)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a file may be written."""
    return tmp_path_factory.mktemp("cut") / "records"


def cut(path: Path, size: int, name: str | None = None) -> list[Shard]:
    return [Shard("", (str(path),), start, stop) for start, stop in ranges(path, size, name)]


def read(shards: list[Shard], name: str | None = None) -> tuple[list[tuple[Any, ...]], list[str], dict[str, int]]:
    """Records, errors with their places, and counts of what was dropped."""
    log = ErrorLog()
    documents = [doc for shard in shards for doc in read_shard(shard, input_format=name, on_error=log)]
    return list(map(record, documents)), [str(error) for error in log.skipped], dict(log.dropped)


def record(document: Document) -> tuple[Any, ...]:
    return document.id, document.passages, document.mentions, document.relations, dict(document.meta)


def deletions(shards: list[Shard]) -> list[tuple[str, int]]:
    """Ids, and the number of the last record before, counted through."""
    found: list[tuple[str, int]] = []
    before = 0
    for shard in shards:
        here: dict[str, int] = {}
        before_here = before
        for _ in read_shard(shard, on_error=ErrorLog(), on_deleted=here.__setitem__):
            before += 1
        found += [(id_, before_here + last) for id_, last in here.items()]
    return found


def test_every_format_that_can_be_cut_is_drawn() -> None:
    assert FORMATS.keys() == CUTTABLE.keys()


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), size=sizes)
@settings(max_examples=60, deadline=None)
def test_ranges_give_what_the_whole_file_gives(path: Path, name: str, data: st.DataObject, size: int) -> None:
    path.write_bytes(data.draw(FORMATS[name]()))
    assert read(cut(path, size, name), name) == read([Shard("", (str(path),))], name)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), size=sizes)
@settings(max_examples=25, deadline=None)
def test_ranges_begin_with_the_first_records_after_multiples_of_the_size(
    path: Path, name: str, data: st.DataObject, size: int
) -> None:
    content = data.draw(FORMATS[name]()).replace(b"\0", b"0")
    path.write_bytes(content)
    found, records = ranges(path, size, name), CUTTABLE[name]
    assert [start for start, _ in found] == [0, *(stop for _, stop in found[:-1])]
    assert found[-1][1] is None
    with path.open("rb") as file:
        starts = {records.first_from(file, at) for at in range(size, len(content), size)} - {None}
        if name in ("jsonl", "pubtator"):
            assert {start for start, _ in found[1:]} == starts - {records.first_from(file, 0)}
        else:
            assert {start for start, _ in found[1:]} <= starts


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), size=sizes)
@settings(max_examples=25, deadline=None)
def test_records_of_ranges_give_what_the_whole_file_gives(
    path: Path, name: str, data: st.DataObject, size: int
) -> None:
    path.write_bytes(data.draw(FORMATS[name]()))
    pieces = [each for start, stop in ranges(path, size, name) for each in records(path, start, stop, name)]
    assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])]
    shards = [Shard("", (str(path),), start, stop) for start, stop in pieces]
    assert read(shards, name) == read([Shard("", (str(path),))], name)


def test_records_are_told_apart_from_the_first_on(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    record = b"<document><id>%d</id></document>\n"
    path.write_bytes(b"<collection>" + b"".join(record % number for number in range(9)) + b"</collection>")
    starts = [12 + number * len(record % 0) for number in range(1, 9)]
    assert list(records(path)) == [(0, starts[0]), *zip(starts, [*starts[1:], None], strict=True)]
    assert list(records(path, starts[2], starts[4])) == [(starts[2], starts[3]), (starts[3], starts[4])]


@given(data=st.data(), size=sizes)
@settings(max_examples=25, deadline=None)
def test_deletions_come_once_wherever_a_file_is_cut(path: Path, data: st.DataObject, size: int) -> None:
    path.write_bytes(data.draw(FORMATS["pubmed"]()))
    shards = cut(path, size, "pubmed")
    assert deletions(shards) == deletions([Shard("", (str(path),))])


def test_files_are_cut_into_as_many_ranges_as_their_size_says(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = b'{"id": "00", "text": "Velorin eased gout."}\n'
    path.write_bytes(line * 100)
    assert ranges(path, 10 * len(line)) == [
        *((10 * i * len(line), 10 * (i + 1) * len(line)) for i in range(9)),
        (90 * len(line), None),
    ]


BODY = b"<PubmedArticle><MedlineCitation><PMID>1</PMID></MedlineCitation></PubmedArticle>" * 3
WHOLE = {
    "gzip": gzip.compress(b"1|t|One.\n2|t|Two.\n" * 20, mtime=0),
    "prose": b"Velorin eased gout.\n\n" * 20,
    "utf-16": ("<PubmedArticleSet>" + BODY.decode() + "</PubmedArticleSet>").encode("utf-16"),
    "encoding": b'<?xml version="1.0" encoding="utf-7"?><PubmedArticleSet>' + BODY + b"</PubmedArticleSet>",
    "entities": b'<!DOCTYPE PubmedArticleSet [<!ENTITY a "b">]><PubmedArticleSet>' + BODY + b"</PubmedArticleSet>",
    "one record": BODY[:80],
    "json": b'{"documents": [' + b'{"id": "1", "passages": [], "infons": {}},\n' * 9 + b"]}",
    "empty": b"",
    "blank": b"\n" * 99,
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_what_cannot_be_cut_soundly_stays_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert ranges(path, 16) == [(0, None)]
    assert list(records(path)) == [(0, None)]


def test_a_file_that_is_gone_is_left_to_its_reader(tmp_path: Path) -> None:
    assert ranges(tmp_path / "absent.jsonl", 16) == [(0, None)]


def test_broken_xml_is_told_with_the_lines_of_the_file_and_later_ranges_are_read(tmp_path: Path) -> None:
    path, log = tmp_path / "a.xml", ErrorLog()
    document = "<document><id>{}</id><passage><offset>0</offset><text>Gout.</text></passage></document>\n"
    lines = [document.format(number) for number in range(10)]
    lines[4] = lines[4].replace("</text>", "</texts>")
    path.write_text("<collection>\n" + "".join(lines) + "</collection>\n", encoding="utf-8")
    shards = cut(path, 3 * len(document))
    assert len(shards) == 3
    found = [doc.id for shard in shards for doc in read_shard(shard, on_error=log)]
    assert found == ["0", "1", "2", "3", "7", "8", "9"]  # the rest of one range is lost
    (error,) = log.skipped
    assert error.place.line == 6
    assert "text line 6" in error.message


def test_a_tag_within_a_text_or_comment_is_no_place_to_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    text = "<document><id>{}</id><passage><offset>0</offset><text><![CDATA[a </document> or <document> tag]]></text>"
    record = text + "</passage><!-- <document> --></document>\n"
    path.write_text(f"<collection>{''.join(map(record.format, range(9)))}</collection>", encoding="utf-8")
    whole = read([Shard("", (str(path),))])
    assert len(whole[0]) == 9
    assert len(cut(path, 300)) > 3
    assert all(read(cut(path, size)) == whole for size in range(1, 300, 7))


def test_cutting_reads_no_more_than_it_must(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    with path.open("wb") as file:
        file.write(b"<collection>")
        for number in range(4000):
            file.write(b"<document><id>%d</id>%s</document>\n" % (number, b" " * 5000))
        file.write(b"</collection>")
    tracemalloc.start()
    found = ranges(path, 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == -(-path.stat().st_size // (1 << 20))
    assert peak < 1 << 20
