"""The page of an explanation in a real browser: its words, its controls, hostile text, and who can read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bran.view.explain.explanation import Explanation
from bran.view.explain.page import explanation_page
from bran.workflows.explain import explain
from tests.browser.driving import click, press, run, scheme, until
from tests.builders import document, tiny_model

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script> \u202eright\u202c \U0001f9ea </p><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    doc = document(
        "7",
        "{Velorin|Chemical|MESH:C1} induced {tremor|Disease|MESH:D1}.",
        f"{{Velorin|Chemical|MESH:C1}} did {HOSTILE}. {{Pain|Disease|MESH:D2}} was rare.",
    )
    return explain(tiny_model("encoder.blocks=2", "scorer.structure=4"), doc, top=2, gradients=False)


@pytest.fixture
def opened(page: Chrome, explanation: Explanation, tmp_path: Path) -> Chrome:
    path = tmp_path / "explained.html"
    path.write_text(explanation_page(explanation), encoding="utf-8")
    page.get(path.as_uri())
    until(lambda: run(page, "Boolean(window.explanation)"), "the page is drawn")
    return page


def choose(page: Chrome, name: str, value: object) -> None:
    """Select ``value`` in the control ``name``, as a user does."""
    run(page, "explanation.selects[a[0]].value = a[1]", name, str(value))
    run(page, "explanation.selects[a[0]].dispatchEvent(new Event('change', {bubbles: true}))", name)


def shades(page: Chrome) -> list[float]:
    styled: list[Any] = run(
        page, "[...document.querySelectorAll('.word')].map((n) => Number(n.style.getPropertyValue('--level')))"
    )
    return [float(value) for value in styled]


def test_the_text_is_whole_and_shaded_by_what_words_do(opened: Chrome, explanation: Explanation) -> None:
    shown = run(opened, "[...document.querySelectorAll('.bran-passage')].map((n) => n.textContent).join(' ')")
    assert shown == explanation.document.text
    assert run(opened, "document.querySelectorAll('img').length") == 0
    values = explanation.influences[0].occlusion.words
    highest = max(abs(values))
    assert shades(opened) == pytest.approx([abs(value) / highest for value in values.tolist()], abs=0.002)
    kinds = run(opened, "[...document.querySelectorAll('.word')].map((n) => n.classList.contains('is-for'))")
    assert kinds == [value > 0 for value in values.round(5).tolist()]
    assert not run(opened, "explanation.selects.block.parentElement.checkVisibility()")


def test_a_word_shows_where_it_attends(opened: Chrome, explanation: Explanation) -> None:
    choose(opened, "view", "attention")
    choose(opened, "block", 1)
    choose(opened, "head", 0)
    run(opened, "explanation.text.choose(2)")
    words = explanation.units.words
    weights = explanation.attention[0].among(words, words)[1, 0]
    assert shades(opened) == pytest.approx((weights[2] / weights[2].max()).tolist(), abs=0.01)
    choose(opened, "direction", "from")
    assert shades(opened) == pytest.approx((weights[:, 2] / weights[:, 2].max()).tolist(), abs=0.01)


def test_the_arrow_keys_move_from_word_to_word(opened: Chrome) -> None:
    choose(opened, "view", "attention")
    click(opened, ".words .word", 0)
    press(opened, "\ue014", "\ue014", "\ue012")  # right, right, left
    assert run(opened, "explanation.chosen") == 1
    assert "“induced” attends to" in run(opened, "document.getElementById('side').textContent")


def test_another_relation_has_its_own_figures(opened: Chrome, explanation: Explanation) -> None:
    choose(opened, "relation", 1)
    influence = explanation.influences[1]
    side = run(opened, "document.getElementById('side').textContent")
    assert explanation.title(influence) in side
    assert f"score {influence.relation.score:.4f}" in side
    assert f"{influence.parts.logit:.3f}" in side


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("view", ["hidden words", "attention"])
def test_no_serious_barrier(
    opened: Chrome, view: str, colours: str, serious: Callable[[], list[str]], screenshot: Callable[[str], Path]
) -> None:
    scheme(opened, colours)
    choose(opened, "view", view)
    run(opened, "explanation.text.choose(0)")
    screenshot(f"explain-{view.replace(' ', '-')}-{colours}")
    assert serious() == []
