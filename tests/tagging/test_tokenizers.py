from __future__ import annotations

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from bran.errors import ConfigError
from bran.tagging.tokenizers import TOKENIZERS, Alignment, blank_pipeline
from tests.builders import document


@pytest.fixture(scope="module")
def punctuation() -> Language:
    return blank_pipeline("punctuation")


def words(nlp: Language, text: str) -> list[str]:
    return [token.text for token in nlp.make_doc(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("velorin-induced gout", "velorin - induced gout"),
        ("5-HT(1A)", "5 - HT ( 1A )"),
        ("(a)(b--", "( a ) ( b - -"),
        ("ten_fold.", "ten _ fold ."),
        ("α/β-blocker's", "α / β - blocker ' s"),
        ("3.5% +/-0.2", "3 . 5 % + / - 0 . 2"),
    ],
)
def test_punctuation_tokenizer_parts_every_mark(punctuation: Language, text: str, expected: str):
    assert words(punctuation, text) == expected.split()


@given(st.text(alphabet=st.sampled_from("aZ7é -_.,;:()[]{}'\"/+%\n\t\u2009\u0301\u4e2d"), max_size=40))
def test_tokens_of_the_punctuation_tokenizer_are_words_or_single_marks(punctuation: Language, text: str):
    doc = punctuation.make_doc(text)
    assert doc.text == text
    for token in doc:
        assert len(token) == 1 or token.is_space or all(sign.isalnum() or sign == "\u0301" for sign in token.text)


def test_punctuation_tokenizer_is_kept_with_its_pipeline(punctuation: Language, tmp_path):
    punctuation.to_disk(tmp_path)
    assert words(spacy.load(tmp_path), "(a)-(b)") == ["(", "a", ")", "-", "(", "b", ")"]


def test_scispacy_tokenizer_keeps_hyphens_in_words():
    assert words(blank_pipeline("scispacy"), "velorin-induced gout.") == ["velorin-induced", "gout", "."]


def test_every_name_gives_a_tokenizer_that_loses_no_character():
    text = "A (very) short text: 5-FU, i.e. 5-fluorouracil."
    assert {blank_pipeline(name).make_doc(text).text for name in TOKENIZERS} == {text}


def test_unknown_tokenizer_is_named():
    with pytest.raises(ConfigError, match="'stanza'; expected one of scispacy, spacy, punctuation"):
        blank_pipeline("stanza")


def test_alignment_counts_mentions_that_begin_or_end_inside_a_token():
    doc = document(
        "1", "{Velorin|Chemical|C1}-induced {gout|Disease|D1}.", "Pre{gout|Disease|D1} and {tre|Disease|D2}mor."
    )
    scispacy = Alignment.measure(blank_pipeline("scispacy"), [doc, doc])
    assert (scispacy.mentions, scispacy.misaligned, scispacy.share) == (8, 6, 0.75)
    punctuation = Alignment.measure(blank_pipeline("punctuation"), [doc])
    assert (punctuation.mentions, punctuation.misaligned, punctuation.tokens) == (4, 2, 9)


def test_alignment_of_no_mention_is_no_share():
    assert Alignment.measure(blank_pipeline("spacy"), []).share == 0
