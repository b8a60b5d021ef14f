from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.readers import Strict
from bran.corpus.schema import load_schema
from bran.errors import DataError
from bran.workflows.tagging_report import TaggingReport, read_pair, reports, write_losses
from tests.builders import document
from tests.names import mini_lexicon
from tests.runs import write_corpus

GOLD = document(
    "1",
    "{Velorin|Chemical|MESH:C000777} and {tremor|Disease|MESH:D000015}.",
    relations=[("CID", "MESH:C000777", "MESH:D000015")],
)
FOUND = document(
    "1",
    "{Velorin|Chemical|MESH:D000001} and {tremor|Disease|MESH:D000015}.",
    relations=[("CID", "MESH:D000001", "MESH:D000015")],
)


def test_retired_ids_are_scored_as_annotated_and_renewed(tmp_path: Path) -> None:
    first, second = reports([GOLD], [FOUND], mini_lexicon(tmp_path))
    assert first.mentions["all"].f1 == 1
    assert first.concepts["Chemical"].f1 == 0
    assert first.relations is not None
    assert first.relations.f1 == 0
    assert [(loss.stage, loss.type, loss.missed) for loss in first.losses] == [
        ("linking", "Chemical", True),
        ("linking", "Chemical", False),
    ]
    assert second.concepts["Chemical"].f1 == 1
    assert second.relations is not None
    assert second.relations.f1 == 1
    assert second.losses == ()
    assert "ids:as annotated" in first.signature
    assert "ids:1 renewed" in second.signature


def test_without_retired_ids_one_report_is_enough(tmp_path: Path) -> None:
    (report,) = reports([FOUND], [FOUND], mini_lexicon(tmp_path))
    assert report.to_dict()["relations"]["f1"] == 1


def test_gold_without_relations_has_no_score_of_them() -> None:
    bare = FOUND.with_relations(())
    report = TaggingReport.of([bare], [FOUND])
    assert report.relations is None
    assert "relations" not in report.to_dict()
    assert len(list(report.tables())) == 1


def test_what_was_not_found_counts_as_empty(tmp_path: Path) -> None:
    gold = write_corpus(tmp_path / "gold.txt", [GOLD, document("2", "{Rash|Disease|MESH:D000016}.", "Gone.")])
    found = write_corpus(tmp_path / "found.txt", [FOUND])
    wanted, answers = read_pair(gold, found, schema=load_schema("cdr"), on_error=Strict())
    assert [document.id for document in answers] == ["1", "2"]
    assert answers[1].mentions == ()
    assert TaggingReport.of(wanted, answers).mentions["Disease"].recall == pytest.approx(0.5)


def test_another_text_is_an_error(tmp_path: Path) -> None:
    gold = write_corpus(tmp_path / "gold.txt", [GOLD])
    found = write_corpus(tmp_path / "found.txt", [document("1", "Something else.")])
    with pytest.raises(DataError, match="document 1: its text is not that of the gold document"):
        read_pair(gold, found, schema=load_schema("cdr"), on_error=Strict())


def test_losses_as_a_table(tmp_path: Path) -> None:
    write_losses(TaggingReport.of([GOLD], [FOUND]).losses, tmp_path / "losses.tsv")
    header, *rows = (tmp_path / "losses.tsv").read_text(encoding="utf-8").splitlines()
    assert header.split("\t")[:6] == ["document", "relation", "head", "tail", "outcome", "stage"]
    assert [row.split("\t")[4:] for row in rows] == [
        ["missed", "linking", "Chemical", "Velorin", "Velorin (MESH:D000001)"],
        ["wrong", "linking", "Chemical", "Velorin", "Velorin (MESH:C000777)"],
    ]
