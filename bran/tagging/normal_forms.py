"""Normal forms of names: what makes two spellings of a name the same key.

The *light form* keeps the order of words and can be aligned with the characters it came from:
lower case, Greek letters by name, no accents, every run of other characters one space. The *strong
form* is a set of stems: no plural, no word order, no stop words, American spelling.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_STOP_WORDS = "an and by due for from in into nos of or secondary the to with"
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that the strong form leaves out."""

_SALTS = """
acetate anhydrous besylate bitartrate bromide calcium chloride citrate dihydrate dihydrochloride disodium fumarate hcl
hydrate hydrobromide hydrochloride hydroiodide iodide lactate malate maleate mesilate mesylate monohydrate nitrate
phosphate potassium salt sodium succinate sulfate tartrate tosylate trihydrate trisodium
"""
SALTS = frozenset(_SALTS.split())
"""Words that tell a salt or hydrate of a chemical from the chemical."""

_WORD = re.compile(r"[^\W_]+")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the light form and the characters ``start`` to ``end`` of the text that it stands for."""

    form: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of ``text``'s light form, in order, with their places in ``text``."""
    if text.isascii():
        for match in _WORD.finditer(text.lower()):
            yield Word(match[0], match.start(), match.end())
        return
    folded = [_fold(character) for character in text]
    owners = [index for index, piece in enumerate(folded) for _ in piece]
    for match in _WORD.finditer("".join(folded)):
        yield Word(match[0], owners[match.start()], owners[match.end() - 1] + 1)


@lru_cache(maxsize=65536)
def light_form(text: str) -> str:
    """``text`` as the light form: ``"β-Carotene (all-trans)"`` is ``"beta carotene all trans"``."""
    return " ".join(word.form for word in words(text))


@lru_cache(maxsize=65536)
def strong_form(text: str) -> str:
    """``text`` as the strong form: ``"Tumours of the Lung"`` and ``"lung tumor"`` are ``"lung tumor"``.

    The ``s`` that a genitive leaves behind is no word of it. A text of stop words only keeps them.
    """
    forms = light_form(text).split()
    last = len(forms) - 1
    kept = [form for index, form in enumerate(forms) if form not in STOP_WORDS and (form != "s" or index == last)]
    return " ".join(sorted({stem(form) for form in kept or forms}))


def compact_form(text: str) -> str:
    """The light form without spaces: ``"Ro 15-1788"`` and ``"Ro15-1788"`` are ``"ro151788"``."""
    return light_form(text).replace(" ", "")


def without_salts(text: str) -> str:
    """The light form of ``text`` without :data:`SALTS`; unchanged when nothing else is there."""
    forms = light_form(text).split()
    return " ".join([form for form in forms if form not in SALTS] or forms)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """``word`` without plural, Latin ending and British spelling; words with digits or up to 3 letters as they are."""
    if len(word) <= 3 or not word.isalpha():
        return word
    for british, american in _SPELLINGS:
        word = british.sub(american, word)
    singular = _PLURAL.sub("", word)
    return _VOWELS.sub("", singular)


_SPELLINGS = tuple(
    (re.compile(british), american)
    for british, american in (
        (r"ae|oe", "e"),
        (r"(?<=..)our", "or"),
        ("sulph", "sulf"),
        ("leuco", "leuko"),
        ("isation", "ization"),
        ("aluminium", "aluminum"),
    )
)
_PLURAL = re.compile(r"(?<=[^su])s$")
_VOWELS = re.compile(r"(?<=\w{3})[aeiouy]+$")

_GREEK = {
    character: unicodedata.name(character).removeprefix("GREEK SMALL LETTER ").lower().replace("lamda", "lambda")
    for character in "αβγδεζηθικλμνξοπρστυφχψω"
}


@lru_cache(maxsize=8192)
def _fold(character: str) -> str:
    """One character as it stands in the light form: letters and digits, or one space, or nothing (an accent)."""
    if unicodedata.combining(character):
        return ""
    folded = character
    while (again := unicodedata.normalize("NFKD", folded.casefold())) != folded:
        folded = again
    letters = "".join(_GREEK.get(c, c) for c in folded if not unicodedata.combining(c))
    return _NOT_LETTERS.sub(" ", letters)
