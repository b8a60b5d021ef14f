from __future__ import annotations

import pytest

from bran.tagging.normal_forms import light_form
from bran.tagging.vocabulary import plain_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("renal dysfunction", "Kidney Diseases"),
        ("hepatic tumours", "Liver Neoplasms"),
        ("haemorrhagic", "bleeding"),
        ("disturbances of vision", "visual disorder"),
    ],
)
def test_words_that_name_the_same(one: str, other: str) -> None:
    assert sorted(plain_words(light_form(one))) == sorted(plain_words(light_form(other)))


def test_other_words_stay() -> None:
    assert plain_words("marlow ataxia") == ("marlow", "atax")
    assert plain_words("of") == ("of",)
    assert plain_words("") == ()
