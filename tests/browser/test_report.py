"""The report in a real browser: what it shows, how it filters and marks, and that it takes 5,000 documents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bran.cli.main import app
from bran.export.text import to_cell
from bran.view.document_data import document_data
from bran.view.report.page import Report
from tests.browser.driving import click, press, run, scheme, until
from tests.reports import HOSTILE, hostile_document, judged_report, read_page, write_page

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

SHOWN = "[...document.querySelectorAll('#relations .relation:not([hidden])')]"
OPEN = "document.querySelector('#document .source').textContent"
SCROLLS = "((node) => node.scrollHeight > node.clientHeight)"
Keep = Callable[[str], Path]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve abstracts with relations of every status."""
    report, _ = judged_report()
    return write_page(tmp_path_factory.mktemp("judged") / "report.html", report)


@pytest.fixture(scope="module")
def real(samples: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """The page of the samples that the model that ships makes, and the rows of the table that it makes."""
    folder = tmp_path_factory.mktemp("real")
    for command, output in (("report", "report.html"), ("extract", "found.tsv")):
        result = CliRunner().invoke(app, [command, *map(str, samples), "-o", str(folder / output)])
        assert result.exit_code == 0, result.output
    header, *rows = (line.split("\t") for line in (folder / "found.tsv").read_text(encoding="utf-8").splitlines())
    places = [header.index(name) for name in ("document", "head_name", "type", "tail_name", "score", "probability")]
    return folder / "report.html", [[row[place] for place in places] for row in rows]


def show(page: Chrome, path: Path, place: str = "") -> None:
    page.get(f"{path.as_uri()}{place}")
    until(lambda: run(page, "document.documentElement.dataset.ready"), "the page is ready")


def found(page: Chrome) -> str:
    return str(run(page, "document.getElementById('found').textContent"))


def open_document(page: Chrome, id_: str) -> None:
    until(lambda: run(page, OPEN) == id_, f"document {id_} is open")


def test_a_real_run_has_the_numbers_of_its_table(
    page: Chrome, real: tuple[Path, list[list[str]]], screenshot: Keep
) -> None:
    path, rows = real
    show(page, path, "#documents")
    screenshot("report-real-overview")
    press(page, "d")
    shown: list[list[str]] = []
    for number in range(len({row[0] for row in rows})):
        if number:
            press(page, "j")
        id_ = list(dict.fromkeys(row[0] for row in rows))[number]
        open_document(page, id_)
        script = f"""{SHOWN}.map((card) => {{
          card.querySelector('button').click();
          const facts = Object.fromEntries([...card.querySelectorAll('dl > div')].map(
            (row) => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]));
          return [card.querySelector('.ends').textContent, card.querySelector('.facts .number').dataset.value,
                  facts.score ?? '', facts.probability ?? ''];
        }})"""
        shown += [[id_, *card] for card in run(page, script)]
    assert shown == [[row[0], f"{row[1]} → {row[2]} → {row[3]}", row[5] or row[4], row[4], row[5]] for row in rows]
    screenshot("report-real-document")


def test_the_text_is_that_of_the_document_and_every_mention_is_marked(page: Chrome, judged: Path) -> None:
    show(page, judged, "#document=1003")
    _, documents = read_page(judged.read_text(encoding="utf-8"))
    (wanted,) = [document for document in documents if document["id"] == "1003"]
    assert (
        " ".join(run(page, "[...document.querySelectorAll('.bran-passage')].map((p) => p.textContent)"))
        == wanted["text"]
    )
    marks = run(
        page, "[...document.querySelectorAll('#document .bran-mention')].map((m) => [m.textContent, m.dataset.badge])"
    )
    assert marks == [[mention["name"], mention["type"][0]] for mention in wanted["mentions"]]


def test_a_relation_marks_its_evidence(page: Chrome, judged: Path, screenshot: Keep) -> None:
    show(page, judged, "#document=1003")
    assert run(page, "document.querySelectorAll('#document .is-evidence').length") == 0
    click(page, "#relations .relation button")
    assert run(page, "[...document.querySelectorAll('#document mark.is-evidence')].map((m) => m.textContent)") == [
        "Velorin",
        "tremor",
        "Velorin",
    ]
    sentences = run(
        page, "[...document.querySelectorAll('#document .bran-sentence.is-evidence')].map((s) => s.textContent)"
    )
    assert len(sentences) == 3
    shares = run(page, "[...document.querySelectorAll('.matrix .number')].map((cell) => cell.dataset.value)")
    assert shares == ["0.700000", "0.300000"]
    screenshot("report-evidence")
    click(page, ".matrix td button", 1)
    assert run(page, "document.querySelectorAll('#document mark.is-evidence').length") == 2
    press(page, "\ue00c")  # Escape
    assert run(page, "document.querySelectorAll('#document .is-evidence').length") == 0


def test_a_mention_marks_its_entity(page: Chrome, judged: Path) -> None:
    show(page, judged, "#document=1003")
    linked = "[...document.querySelectorAll('#document .is-linked')].map((m) => m.textContent)"
    click(page, "#document .bran-mention")
    assert run(page, linked) == ["Velorin", "Velorin"]
    assert run(page, "document.querySelector('.entity[aria-pressed=true]').dataset.entity") == "MESH:C1"
    assert run(page, "document.querySelectorAll('.relation.is-linked').length") == 3
    click(page, ".entity[data-entity='MESH:D2']")
    assert run(page, linked) == ["pain"]
    press(page, "\ue00c")
    assert run(page, linked) == []


def test_filters_by_status_probability_and_type(page: Chrome, judged: Path, screenshot: Keep) -> None:
    show(page, judged, "#document=1003")
    head, documents = read_page(judged.read_text(encoding="utf-8"))
    relations = [relation for document in documents for relation in document["relations"]]

    def kept(passes: Callable[[dict], bool]) -> str:
        count = sum(any(map(passes, document["relations"])) for document in documents)
        return "12 documents" if count == 12 else f"{count} of 12 documents"

    assert found(page) == "12 documents"
    for status in ("right", "missed", "hypernym"):
        click(page, f"#filters input[value={status}]")
    assert found(page) == kept(lambda relation: relation["status"] == "wrong") != "12 documents"
    assert run(page, f"{SHOWN}.map((card) => card.dataset.status)") == ["wrong"]
    for status in ("right", "missed", "hypernym"):
        click(page, f"#filters input[value={status}]")
    middle = sorted(relation["probability"] for relation in relations if relation["probability"] is not None)[-4]
    least = round(middle, 2)
    page.execute_script(
        "const least = document.getElementById('least'); least.value = arguments[0];"
        "least.dispatchEvent(new Event('input'))",
        least,
    )
    assert found(page) == kept(lambda r: r["status"] == "missed" or (r["probability"] or 0) >= least) != "12 documents"
    click(page, "#filters input[value=Disease]")
    plain = run(page, "[...document.querySelectorAll('#document .is-hidden')].map((m) => m.textContent)")
    assert set(plain) == {"tremor", "movement disorder", "pain"}
    screenshot("report-filtered")
    press(page, "\ue00c")
    assert found(page) == "12 documents"
    assert head["summary"]["statuses"].keys() == {"right", "wrong", "hypernym", "missed"}


def test_search_reads_names_and_texts(page: Chrome, judged: Path) -> None:
    show(page, judged, "#document=1000")
    press(page, "/")
    press(page, "SPEECH given")
    until(lambda: found(page) == "1 of 12 documents", "one document is found by its text")
    open_document(page, "1005")
    assert run(page, "CSS.highlights.get('found').size") == 2
    press(page, "\ue00c")
    until(lambda: found(page) == "12 documents", "the search is cleared")
    press(page, "/")
    press(page, "mesh:d8 hearing")
    until(lambda: found(page) == "0 of 12 documents", "every word must be found")


def test_keys(page: Chrome, judged: Path, screenshot: Keep) -> None:
    show(page, judged)
    assert run(page, "document.getElementById('documents').hidden") is True  # a run opens with its overview
    press(page, "d", "j")
    open_document(page, "1001")
    press(page, "j")
    open_document(page, "1002")
    press(page, "k")
    open_document(page, "1001")
    press(page, "n")
    assert run(page, "document.querySelectorAll('.relation.is-open').length") == 1
    press(page, "?")
    assert run(page, "document.getElementById('help').open") is True
    screenshot("report-help")
    press(page, "\ue00c")
    assert run(page, "document.getElementById('help').open") is False
    press(page, "t", "t")
    assert run(page, "document.documentElement.dataset.theme") == "dark"
    press(page, "t", "o")
    assert run(page, "document.getElementById('overview').hidden") is False


def test_the_overview_has_the_figures(page: Chrome, judged: Path, screenshot: Keep) -> None:
    show(page, judged)
    summary = read_page(judged.read_text(encoding="utf-8"))[0]["summary"]
    screenshot("report-overview")
    assert run(page, "document.querySelector('.tile strong').textContent") == "12"
    values = run(
        page,
        "[...document.querySelectorAll('#overview td[data-value]')].map((td) => [td.dataset.value, td.textContent])",
    )
    assert values == [
        [to_cell(score[name]), f"{100 * score[name]:.1f}"]
        for score in summary["scores"]
        for name in ("precision", "recall", "f1")
    ]
    cells = "(row) => [...row.cells].map((cell) => cell.textContent)"
    tables = f"[...document.querySelectorAll('.numbers')].map((n) => [...n.querySelectorAll('tbody tr')].map({cells}))"
    histogram, reliability = run(page, tables)
    kinds = ["right", "hypernym", "wrong"]
    assert [list(map(int, row[1:])) for row in histogram] == [
        [bin["counts"].get(kind, 0) for kind in kinds] for bin in summary["distribution"] if bin["counts"]
    ]
    assert [row[1:] for row in reliability] == [
        [str(bin["count"]), to_cell(bin["predicted"]), to_cell(bin["observed"])]
        for bin in summary["reliability"]["bins"]
    ]
    click(page, "#overview button.link", 1)
    assert run(page, "document.getElementById('documents').hidden") is False
    assert summary["frequent"][1]["tail_name"] == "pain"
    assert found(page) == f"{summary['frequent'][1]['documents']} of 12 documents"
    click(page, ".chip.pair")
    assert found(page) == "12 documents"


def test_documents_with_errors_are_a_click_away(page: Chrome, judged: Path) -> None:
    show(page, judged)
    _, documents = read_page(judged.read_text(encoding="utf-8"))
    errors = {
        document["id"]: sum(relation["status"] in ("wrong", "missed") for relation in document["relations"])
        for document in documents
    }
    listed = run(page, "[...document.querySelectorAll('.tall tbody tr')].map((row) => row.cells[0].textContent)")
    assert sorted(listed) == sorted(id_ for id_, count in errors.items() if count)
    assert [errors[id_] for id_ in listed] == sorted((count for count in errors.values() if count), reverse=True)
    click(page, ".tall button.link", 1)
    open_document(page, listed[1])


def test_hostile_text_is_text(page: Chrome, tmp_path: Path, screenshot: Keep) -> None:
    report = Report()
    report.add(document_data(hostile_document()))
    show(page, write_page(tmp_path / "hostile.html", report, title=HOSTILE))
    click(page, "#relations .relation button")
    assert page.title == " ".join(HOSTILE.split())
    assert run(page, "document.querySelectorAll('img, #document script, #relations script').length") == 0
    assert run(page, OPEN) == run(page, "document.getElementById('title').textContent") == HOSTILE
    assert (
        run(page, "document.querySelector('#document .bran-passage').textContent") == f"{HOSTILE} gave pain {HOSTILE}."
    )
    assert (
        run(page, "[...document.querySelectorAll('#document .is-evidence mark')].map((m) => m.textContent)")
        == [HOSTILE] * 2
    )
    screenshot("report-hostile")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_nothing_serious_bars_anybody(
    page: Chrome, judged: Path, serious: Callable[[], list[str]], screenshot: Keep, colours: str
) -> None:
    scheme(page, colours)
    show(page, judged)
    assert serious() == []
    screenshot(f"report-overview-{colours}")
    press(page, "d", "n")
    assert run(page, "document.querySelectorAll('.relation.is-open').length") == 1
    assert serious() == []
    screenshot(f"report-document-{colours}")
    page.set_window_size(1100, 400)  # what does not fit is scrolled, by keyboard too
    assert run(page, f"['document', 'relations'].every((id) => {SCROLLS}(document.getElementById(id)))")
    assert serious() == []
    press(page, "?")
    assert serious() == []


def test_a_table_shows_the_sentences_that_it_quotes(
    page: Chrome, real: tuple[Path, list[list[str]]], screenshot: Keep
) -> None:
    path = real[0].with_name("table.html")
    result = CliRunner().invoke(app, ["report", str(real[0].with_name("found.tsv")), "-o", str(path)])
    assert result.exit_code == 0, result.output
    show(page, path)
    press(page, "d", "n")
    documents = read_page(path.read_text(encoding="utf-8"))[1]
    document = documents[0]
    assert run(page, "[...document.querySelectorAll('.quoted p')].map((p) => p.textContent)") == list(
        dict.fromkeys(relation["sentence"] for relation in document["relations"])
    )
    texts = [json.dumps(each, ensure_ascii=False).lower() for each in documents]
    quoted = " ".join(relation["sentence"] for relation in document["relations"]).lower()
    word = max((word for word in re.findall("[a-z]+", quoted) if sum(word in text for text in texts) == 1), key=len)
    press(page, "/")
    press(page, word)
    until(lambda: found(page) == f"1 of {len(documents)} documents", "a word of a sentence is found")
    screenshot("report-table")


def test_paper_shows_the_document_alone(page: Chrome, judged: Path, screenshot: Keep) -> None:
    scheme(page, "dark", media="print")
    show(page, judged, "#document=1003")
    visible = "(id) => document.getElementById(id).checkVisibility()"
    assert run(page, f"['list', 'search', 'theme', 'document', 'relations'].map({visible})") == [False] * 3 + [True] * 2
    assert run(page, "getComputedStyle(document.querySelector('.bran-document')).color") == "rgb(26, 31, 38)"
    screenshot("report-print")


def test_a_narrow_window_has_everything_one_below_the_other(page: Chrome, judged: Path, screenshot: Keep) -> None:
    page.set_window_size(500, 900)
    show(page, judged, "#document=1003")
    assert run(page, "document.documentElement.scrollWidth <= innerWidth") is True
    assert run(page, "['list', 'document', 'relations'].map((id) => document.getElementById(id).offsetTop)") == sorted(
        run(page, "['list', 'document', 'relations'].map((id) => document.getElementById(id).offsetTop)")
    )
    screenshot("report-narrow")


def test_five_thousand_documents_scroll(page: Chrome, tmp_path: Path, screenshot: Keep) -> None:
    _, documents = judged_report()
    report = Report()
    data = [document_data(document) for document in documents]
    for number in range(5000):
        report.add(data[number % len(data)].model_copy(update={"id": str(number)}))
    path = write_page(tmp_path / "many.html", report)
    show(page, path)
    ready = run(page, "performance.now()")
    assert ready < 5000, "milliseconds until 5,000 documents can be used"
    press(page, "d")
    assert run(page, "document.querySelectorAll('#list .row').length") < 50
    click(page, "#list .row")
    press(page, "\ue010")  # End
    open_document(page, "4999")
    assert run(page, "document.querySelectorAll('#list .row').length") < 50
    page.execute_script("document.querySelector('.list').scrollTop = 2500 * 72")
    until(lambda: run(page, "!!document.getElementById('row-2500')"), "rows come into sight")
    press(page, "/")
    press(page, "12 men smell")
    until(lambda: found(page) == "416 of 5\u202f000 documents", "all texts are read")
    screenshot("report-5000")
    print(json.dumps({"bytes": path.stat().st_size, "ready ms": ready}))  # noqa: T201 - shown with -s
