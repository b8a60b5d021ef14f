"""Compile a lexicon from MeSH files and annotated corpora."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import marisa_trie
import numpy as np

from bran.corpus.document import Document
from bran.errors import FormatError
from bran.files import atomic_write, atomic_write_binary
from bran.tagging.composites import write_composites
from bran.tagging.lexicon_classes import is_recognised, record_types
from bran.tagging.lexicon_tables import SOURCES, TYPES, UNSEEN, Entry, KeyTable, write_names
from bran.tagging.lexicon_uses import AnnotatedCorpus, Use, Uses, annotated_shares
from bran.tagging.mesh_files import MeshRecord
from bran.tagging.normal_forms import compact_form, light_form, strong_form

_LONGEST_KEY = 60
"""Characters of the light form; longer names (of rare chemicals) hardly stand in running text."""
_LONGEST_COMPACT = 24
"""Characters of the light form of names that are found without their spaces too."""


@dataclass(frozen=True)
class LexiconCounts:
    """What a compiled lexicon holds."""

    concepts: Mapping[str, int]
    keys: int
    strong_keys: int
    aliases: int


def build_lexicon(records: Iterable[MeshRecord], corpora: Sequence[AnnotatedCorpus], folder: Path) -> LexiconCounts:
    """Compile ``records``, with what ``corpora`` use their names for, into ``folder``.

    Raises:
        FormatError: when no record is a chemical or a disease.
    """
    records = list(records)
    uses = Uses.count(corpora)
    used = _types_by_use(uses)
    types = record_types(records, used)
    kept = {record.id: record for record in records if record.id in types}
    if not kept:
        raise FormatError(f"{len(records)} MeSH records, none a chemical or a disease; expected some")
    ids = marisa_trie.Trie(list(kept))
    builder = _Entries(ids, types, uses)
    for record in kept.values():
        builder.add(record, strong=bool(record.trees) or "Disease" in types[record.id] or record.id in used)
    aliases = builder.add_aliases()
    light, strong = KeyTable.build(builder.light_entries()), KeyTable.build(builder.strong_entries())
    light.shares = annotated_shares(light, corpora)
    _hide_unrecognised(light, ids, {id_ for id_, record in kept.items() if not is_recognised(record, used)})
    folder.mkdir(parents=True, exist_ok=True)
    write_composites(folder, uses)
    _save(folder, ids, [kept[ids.restore_key(number)].name for number in range(len(ids))], light, strong)
    counted = Counter(type_ for id_ in kept for type_ in types[id_])
    return LexiconCounts(dict(sorted(counted.items())), len(light.trie), len(strong.trie), aliases)


def build_folds(records: Iterable[MeshRecord], corpora: Sequence[AnnotatedCorpus], folder: Path, *, folds: int) -> None:
    """Compile ``folds`` lexicons, ``folder/0`` and so on, each without a part of the documents, which ``0.txt`` lists.

    A document's part is told by its id, so that it is the same whatever corpora are taken together.
    """
    records = list(records)
    for fold in range(folds):
        kept = [
            replace(corpus, documents=[document for document in corpus.documents if _fold(document, folds) != fold])
            for corpus in corpora
        ]
        build_lexicon(records, kept, folder / str(fold))
        ids = sorted({doc.id for corpus in corpora for doc in corpus.documents if _fold(doc, folds) == fold})
        with atomic_write(folder / f"{fold}.txt") as stream:
            stream.writelines(f"{id_}\n" for id_ in ids)


def _fold(document: Document, folds: int) -> int:
    return zlib.crc32(document.id.encode()) % folds


def _types_by_use(uses: Uses) -> dict[str, set[str]]:
    """The types that a concept is used with: firmly at all, or weakly in more than one document."""
    types: dict[str, set[str]] = defaultdict(set)
    weak: Counter[tuple[str, str]] = Counter()
    for _, type_, concepts in uses.firm:
        for id_ in concepts:
            types[id_].add(type_)
    for (_, type_, concepts), count in uses.weak.items():
        for id_ in concepts:
            weak[type_, id_] += count
    for (type_, id_), count in weak.items():
        if count > 1:
            types[id_].add(type_)
    return dict(types)


class _Entries:
    """Collects, for each key of either form, what it may stand for."""

    def __init__(
        self,
        ids: marisa_trie.Trie,
        types: Mapping[str, set[str]],
        uses: Uses,
    ) -> None:
        self._ids = ids
        self._types = types
        self._uses = uses
        self._sources: dict[str, dict[tuple[str, str], int]] = {}
        self._strong: dict[str, dict[tuple[str, str], int]] = {}

    def add(self, record: MeshRecord, *, strong: bool) -> None:
        """The names of ``record``."""
        for source, name in _distinct_names(record):
            form = light_form(name)
            if form and len(form) <= _LONGEST_KEY:
                self._put(self._sources, form, record.id, source)
            if form and (strong or _is_plain(form)):
                self._put(self._strong, strong_form(name), record.id, source)
            if " " in form and len(form) <= _LONGEST_COMPACT and any(map(str.isdigit, form)):
                self._put(self._strong, compact_form(name), record.id, source)

    def add_aliases(self) -> int:
        """Surfaces that only corpora know; how many there were."""
        added = 0
        for form, type_, (id_, *others) in {**self._uses.firm, **self._uses.weak}:
            if id_ in self._types and not others:
                known = self._sources.setdefault(form, {})
                added += (id_, type_) not in known
                known.setdefault((id_, type_), SOURCES.index("alias"))
                self._strong.setdefault(strong_form(form), {}).setdefault((id_, type_), SOURCES.index("alias"))
        return added

    def _put(self, entries: dict[str, dict[tuple[str, str], int]], form: str, id_: str, source: int) -> None:
        known = entries.setdefault(form, {})
        for type_ in self._types[id_]:
            known[id_, type_] = min(source, known.get((id_, type_), source))

    def light_entries(self) -> dict[str, list[Entry]]:
        """By light form, with the uses of exactly that form."""
        return self._entries(self._sources, self._uses)

    def strong_entries(self) -> dict[str, list[Entry]]:
        """By strong form, with the uses of every light form that has it."""
        return self._entries(self._strong, Uses(_strong_uses(self._uses.firm), _strong_uses(self._uses.weak)))

    def _entries(self, known: Mapping[str, dict[tuple[str, str], int]], uses: Uses) -> dict[str, list[Entry]]:
        return {
            form: [
                Entry(
                    self._ids[id_],
                    TYPES.index(type_),
                    source,
                    uses.firm[form, type_, (id_,)],
                    uses.weak[form, type_, (id_,)],
                )
                for (id_, type_), source in sorted(sources.items())
            ]
            for form, sources in known.items()
        }


def _is_plain(form: str) -> bool:
    """Whether a name is one of several words, not one of numbered atoms whose order matters."""
    return " " in form and len(form) <= _LONGEST_KEY and not any(map(str.isdigit, form))


def _strong_uses(uses: Counter[Use]) -> Counter[Use]:
    strong: Counter[Use] = Counter()
    for (form, type_, concepts), count in uses.items():
        strong[strong_form(form), type_, concepts] += count
    return strong


def _distinct_names(record: MeshRecord) -> Iterator[tuple[int, str]]:
    """(index of the source, name), without inverted names (``Neoplasm, Abdominal``) that only turn another."""
    names = [record.name, *record.synonyms]
    straight = {strong_form(name) for name in names if ", " not in name}
    for index, name in enumerate(names):
        if index == 0 or ", " not in name or strong_form(name) not in straight:
            yield min(index, 1), name


def _hide_unrecognised(table: KeyTable, ids: marisa_trie.Trie, hidden: set[str]) -> None:
    """Keys that no text has and that stand for concepts of ``hidden`` only make no matches."""
    numbers = {ids[id_] for id_ in hidden}
    shares = table.shares.copy()
    for number in np.flatnonzero(shares == UNSEEN).tolist():
        if all(entry.concept in numbers for entry in table.entries_at(number)):
            shares[number] = 0
    table.shares = shares


def _save(folder: Path, ids: marisa_trie.Trie, names: Sequence[str], light: KeyTable, strong: KeyTable) -> None:
    with atomic_write_binary(folder / "ids.marisa") as stream:
        stream.write(ids.tobytes())
    write_names(folder / "names.bin", names)
    light.save(folder, "light")
    strong.save(folder, "strong")
