"""Which documents are left out: ids, titles, and what they are read from."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage
from bran.corpus.exclusion import Excluded, Match
from bran.errors import FormatError


def document(id_: str, title: str) -> Document:
    return Document(id_, (Passage("title", title),))


def pubtator(*titles: tuple[str, str]) -> str:
    return "\n".join(f"{id_}|t|{title}\n" for id_, title in titles)


def test_an_id_or_a_title_is_enough() -> None:
    excluded = Excluded.of([document("1", "Tremor after velorin."), document("2", "")])
    assert excluded.match(document("1", "Something else")) is Match.id
    assert excluded.match(document("9", "TREMOR, after Velorin")) is Match.title
    assert excluded.match(document("9", "Tremor after brinol.")) is None
    assert excluded.match(document("9", "")) is None  # an absent title is that of no document


def test_documents_lists_of_ids_and_published_folders(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("11\n\n 12 \n")
    (tmp_path / "ids").write_text("13\n")
    (tmp_path / "some.txt").write_text(pubtator(("21", "A"), ("22", "B")))
    folder = tmp_path / "bc5cdr"
    folder.mkdir()
    (folder / "CDR_TrainingSet.PubTator.txt").write_text(pubtator(("31", "C")))
    (folder / "CDR_TestSet.PubTator.txt").write_text(pubtator(("32", "D")))
    excluded = Excluded.read([tmp_path / "ids.txt", tmp_path / "ids", tmp_path / "some.txt", folder])
    assert excluded.ids == {"11", "12", "13", "21", "22", "31", "32"}
    assert excluded.titles == {"a", "b", "c", "d"}


def test_a_folder_of_brat_is_one_input(tmp_path: Path) -> None:
    (tmp_path / "41.txt").write_text("Velorin in gout.\n")
    (tmp_path / "41.ann").write_text("T1\tChemical 0 7\tVelorin\n")
    assert Excluded.read([tmp_path]).ids == {"41"}


def test_json_lines_and_biored_with_types_unknown_to_any_schema(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "1", "title": "One"}\n{"id": "1", "title": "Uno"}\n')
    (tmp_path / "b.pubtator").write_text("2|t|Two\n2\t0\t3\tTwo\tNumber\tN:2\n2\tCounts\tN:2\tN:2\tNovel\n")
    excluded = Excluded.read([tmp_path / "a.jsonl", tmp_path / "b.pubtator"])
    assert excluded == Excluded(frozenset("12"), frozenset({"one", "uno", "two"}))


def test_what_is_no_list_of_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("11\nthe test part\n")
    with pytest.raises(FormatError, match=r"notes\.txt:2: line 'the test part': expected an id"):
        Excluded.read([path])
    with pytest.raises(FormatError, match="absent: cannot be opened"):
        Excluded.read([tmp_path / "absent"])
