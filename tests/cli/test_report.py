"""``bran report``: documents, tables and gold in, one page out, with the numbers of ``extract`` and ``evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.export.text import to_cell
from bran.extraction.predictor import Predictor
from tests.builders import documents, tiny_model
from tests.recognisers import trained_model, write_lexicon
from tests.reports import read_page
from tests.runs import abstracts, write_corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights that keeps about half of the candidates."""
    folder = tmp_path_factory.mktemp("model")
    made = tiny_model(name="mine")
    predicted = Predictor(made).predict(abstracts(), threshold=0.0)
    scores = sorted(relation.score or 0.0 for document in predicted for relation in document.relations)
    made.description = made.description.model_copy(update={"threshold": scores[len(scores) // 2]})
    made.save(folder)
    return folder


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "gold.txt", abstracts())


def bran(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def page(*arguments: object, code: int = 0) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What is on the page that ``bran report`` makes; the last argument is its path."""
    result = bran("report", *arguments[:-1], "-o", arguments[-1])
    assert result.exit_code == code, result.output
    return read_page(Path(str(arguments[-1])).read_text(encoding="utf-8"))


def table_rows(path: Path) -> list[list[str]]:
    header, *lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    wanted = [header.index(name) for name in ("document", "type", "head", "tail", "score", "probability")]
    return [[cells[place] for place in wanted] for cells in lines]


def shown_rows(documents: list[dict[str, Any]]) -> list[list[str]]:
    """What pages show of predicted relations, as a table writes it."""
    return [
        [document["id"], *(relation[name] for name in ("type", "head", "tail")), *map(to_cell, numbers)]
        for document in documents
        for relation in document["relations"]
        if relation["status"] != "missed"
        for numbers in [(relation["score"], relation["probability"])]
    ]


def test_the_page_has_the_rows_of_the_table(model: Path, gold: Path, tmp_path: Path) -> None:
    assert bran("extract", gold, "--model", model, "-o", tmp_path / "found.tsv").exit_code == 0
    head, shown = page(gold, "--model", model, tmp_path / "report.html")
    assert shown_rows(shown) == table_rows(tmp_path / "found.tsv")
    assert len(shown_rows(shown)) == head["summary"]["relations"] > 5
    assert head["title"] == "Relations in gold.txt"
    assert dict(head["facts"])["model"].startswith("mine, version ")


def test_relations_of_the_input_are_gold(model: Path, gold: Path, tmp_path: Path) -> None:
    evaluated = json.loads(bran("evaluate", model, gold, "--bootstrap", "0", "--json").stdout)
    head, _ = page(gold, "--model", model, tmp_path / "report.html")
    scores = {score["protocol"]: score for score in head["summary"]["scores"]}
    assert scores.keys() == {"raw", "filtered"}
    for protocol, wanted in ((name, evaluated["protocols"][name]["slices"]["micro"]) for name in scores):
        assert {name: scores[protocol][name] for name in ("tp", "fp", "fn")} == {
            name: wanted[name] for name in ("tp", "fp", "fn")
        }
        assert scores[protocol]["f1"] == wanted["f1"]
    facts = dict(head["facts"])
    assert facts["gold"] == "the relations of the input"
    assert facts["scores, raw"].startswith("corpus:")


def test_gold_can_be_left_alone(model: Path, gold: Path, tmp_path: Path) -> None:
    head, shown = page(gold, "--model", model, "--no-gold", tmp_path / "report.html")
    assert head["summary"]["scores"] == []
    assert {relation["status"] for document in shown for relation in document["relations"]} == {None}


def test_gold_of_another_file(model: Path, gold: Path, tmp_path: Path) -> None:
    bare = write_corpus(tmp_path / "bare.txt", [doc.with_relations(()) for doc in abstracts()])
    head, shown = page(bare, "--model", model, tmp_path / "bare.html")
    assert head["summary"]["statuses"] == {}
    other, judged = page(bare, "--model", model, "--gold", gold, tmp_path / "judged.html")
    assert shown_rows(judged) == shown_rows(shown)
    assert other["summary"]["statuses"] == page(gold, "--model", model, tmp_path / "g.html")[0]["summary"]["statuses"]
    assert dict(other["facts"])["gold"] == "gold.txt"


@pytest.mark.parametrize("suffix", ["tsv", "parquet", "jsonl"])
def test_a_table_of_an_earlier_run(suffix: str, model: Path, gold: Path, tmp_path: Path) -> None:
    table = tmp_path / f"found.{suffix}"
    assert bran("extract", gold, "--model", model, "-o", table).exit_code == 0
    _, expected = page(gold, "--model", model, "--no-gold", tmp_path / "documents.html")
    head, shown = page(table, tmp_path / "table.html")
    assert shown_rows(shown) == shown_rows(expected)
    assert {document["text"] for document in shown} == {""}
    sentences = [relation["sentence"] for document in shown for relation in document["relations"]]
    assert all(sentences)
    assert sentences == [relation["sentence"] for document in expected for relation in document["relations"]]
    assert head["facts"][0] == ["table", f"found.{suffix}"]


def test_a_run_of_an_earlier_extraction(model: Path, gold: Path, tmp_path: Path) -> None:
    tables = pytest.importorskip("bran.export.run_tables", reason="needs runs in folders")
    assert bran("extract", gold, "--model", model, "-o", tmp_path / "run").exit_code == 0
    head, shown = page(tmp_path / "run", "--gold", gold, tmp_path / "run.html")
    with tables.open_tables(tmp_path / "run") as opened:
        names = ("document", "type", "head", "tail", "score", "probability")
        assert shown_rows(shown) == [[to_cell(row[name]) for name in names] for row in opened.rows()]
    assert [document["text"] for document in shown] == [document.text for document in abstracts()]
    facts = dict(head["facts"])
    assert facts["run"] == "run"
    assert facts["model"].startswith("mine, version ")
    assert sum(head["summary"]["statuses"].values()) >= 12
    assert page(tmp_path / "run", tmp_path / "bare.html")[0]["summary"]["statuses"] == {}


def test_a_table_with_gold_has_its_texts_and_its_status(model: Path, gold: Path, tmp_path: Path) -> None:
    table = tmp_path / "found.parquet"
    assert bran("extract", gold, "--model", model, "-o", table).exit_code == 0
    _, shown = page(table, "--gold", gold, tmp_path / "table.html")
    _, expected = page(gold, "--model", model, tmp_path / "documents.html")
    by_id = {document["id"]: document for document in expected}
    assert shown
    for document in shown:
        assert document == by_id[document["id"]]


def test_a_threshold_keeps_rows_of_a_table(model: Path, gold: Path, tmp_path: Path) -> None:
    table = tmp_path / "found.tsv"
    assert bran("extract", gold, "--model", model, "-o", table, "--threshold", "0").exit_code == 0
    scores = sorted(float(row[4]) for row in table_rows(table))
    middle = scores[len(scores) // 2]
    head, shown = page(table, "--threshold", middle, tmp_path / "table.html")
    assert [row[4] for row in shown_rows(shown)] == [row[4] for row in table_rows(table) if float(row[4]) >= middle]
    assert ["threshold", f"{middle:.6g}"] in head["facts"]


def test_a_limit_is_told(model: Path, gold: Path, tmp_path: Path) -> None:
    head, shown = page(gold, "--model", model, "--limit", "5", "--title", "Five", tmp_path / "report.html")
    assert [document["id"] for document in shown] == [document.id for document in abstracts(5)]
    assert head["notes"] == ["The input has more documents: the first 5 are shown and counted (--limit)."]
    assert (head["title"], head["summary"]["documents"]) == ("Five", 5)
    assert page(gold, "--model", model, "--limit", "12", tmp_path / "all.html")[0]["notes"] == []


def test_plain_text_is_tagged_before(model: Path, tmp_path: Path) -> None:
    trained_model().save(tmp_path / "recogniser", card="")
    tagger = ["--ner", tmp_path / "recogniser", "--lexicon", write_lexicon(tmp_path / "lexicon")]
    path = tmp_path / "case.txt"
    path.write_text("Velorin induced tremor in two men.", encoding="utf-8")
    _, (shown,) = page(path, "--model", model, "--threshold", "0", *tagger, tmp_path / "report.html")
    assert [mention["name"] for mention in shown["mentions"]] == ["Velorin", "tremor"]
    assert shown["relations"][0]["evidence"][0]["head"] == [0, 7]


def test_documents_that_cannot_be_read_are_named(model: Path, gold: Path, tmp_path: Path) -> None:
    result = bran("report", gold, tmp_path / "absent.txt", "--model", model, "-o", tmp_path / "report.html")
    assert result.exit_code == 6
    assert result.stderr.splitlines()[0].startswith("12 documents, ")
    assert f"skipped: {tmp_path / 'absent.txt'}: cannot be opened" in result.stderr
    assert (tmp_path / "report.html").exists()


def test_a_table_stands_alone(model: Path, gold: Path, tmp_path: Path) -> None:
    table = tmp_path / "found.tsv"
    table.write_text("document\ttype\thead\ttail\n", encoding="utf-8")
    result = bran("report", gold, table, "-o", tmp_path / "report.html")
    assert (result.exit_code, result.stderr) == (
        3,
        f"error: {table}: is a run or a relation table; expected it alone, or documents only\n",
    )
    head, shown = page(table, tmp_path / "report.html")
    assert (head["summary"]["documents"], shown) == (0, [])


def test_names_of_thresholds_are_those_of_models(tmp_path: Path) -> None:
    table = tmp_path / "found.tsv"
    table.write_text("document\ttype\thead\ttail\n", encoding="utf-8")
    result = bran("report", table, "--threshold", "p90", "-o", tmp_path / "report.html")
    assert result.exit_code == 3
    assert "expected a number from 0 to 1" in result.stderr


def test_quiet_says_nothing(model: Path, tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "abstracts.txt", documents())
    result = bran("report", path, "--model", model, "-o", tmp_path / "report.html", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_a_page_has_the_suffix_of_one(gold: Path, model: Path, tmp_path: Path) -> None:
    result = bran("report", gold, "--model", model, "-o", tmp_path / "report.pdf")
    assert result.exit_code == 3
    assert result.stderr == (
        f"error: {tmp_path / 'report.pdf'}: the suffix tells the format; expected one of .html, .htm\n"
    )
    assert not (tmp_path / "report.pdf").exists()
