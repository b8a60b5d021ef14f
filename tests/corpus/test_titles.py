from __future__ import annotations

from bran.corpus.titles import normalised_title


def test_case_punctuation_spacing_and_encoding_do_not_count() -> None:
    assert normalised_title(" “Caf\u0065\u0301” & rash:\u00a0a  STUDY_2 ") == normalised_title("Café, rash: a study 2.")
    assert normalised_title("Rash 1") != normalised_title("Rash 2")
    assert normalised_title("…") == ""
