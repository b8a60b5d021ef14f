from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from bran.view.explain.explanation import CAUTION, Explanation
from bran.view.explain.page import explanation_page
from bran.view.explain.static import static_html
from bran.view.report.packing import unpack


def held(page: str) -> dict[str, Any]:
    (packed,) = re.findall(r'id="explanation">([^<]*)</script>', page)
    data: dict[str, Any] = json.loads(unpack(packed))
    return data


def tags(page: str) -> list[str]:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(tag)

    Reader().feed(page)
    return found


def test_the_page_needs_no_other_file_and_takes_no_word_for_markup(explanation: Explanation) -> None:
    page = explanation_page(explanation)
    assert page.encode("utf-8")
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert tags(page).count("script") == 2
    assert "img" not in tags(page)
    assert "b" not in tags(page)


def test_the_page_holds_the_numbers_of_the_explanation(explanation: Explanation) -> None:
    data = held(explanation_page(explanation))
    assert data["caution"] == CAUTION
    assert data["document"]["text"] == explanation.document.text.replace("\ud800", "\ufffd")
    assert [data["document"]["text"][slice(*span)] for span in data["words"]][1] == "Velorin"
    for shown, influence in zip(data["relations"], explanation.influences, strict=True):
        assert shown["score"] == influence.relation.score
        assert shown["logit"] == [influence.parts.logit, influence.hidden.logit]
        assert [name for name, _, _ in shown["parts"]] == ["text", "layouts", "structure"]
        assert shown["words"]["hidden words"] == pytest.approx(influence.occlusion.words.tolist(), abs=1e-5)
        assert sum(seen for _, seen, _ in shown["parts"]) == pytest.approx(shown["logit"][0])


def test_attention_among_words_is_within_a_byte_of_what_it_is(explanation: Explanation) -> None:
    (window,) = held(explanation_page(explanation))["windows"]
    (attention,) = explanation.attention
    words = [explanation.units.words[number] for number in window["words"]]
    shape = (window["blocks"], window["heads"], len(words), len(words))
    levels = np.frombuffer(base64.b64decode(window["levels"]), dtype=np.uint8).reshape(shape)
    shown = levels / 255 * np.array(window["highest"]).reshape(*shape[:3], 1)
    np.testing.assert_allclose(shown, attention.among(words, words), atol=0.003)
    entities = explanation.units.entities
    np.testing.assert_allclose(window["among"], attention.among(entities, entities), atol=1e-5)


def test_windows_that_would_make_the_page_too_large_are_left_out_and_told(explanation: Explanation) -> None:
    data = held(explanation_page(explanation, most=10))
    assert data["windows"] == []
    assert "The attention of 1 more window is in the arrays" in data["notes"][-1]


def test_a_notebook_takes_no_word_for_markup(explanation: Explanation) -> None:
    html = static_html(explanation)
    assert html.encode("utf-8")
    assert set(tags(html)) <= {"article", "h4", "p", "span", "small", "table", "thead", "tbody", "tr", "th", "td"}
    text = re.sub(r"<[^>]*>", "", html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
