from __future__ import annotations

import pytest

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
    assert sorted(plain_words(one)) == sorted(plain_words(other))


def test_other_words_stay() -> None:
    assert plain_words("Marlow ataxia") == ("marlow", "atax")
    assert plain_words("of") == ("of",)
    assert plain_words("--") == ()
