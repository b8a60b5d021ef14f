"""Reading shards: every record, in order, with what is left out told as it stands in the files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorLog, Strict, reader_options
from bran.corpus.schema import load_schema
from bran.corpus.writers import WRITERS, write_documents
from bran.errors import DataError, FormatError
from bran.export.run_folder import RunFolder
from bran.workflows.batch.planning import plan
from bran.workflows.batch.shards import Caution, Shard, read_shard, stamps
from bran.workflows.batch.spool import is_spooled, spool

PUBMED = """<?xml version="1.0"?>
<PubmedArticleSet>
<PubmedArticle><MedlineCitation><PMID Version="2">7</PMID><Article><ArticleTitle>New.</ArticleTitle></Article>
</MedlineCitation></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID Version="1">8</PMID><Article><ArticleTitle>Gone.</ArticleTitle></Article>
<CommentsCorrectionsList><CommentsCorrections><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>
</MedlineCitation></PubmedArticle>
<PubmedArticle><MedlineCitation><PMID Version="1">7</PMID><Article><ArticleTitle>Old.</ArticleTitle></Article>
</MedlineCitation></PubmedArticle>
<DeleteCitation><PMID Version="1">8</PMID><PMID Version="1">0012</PMID></DeleteCitation>
</PubmedArticleSet>
"""


def lines(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def ids(shard: Shard, **options: Any) -> list[str]:
    return [document.id for document in read_shard(shard, on_error=options.pop("on_error", Strict()), **options)]


def test_small_files_of_several_formats_one_after_the_other(tmp_path: Path) -> None:
    prose, table = tmp_path / "b.txt", tmp_path / "c.txt"
    prose.write_text("Velorin.\n\nBrinol eased gout.\n", encoding="utf-8")
    table.write_text("11|t|Gout.\n", encoding="utf-8")
    paths = (lines(tmp_path / "a.jsonl", {"id": "1", "text": "Gout."}), str(prose), str(table))
    assert ids(Shard("k", paths)) == ["1", "b", "11"]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    broken = tmp_path / "b.jsonl.gz"
    broken.write_bytes(gzip.compress(b'{"id": "2", "text": "x"}\n' * 9)[:-20])
    paths = (str(tmp_path / "absent.txt"), str(broken), lines(tmp_path / "c.jsonl", {"id": "3", "text": "Gout."}))
    log = ErrorLog()
    assert ids(Shard("k", paths), on_error=log)[-1] == "3"
    assert [error.place.path for error in log.skipped] == [paths[0], paths[1]]
    with pytest.raises(FormatError, match="cannot be opened"):
        ids(Shard("k", paths))


@pytest.mark.parametrize("name", ["jsonl", "pubtator", "bioc-xml", "bioc-json", "docbin"])
def test_every_record_of_an_id_comes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "records"
    with path.open("wb") as stream:
        writer = WRITERS[name](stream, load_schema("cdr"))
        documents = [Document("1", (Passage("title", title),)) for title in ("Old.", "New.")]
        write_documents(iter(documents), writer, on_error=Strict())
        writer.close()
    read = list(read_shard(Shard("k", (str(path),)), on_error=Strict()))
    assert [(document.id, document.text) for document in read] == [("1", "Old."), ("1", "New.")]


def test_every_version_of_a_pubmed_record_comes_deleted_ones_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(PUBMED, encoding="utf-8")
    documents = list(read_shard(Shard("k", (str(path),)), on_error=Strict()))
    assert [(doc.id, doc.meta["version"], doc.text) for doc in documents] == [
        ("7", 2, "New."),
        ("8", 1, "Gone."),
        ("7", 1, "Old."),
    ]


def deletions(*paths: Path | str, log: ErrorLog | None = None, **options: Any) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    shard = Shard("k", tuple(map(str, paths)))
    for _ in read_shard(shard, on_error=log or Strict(), on_deleted=lambda *told: found.append(told), **options):
        pass
    return found


@pytest.mark.parametrize("packed", [False, True])
def test_deletions_of_pubmed_files_and_of_no_others(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(gzip.compress(PUBMED.encode()) if packed else PUBMED.encode())
    other = lines(tmp_path / "b.jsonl", {"id": "1", "text": "<DeleteCitation><PMID>5</PMID></DeleteCitation>"})
    assert deletions(path, other, path) == [("8", 2), ("12", 2), ("8", 6), ("12", 6)]


def test_deletions_stand_after_the_records_that_come(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(PUBMED.replace("New.", "A title that is too long."), encoding="utf-16")
    assert deletions(path, log=ErrorLog(), max_characters=10) == [("8", 1), ("12", 1)]
    path.write_text(
        "<PubmedArticleSet><DeleteCitation><PMID>x</PMID><PMID>3</PMID></DeleteCitation></PubmedArticleSet>"
    )
    assert deletions(path) == [("3", -1)]


def test_documents_that_are_too_long_are_told_and_left_out(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": "1", "text": "v" * 21}, {"id": "2", "text": "v" * 20})
    log = ErrorLog()
    assert ids(Shard("k", (path,)), max_characters=20, on_error=log) == ["2"]
    assert [str(error) for error in log.skipped] == [
        f"{path} (document 1): holds 21 characters; expected at most 20 (--max-characters)"
    ]


def test_options_reach_the_reader(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", *({"PMID": number, "note": "Velorin."} for number in range(9)))
    options = reader_options(["id=PMID", "text=note"])
    shards = plan([Path(path)], cut=60, small=1)
    assert len(shards) > 3
    assert [id_ for shard in shards for id_ in ids(shard, options=options)] == [str(number) for number in range(9)]


def test_errors_in_ranges_name_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = '{"id": "1", "text": "Velorin."}\n'
    path.write_text(good * 7 + "{broken\n" + good, encoding="utf-8")
    log = ErrorLog()
    shards = plan([path], cut=60, small=1)
    assert len([id_ for shard in shards for id_ in ids(shard, on_error=log)]) == 8
    (error,) = log.skipped
    assert str(error).startswith(f"{path}:8: ")
    with pytest.raises(DataError, match=r"a\.jsonl:8: "):
        [id_ for shard in shards for id_ in ids(shard)]


def test_pieces_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    first = lines(tmp_path / "a.jsonl", *({"id": str(number), "text": "Velorin."} for number in range(4)))
    second = lines(tmp_path / "b.jsonl", {"id": "5", "text": "Gout."})
    size = (tmp_path / "a.jsonl").stat().st_size // 4
    shard, log, pieces = Shard("k", (first, second)), ErrorLog(), []
    caution = Caution(apart=True, unreadable={(0, size): "killed"})
    assert ids(shard, on_error=log, caution=caution, on_piece=pieces.append) == ["0", "2", "3", "5"]
    assert pieces == [(0, 0), (0, 2 * size), (0, 3 * size), (1, 0)]
    assert [str(error) for error in log.skipped] == [f"{first}:2: killed"]
    whole = Caution(unreadable={(0, 0): "killed"})
    assert ids(shard, on_error=(other := ErrorLog()), caution=whole) == ["5"]
    assert [str(error) for error in other.skipped] == [f"{first}: killed"]


def test_a_shard_that_is_one_piece_which_cannot_be_read_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "2", "text": "x"}\n' * 9))
    caution = Caution(apart=True, unreadable={(0, 0): "killed"})
    with pytest.raises(FormatError, match=r"a\.jsonl\.gz: killed$"):
        ids(Shard("k", (str(path),)), on_error=ErrorLog(), caution=caution)


@pytest.mark.parametrize("content", [None, "Velorin eased gout.\n"])
def test_a_range_of_a_file_that_is_another_now_is_told(tmp_path: Path, content: str | None) -> None:
    path, log = tmp_path / "a.txt", ErrorLog()
    if content:
        path.write_text(content, encoding="utf-8")
    assert ids(Shard("k", (str(path),), 100, 200), on_error=log) == []
    assert len(log.skipped) == 1


def test_prose_from_standard_input_holds_a_document_for_each_paragraph(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"Velorin eased gout.\n\nBrinol did not.\n")
    with source.open("rb") as stream:
        path = spool(stream, RunFolder(tmp_path / "run"), "stdin")
    assert is_spooled(path)
    assert not is_spooled(tmp_path / "stdin-1.txt")
    shard = Shard("k", (str(path),))
    assert [doc.text for doc in read_shard(shard, on_error=Strict())] == ["Velorin eased gout.", "Brinol did not."]
    assert len(ids(shard, options=reader_options(text="file"))) == 1


def test_stamps_of_a_range_are_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    (part,) = stamps(Shard("k", (str(path),), 2, 5))
    path.write_bytes(b"xx234xxxxx")
    assert stamps(Shard("k", (str(path),), 2, 5))[0].sha256 == part.sha256
    assert stamps(Shard("k", (str(path),), 2, 6))[0].sha256 != part.sha256
