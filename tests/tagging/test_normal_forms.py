from __future__ import annotations

import pytest

from bran.tagging.normal_forms import compact_form, light_form, stem, strong_form, without_salts, words


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Velorin", "velorin"),
        ("β-Carotene (all-trans)", "beta carotene all trans"),
        ("µ-opioid", "mu opioid"),
        ("Sjögren’s  syndrome", "sjogren s syndrome"),
        ("H₂O", "h2o"),
        ("½ dose", "1 2 dose"),
        ("\ud800pain", "pain"),
        ("--", ""),
    ],
)
def test_light_form(text: str, form: str) -> None:
    assert light_form(text) == form


def test_words_know_their_characters() -> None:
    text = "The α1-blocker (ﬁbrate)"
    assert [(word.form, text[word.start : word.end]) for word in words(text)] == [
        ("the", "The"),
        ("alpha1", "α1"),
        ("blocker", "blocker"),
        ("fibrate", "ﬁbrate"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tumours of the Lung", "lung tumor"),
        ("Neoplasm, Abdominal", "abdominal neoplasms"),
        ("anaemia", "anemias"),
        ("Parkinson's disease", "Parkinson disease"),
        ("sulphate", "sulfates"),
        ("diagnoses", "diagnosis"),
    ],
)
def test_spellings_with_the_same_strong_form(one: str, other: str) -> None:
    assert strong_form(one) == strong_form(other)


@pytest.mark.parametrize(
    ("one", "other"), [("hepatitis A", "hepatitis B"), ("glucose", "glucan"), ("type 1", "type 2")]
)
def test_names_with_different_strong_forms(one: str, other: str) -> None:
    assert strong_form(one) != strong_form(other)


def test_a_text_of_stop_words_keeps_them() -> None:
    assert strong_form("of the") == "of the"


def test_short_words_and_codes_are_their_own_stems() -> None:
    assert [stem(word) for word in ("gas", "vl17s", "illness", "lupus")] == ["gas", "vl17s", "illness", "lupus"]


def test_salts_are_left_out_unless_nothing_else_is_there() -> None:
    assert without_salts("Brinol Hydrochloride") == "brinol"
    assert without_salts("sodium chloride") == "sodium chloride"


def test_compact_form() -> None:
    assert compact_form("Ro 15-1788") == compact_form("Ro15-1788") == "ro151788"
