from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.tagging.abbreviations import Abbreviations


@pytest.fixture(scope="module")
def abbreviations() -> Abbreviations:
    return Abbreviations()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Levels of gamma-aminobutyric acid (GABA) fell.", {"GABA": "gamma-aminobutyric acid"}),
        ("We gave 5-fluorouracil (5-FU) daily.", {"5-FU": "5-fluorouracil"}),
        ("Kidney injury [acute kidney injury (AKI)] came late.", {"AKI": "acute kidney injury"}),
        ("Given N(6)-cyclopentyl adenosine (CPA) once.", {"CPA": "N(6)-cyclopentyl adenosine"}),
        ("The AKI (acute kidney injury) was mild.", {"AKI": "acute kidney injury"}),
        ("Relative risk (RR; 95% confidence interval [CI], 1-2) rose.", {"CI": "confidence interval"}),
        (
            "Acute kidney injury (AKI) and chronic kidney disease (CKD).",
            {"AKI": "acute kidney injury".capitalize(), "CKD": "chronic kidney disease"},
        ),
    ],
)
def test_definitions_are_found(abbreviations: Abbreviations, text: str, expected: dict[str, str]):
    assert abbreviations(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No bracket at all, though PTX is named.",
        "Ten men (aged 40 to 50) slept.",
        "We used three groups (rats per cage) here.",
        "It rose to 30 U/L (U/L).",
        "(AKI) began the text.",
        "Unclosed (AKI and closed) in the wrong] order [.",
        "Nothing here has these letters (QZX).",
    ],
)
def test_other_brackets_define_nothing(abbreviations: Abbreviations, text: str):
    assert abbreviations(text) == {}


def test_first_definition_counts(abbreviations: Abbreviations):
    text = "Prothrombin time (PT) was long. Physical therapy (PT) helped."
    assert abbreviations(text) == {"PT": "Prothrombin time"}


def test_a_definition_does_not_reach_over_sentences(abbreviations: Abbreviations):
    assert abbreviations("He had acute kidney injury. (AKI) is common.") == {}


@given(st.text(alphabet=st.sampled_from("aAbB5 ()[].,;-\ud800\u00e9"), max_size=60))
def test_forms_stand_in_the_text(text: str):
    clean = text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    for short, long in Abbreviations()(text).items():
        assert short in clean
        assert long in clean
        assert len(long) > len(short)


@pytest.mark.parametrize("piece", ["(", "()", "[(", "acute kidney injury (AKI) ", "x (y " * 40 + ") " * 40, "a" * 500])
def test_time_is_linear_in_the_length(abbreviations: Abbreviations, piece: str):
    abbreviations("Warm up (WU).")
    begin = time.process_time()
    abbreviations(piece * (300_000 // len(piece)))
    assert time.process_time() - begin < 3


def test_words_are_forgotten(abbreviations: Abbreviations):
    abbreviations("A strange substance (AQVXSS) and a quite very xenial strange substance (AQVXSS).")
    assert "xenial" not in abbreviations._vocab.strings
