"""The lexicon: which MeSH concepts a surface may name, and where names of it stand in a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from zipfile import BadZipFile

import marisa_trie
import numpy as np

from bran.errors import ModelError
from bran.tagging.composites import FILE as COMPOSITES
from bran.tagging.composites import Composites, read_composites
from bran.tagging.lexicon_tables import SOURCES, TYPES, UNSEEN, Entry, KeyTable, NameBlocks, check_folder
from bran.tagging.normal_forms import Word, compact_form, light_form, strong_form, without_salts, words

_FILES = ("ids.marisa", "names.bin", "light.marisa", "light.npz", "strong.marisa", "strong.npz", COMPOSITES)
_LONGEST_MATCH = 12
"""Words that a match may have; longer names hardly stand in running text."""
_SHORTEST_UNSEEN = 4
"""Fewer letters make a match only in capitals or with digits, unless annotated text knows them."""
_LEAST_SHARE = 30
"""Per cent of its occurrences in annotated text that a key must be annotated in to make a match."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept that a surface may name.

    Attributes:
        concept: namespaced id.
        type: entity type.
        source: ``name``, ``synonym`` or ``alias``: where the key is from.
        key: ``light``, ``strong``, ``compact`` or ``salt``: which normal form of the surface matched.
        firm: documents in which people annotated the key with the concept.
        weak: documents in which a program did, or that define the key as an abbreviation.
    """

    concept: str
    type: str
    source: str
    key: str
    firm: int
    weak: int

    @property
    def weight(self) -> float:
        """Higher is likelier: uses first (firm ones ten-fold), then preferred names before other names."""
        return self.firm + _WEAK * self.weak + _PRIOR[self.source]


_WEAK = 0.1
"""What a weak use counts beside a firm one."""
_PRIOR = {"name": 0.9, "synonym": 0.5, "alias": 0.0}


@dataclass(frozen=True, slots=True)
class Match:
    """Characters ``start`` to ``end`` of a text that are a name of ``type``."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class NameInUse:
    """A name in the light form, its concept, and how often corpora use the concept, whatever they call it."""

    form: str
    concept: str
    uses: float


class Lexicon:
    """Names of MeSH concepts by normal form.

    Args:
        ids: the concepts' bare ids.
        names: their preferred names, by the numbers of ``ids``.
        light: keys in the light form.
        strong: keys in the strong form.
        composites: concepts of what people annotated with several.
    """

    def __init__(
        self,
        ids: marisa_trie.Trie,
        names: NameBlocks,
        light: KeyTable,
        strong: KeyTable,
        composites: Composites,
    ) -> None:
        self.composites = composites
        self._ids = ids
        self._names = names
        self._light = light
        self._strong = strong
        self._matched_type = lru_cache(maxsize=65536)(self._type_of_key)

    @classmethod
    def load(cls, folder: Path | None = None) -> Lexicon:
        """The lexicon in ``folder``; the bundled one when that is ``None``.

        Raises:
            ModelError: when a file of it is missing or damaged.
        """
        if folder is None:
            folder = Path(str(resources.files("bran.assets"))) / "lexicon"
        check_folder(folder, _FILES)
        try:
            return cls(
                marisa_trie.Trie().mmap(str(folder / "ids.marisa")),
                NameBlocks.load(folder / "names.bin"),
                KeyTable.load(folder, "light"),
                KeyTable.load(folder, "strong"),
                read_composites(folder),
            )
        except (OSError, RuntimeError, ValueError, KeyError, BadZipFile) as error:
            raise ModelError(f"{folder}: damaged ({error}); expected a lexicon (bran lexicon build)") from None

    def __len__(self) -> int:
        return len(self._ids)

    def name(self, concept: str) -> str | None:
        """The preferred name of ``concept``; ``None`` when it is not in the lexicon."""
        number = self._ids.get(concept.removeprefix("MESH:"))
        return None if number is None else self._names[number]

    def lookup(self, surface: str, type: str | None = None) -> tuple[Candidate, ...]:
        """What ``surface`` may name, likeliest first, by the first of its normal forms that is a key.

        Args:
            surface: words as they stand in a text.
            type: only candidates of this entity type.
        """
        for key, table, form in (
            ("light", self._light, light_form),
            ("strong", self._strong, strong_form),
            ("compact", self._strong, compact_form),
            ("salt", self._light, without_salts),
        ):
            found = [self._candidate(entry, key) for entry in table.entries(form(surface))]
            found = [candidate for candidate in found if type in (None, candidate.type)]
            if found:
                return tuple(sorted(found, key=lambda c: (-c.weight, c.concept)))
        return ()

    def _candidate(self, entry: Entry, key: str) -> Candidate:
        concept = f"MESH:{self._ids.restore_key(entry.concept)}"
        return Candidate(concept, TYPES[entry.type], SOURCES[entry.source], key, entry.firm, entry.weak)

    def names_in_use(self, type: str) -> Iterator[NameInUse]:
        """Every name of the descriptors of ``type``, of all diseases, and of other concepts that corpora use."""
        rows = self._light.rows(TYPES.index(type))
        uses = np.bincount(rows.concepts, rows.firm + _WEAK * rows.weak, minlength=len(self._ids))
        ids = [self._ids.restore_key(number) for number in range(len(self._ids))]
        for key, number in zip(rows.keys.tolist(), rows.concepts.tolist(), strict=True):
            if type == "Disease" or ids[number].startswith("D") or uses[number]:
                yield NameInUse(self._light.trie.restore_key(key), f"MESH:{ids[number]}", float(uses[number]))

    def longest_matches(self, text: str) -> Iterator[Match]:
        """The names in ``text``, from left to right, the longest at each place; none overlap.

        Keys that annotated text mostly holds unannotated (``lead``, ``water``) are no names.
        """
        found = list(words(text))
        forms = [word.form for word in found]
        index = 0
        while index < len(found):
            match = self._longest(
                text, found[index : index + _LONGEST_MATCH], " ".join(forms[index : index + _LONGEST_MATCH])
            )
            if match:
                yield match[1]
            index += match[0] if match else 1

    def _longest(self, text: str, found: list[Word], window: str) -> tuple[int, Match] | None:
        """The longest name that ``found``, whose forms are ``window``, begins with: its number of words, and itself."""
        for key in reversed(self._light.trie.prefixes(window)):
            if len(key) < len(window) and window[len(key)] != " ":
                continue  # it ends within a word
            count = key.count(" ") + 1
            start, end = found[0].start, found[count - 1].end
            type_ = self._matched_type(key, not text[start:end].islower())
            if type_:
                return count, Match(start, end, type_)
        return None

    def _type_of_key(self, key: str, stands_out: bool) -> str:
        """The type of the names with ``key``; empty when it makes no match."""
        number = self._light.trie[key]
        share = int(self._light.shares[number])
        if share < _LEAST_SHARE or key.isdigit() or len(key) == 1:
            return ""
        if share == UNSEEN and len(key) < _SHORTEST_UNSEEN and not stands_out:
            return ""
        candidates = [self._candidate(entry, "light") for entry in self._light.entries(key)]
        return max(candidates, key=lambda candidate: candidate.weight).type
