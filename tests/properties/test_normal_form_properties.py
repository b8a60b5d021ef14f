"""Normal forms of any text: what is normal stays, and every word lies where it says."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bran.tagging.normal_forms import light_form, strong_form, words

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("aεβ-’ﬁ½é́ß")), max_size=30)


@given(TEXTS)
def test_the_light_form_is_idempotent(text: str) -> None:
    assert light_form(light_form(text)) == light_form(text)


@given(TEXTS)
def test_words_are_in_order_and_within_the_text(text: str) -> None:
    found = list(words(text))
    assert " ".join(word.form for word in found) == light_form(text)
    assert all(0 <= word.start < word.end <= len(text) for word in found)
    # One character (½) may hold the end of a word and the start of the next.
    assert all(before.end <= after.start + 1 for before, after in pairwise(found))


@given(TEXTS)
def test_a_word_alone_has_the_same_form(text: str) -> None:
    for word in words(text):
        assert word.form in light_form(text[word.start : word.end]).split()


@given(TEXTS, st.sampled_from(["-", " ", "  ", "/", "\n"]))
def test_separators_do_not_matter(text: str, separator: str) -> None:
    assert light_form(f"{text}{separator}end") == light_form(f"{text} end")


@given(st.permutations(["lung", "cancer", "metastases", "chronic"]))
def test_word_order_does_not_matter_to_the_strong_form(order: list[str]) -> None:
    assert strong_form(" ".join(order)) == strong_form("lung cancer metastases chronic")
