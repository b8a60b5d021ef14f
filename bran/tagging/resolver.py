"""From words to concepts, without a look at the document: by name, by parts, then by the most similar name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from bran.tagging.candidates import FuzzyIndex
from bran.tagging.composites import readings
from bran.tagging.lexicon import Candidate, Lexicon
from bran.tagging.normal_forms import light_form

THRESHOLDS: Mapping[str, float] = MappingProxyType({"Chemical": 0.62, "Disease": 0.58})
"""Least scores of fuzzy candidates; tuned on BC5CDR Training, each fifth of it with the names of the rest."""

_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_CAUSE = re.compile(r"^.{2,60}?[- ](?:induced|related|associated|mediated)\s+(?=\w)", re.IGNORECASE)
_SHORTEST_FUZZY = 4
_LONGEST_SURFACE = 300
"""Characters that a surface may have; what is longer is no name, and no time is spent on it."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What words name.

    Attributes:
        concepts: the answer: one id, several for a composite, none when there is no good one.
        candidates: ids that were considered, best first.
        parts: the words of each concept of a composite.
        how: the step that found it: ``name``, ``use`` (a name that only corpora know), ``composite``,
            ``fuzzy``, ``defined`` (the document defines the abbreviation), ``context``; empty without answer.
    """

    concepts: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    how: str = ""


class Resolver:
    """Resolves words of a type; remembers the last 100,000.

    Args:
        lexicon: names and uses.
        thresholds: least score of a fuzzy candidate, by type; a type that is not there has none.
    """

    def __init__(self, lexicon: Lexicon, thresholds: Mapping[str, float] = THRESHOLDS) -> None:
        self.lexicon = lexicon
        self.thresholds = thresholds
        self._indexes: dict[str, FuzzyIndex] = {}
        self.resolve = lru_cache(maxsize=100_000)(self._resolve)

    def _resolve(self, surface: str, type: str) -> Resolution:
        if len(surface) > _LONGEST_SURFACE:
            return Resolution()
        known = self.lexicon.composites.get((light_form(surface), type))
        if known:
            return Resolution(known, known, how="composite")
        return self._named(surface, type) or self._composite(surface, type) or self._similar(surface, type)

    def _named(self, surface: str, type: str) -> Resolution | None:
        """By a name, of the words as they are, without brackets, or without what caused a disease."""
        for words in dict.fromkeys([surface, _BRACKETS.sub("", surface), _CAUSE.sub("", surface)]):
            found = self.lexicon.lookup(words, type=type)
            if found:
                return Resolution((found[0].concept,), _ids(found), how="use" if found[0].source == "alias" else "name")
        return None

    def _composite(self, surface: str, type: str) -> Resolution | None:
        """By the first reading of a coordination whose every part is a name."""
        for parts in readings(surface):
            found = [self.lexicon.lookup(part, type=type) for part in parts]
            if all(found):
                concepts = tuple(dict.fromkeys(candidates[0].concept for candidates in found))
                return Resolution(concepts, concepts, parts if len(concepts) == len(parts) else (), "composite")
        return None

    def _similar(self, surface: str, type: str) -> Resolution:
        """By the most similar name, when it is similar enough."""
        threshold = self.thresholds.get(type)
        if threshold is None or len(light_form(surface)) < _SHORTEST_FUZZY:
            return Resolution()
        if type not in self._indexes:
            self._indexes[type] = FuzzyIndex(self.lexicon, type)
        found = self._indexes[type].search(surface)
        ids = tuple(candidate.concept for candidate in found)
        if not found or found[0].score < threshold:
            return Resolution(candidates=ids)
        return Resolution(ids[:1], ids, how="fuzzy")


def _ids(candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    return tuple(candidate.concept for candidate in candidates)
