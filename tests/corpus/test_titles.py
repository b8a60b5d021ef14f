from __future__ import annotations

from bran.corpus.document import Document, Passage
from bran.corpus.titles import normalised_title, title_key


def test_case_punctuation_spacing_and_encoding_do_not_count() -> None:
    assert normalised_title(" “Caf\u0065\u0301” & rash:\u00a0a  STUDY_2 ") == normalised_title("Café, rash: a study 2.")
    assert normalised_title("Rash 1") != normalised_title("Rash 2")
    assert normalised_title("…") == ""


def record(title: str, abstract: str) -> Document:
    return Document("1", (Passage("title", title), Passage("abstract", abstract)))


def test_a_title_of_few_words_names_a_subject_so_that_the_abstract_counts_too() -> None:
    assert title_key(record("Brugada syndrome.", "First seen.")) != title_key(
        record("Brugada syndrome.", "Seen again.")
    )
    assert title_key(record("Brugada syndrome.", "First seen.")) == title_key(record("BRUGADA Syndrome", "First seen"))
    assert title_key(record("Rash after sotamide.", "One.")) == title_key(record("Rash after sotamide", "Two."))
    assert title_key(record("…", "One.")) == ""
