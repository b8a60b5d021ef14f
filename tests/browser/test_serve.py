"""The served page in a real browser: pasted text becomes marked relations, and hostile text stays text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bran.view.document_data import document_data
from bran.workflows.pipeline import Pipeline, load
from bran.workflows.serve.app import create_app
from bran.workflows.serve.limits import Limits
from tests.browser.driving import click, press, run, scheme, until
from tests.reports import HOSTILE
from tests.serving import served

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

ABSTRACT = "Haloperidol-induced catalepsy\n\nHaloperidol caused catalepsy in all rats. Morphine was given for pain."
Keep = Callable[[str], Path]


@pytest.fixture(scope="module")
def model() -> Pipeline:
    """The model that ships."""
    return load()


@pytest.fixture(scope="module")
def address(model: Pipeline) -> Iterator[str]:
    with served(create_app(model, Limits(characters=2000))) as address:
        yield address


@pytest.fixture
def opened(page: Chrome, address: str) -> Chrome:
    """The page, ready to be written to."""
    page.get(address)
    until(lambda: run(page, "document.documentElement.dataset.ready"), "the page is ready")
    return page


def find(page: Chrome, text: str, threshold: str = "") -> None:
    """Paste ``text``, press the button, and wait for what comes."""
    run(page, "document.getElementById('input').value = a[0]", text)
    run(page, "document.getElementById('threshold').value = a[0]", threshold)
    run(page, "document.getElementById('found').replaceChildren()")
    click(page, "#find")
    until(lambda: run(page, "document.getElementById('find').ariaDisabled === 'false'"), "an answer")


def words(page: Chrome, selector: str) -> list[str]:
    found: list[str] = run(page, "[...document.querySelectorAll(a[0])].map((node) => node.textContent)", selector)
    return found


def error(page: Chrome) -> str:
    """The line that tells of an error; empty when none is shown."""
    return str(run(page, "document.getElementById('error').hidden ? '' : document.getElementById('error').textContent"))


def test_pasted_text_becomes_marked_relations(opened: Chrome, model: Pipeline, screenshot: Keep) -> None:
    find(opened, ABSTRACT)
    expected = document_data(model(ABSTRACT))
    assert words(opened, ".bran-document mark") == [mention.name for mention in expected.mentions]
    shown = "[...document.querySelectorAll('.relation .number')].map((node) => node.dataset.value)"
    assert run(opened, shown) == [f"{relation.probability:.6f}" for relation in expected.relations]
    assert words(opened, ".relation .ends") == [f"{r.head_name} → {r.type} → {r.tail_name}" for r in expected.relations]
    click(opened, ".relation > button")
    strongest = expected.relations[0].evidence[0]
    marked = words(opened, ".bran-sentence.is-strongest")
    assert marked == [expected.text[slice(*span)] for span in strongest.sentences]
    assert expected.text[slice(*strongest.head)] in words(opened, ".bran-mention.is-evidence")
    screenshot("serve-found")


def test_a_pubtator_block_is_told_by_its_rows(opened: Chrome, samples: list[Path]) -> None:
    block = samples[0].read_text(encoding="utf-8")
    find(opened, block, "0")
    assert words(opened, ".source") == [block.partition("|")[0]]
    statuses = "[...document.querySelectorAll('.relation')].map((node) => node.dataset.status ?? '')"
    has_gold = any(line.count("\t") == 3 for line in block.splitlines())
    assert all(status for status in run(opened, statuses)) is has_gold


def test_a_threshold_keeps_what_reaches_it(opened: Chrome, model: Pipeline) -> None:
    find(opened, ABSTRACT, "0")
    assert len(words(opened, ".relation")) == len(model(ABSTRACT, threshold=0).relations) > 1
    find(opened, ABSTRACT, "1")
    assert words(opened, ".relation") == []
    find(opened, ABSTRACT, "p99")
    assert error(opened).startswith("threshold 'p99': expected a number from 0 to 1")
    opened.get_log("browser")  # the browser's own word for a status of 4xx


@pytest.mark.parametrize(("text", "line"), [("", "documents.0.text: is empty"), ("a" * 2001, "holds 2001 characters")])
def test_an_error_is_a_line_and_the_next_answer_takes_it_away(opened: Chrome, text: str, line: str) -> None:
    find(opened, text)
    assert line in error(opened)
    assert run(opened, "document.activeElement.id") == "find"
    find(opened, ABSTRACT)
    assert error(opened) == ""
    opened.get_log("browser")


def test_hostile_text_is_text(opened: Chrome, screenshot: Keep) -> None:
    title = opened.title
    text = f"{HOSTILE} {ABSTRACT} {HOSTILE}"
    find(opened, text, "0")
    shown = "".join(words(opened, ".bran-passage"))
    assert shown.count(HOSTILE) == 2
    assert opened.title == title
    assert run(opened, "document.querySelectorAll('#found script, #found img').length") == 0
    screenshot("serve-hostile")


def test_hostile_ids_and_types_are_text(opened: Chrome) -> None:
    title = opened.title
    id_ = "<img/src=x/onerror=document.title=1>"
    block = f"{id_}|t|Velorin\n{id_}\t0\t7\tVelorin\tChemical\t<b>\n{id_}\t0\t7\tVelorin\t<script>\tC1\n"
    find(opened, block, "0")
    assert words(opened, ".source") == [id_]
    assert any("<script>" in note for note in words(opened, "#notes li"))
    assert opened.title == title
    assert run(opened, "document.querySelectorAll('#found img, #found b, #notes script').length") == 0


def test_halves_of_characters_are_replaced(opened: Chrome) -> None:
    value = r"Haloperidol \ud800 and \udc00\ud83d catalepsy \ud83e\uddea."
    run(opened, f"void (document.getElementById('input').value = '{value}')")
    click(opened, "#find")
    until(lambda: words(opened, ".bran-passage"), "an answer")
    assert words(opened, ".bran-passage") == ["Haloperidol \ufffd and \ufffd\ufffd catalepsy \U0001f9ea."]
    assert words(opened, ".bran-passage mark") == ["Haloperidol", "catalepsy"]


def test_nothing_from_elsewhere_may_run_or_load(opened: Chrome, address: str) -> None:
    loaded: list[str] = run(opened, "performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert loaded
    assert all(name.startswith(f"{address}/") for name in loaded)
    script = """
      const [done] = [arguments[arguments.length - 1]];
      const node = document.createElement("script");
      node.textContent = "document.title = 'run'";
      document.body.append(node);
      fetch("http://localhost:1/").then(() => done("fetched"), () => done(document.title));
    """
    assert opened.execute_async_script(script) == "bran"
    policy = [entry["message"] for entry in opened.get_log("browser")]
    assert sum("Content Security Policy" in message for message in policy) >= 2


def test_it_works_by_keyboard(opened: Chrome) -> None:
    from selenium.webdriver import ActionChains, Keys

    run(opened, "document.getElementById('input').focus()")
    press(opened, "Haloperidol caused catalepsy.")
    ActionChains(opened).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    until(lambda: words(opened, ".relation"), "an answer")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(opened: Chrome, serious: Callable[[], list[str]], theme: str, screenshot: Keep) -> None:
    scheme(opened, theme)
    assert serious() == []
    click(opened, "#example")
    until(lambda: words(opened, ".relation"), "an answer")
    click(opened, ".relation > button")
    assert serious() == []
    screenshot(f"serve-{theme}")


def test_it_fits_a_small_screen(opened: Chrome, screenshot: Keep) -> None:
    opened.set_window_size(500, 900)
    find(opened, ABSTRACT)
    assert run(opened, "document.documentElement.scrollWidth <= innerWidth")
    screenshot("serve-small")


def test_the_page_says_when_the_server_has_gone(page: Chrome, model: Pipeline) -> None:
    with served(create_app(model)) as address:
        page.get(address)
        until(lambda: run(page, "document.documentElement.dataset.ready"), "the page is ready")
    find(page, ABSTRACT)
    assert "does not answer" in error(page)
    page.get_log("browser")


def test_what_the_page_sends_is_what_the_api_takes(opened: Chrome) -> None:
    script = """
      const done = arguments[arguments.length - 1];
      import("/assets/serve/serve.js").then(({ request }) => done(JSON.stringify([
        request("words", ""), request("1|t|words", "0.5"), request("see\\n7|a|x", "p90"), request("a|t|b|c", "0")])));
    """
    found: list[dict[str, Any]] = json.loads(opened.execute_async_script(script))
    assert found == [
        {"documents": [{"text": "words"}]},
        {"documents": [{"pubtator": "1|t|words"}], "threshold": 0.5},
        {"documents": [{"pubtator": "see\n7|a|x"}], "threshold": "p90"},
        {"documents": [{"pubtator": "a|t|b|c"}], "threshold": 0},
    ]
