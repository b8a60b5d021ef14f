"""How a compiled lexicon is stored: keys in a trie, what they stand for in flat arrays, names in packed blocks.

A folder of a lexicon holds ``ids.marisa`` (concept ids; the number that the trie gives an id is the
concept's number everywhere), ``names.bin`` (preferred names by that number), and for the light and the
strong form a trie of keys and an ``.npz`` of arrays beside it. Nothing is pickled.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import marisa_trie
import numpy as np
from numpy.typing import NDArray

from bran.errors import ModelError
from bran.files import atomic_write_binary

TYPES = ("Chemical", "Disease")
"""The entity types of a lexicon; a candidate stores the index."""

SOURCES = ("name", "synonym", "alias")
"""Where a key comes from: a preferred name, another name of MeSH, or an annotated corpus only."""

_BLOCK = 1024
_TRIES = 5  # marisa's: more make the file smaller and the lookup slower


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key may stand for.

    Attributes:
        concept: number of the concept.
        type: index in :data:`TYPES`.
        source: index in :data:`SOURCES`.
        firm: documents in which people annotated the key so.
        weak: documents in which a program did, or that define the key as an abbreviation.
    """

    concept: int
    type: int
    source: int
    firm: int = 0
    weak: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Entries of one type as arrays of shape ``(entries,)``: number of the key, concept, firm and weak uses."""

    keys: NDArray[np.int64]
    concepts: NDArray[np.int64]
    firm: NDArray[np.float64]
    weak: NDArray[np.float64]


class KeyTable:
    """Keys and their entries, in memory as a trie and five arrays.

    Args:
        trie: the keys; their numbers index ``sizes``.
        arrays: ``sizes`` (entries per key), and one item per entry: ``concepts``, ``kinds`` (type + 2 × source),
            ``firm``, ``weak``; ``shares`` has one per key.
    """

    def __init__(self, trie: marisa_trie.Trie, arrays: Mapping[str, NDArray[np.unsignedinteger[Any]]]) -> None:
        self.trie = trie
        self._arrays = dict(arrays)
        self._first = np.concatenate([[0], np.cumsum(arrays["sizes"], dtype=np.int64)])

    @classmethod
    def build(cls, entries: Mapping[str, Sequence[Entry]]) -> KeyTable:
        """The table of ``entries`` by key; ``shares`` are all :data:`UNSEEN`."""
        trie = marisa_trie.Trie(list(entries), num_tries=_TRIES)
        ordered = [entries[trie.restore_key(number)] for number in range(len(trie))]
        flat = [entry for group in ordered for entry in group]
        return cls(
            trie,
            {
                "sizes": np.array([len(group) for group in ordered], dtype=np.uint8),
                "concepts": np.array([entry.concept for entry in flat], dtype=np.uint32),
                "kinds": np.array([entry.type + 2 * entry.source for entry in flat], dtype=np.uint8),
                "firm": np.array([min(entry.firm, 65535) for entry in flat], dtype=np.uint16),
                "weak": np.array([min(entry.weak, 65535) for entry in flat], dtype=np.uint16),
                "shares": np.full(len(trie), UNSEEN, dtype=np.uint8),
            },
        )

    @classmethod
    def load(cls, folder: Path, name: str) -> KeyTable:
        """The table called ``name`` in ``folder``, its trie memory-mapped."""
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(marisa_trie.Trie().mmap(str(folder / f"{name}.marisa")), dict(arrays))

    def save(self, folder: Path, name: str) -> None:
        """Write ``name.marisa`` and ``name.npz`` in ``folder``."""
        with atomic_write_binary(folder / f"{name}.marisa") as stream:
            stream.write(self.trie.tobytes())
        with atomic_write_binary(folder / f"{name}.npz") as stream:
            np.savez_compressed(stream, **self._arrays)

    def entries(self, key: str) -> tuple[Entry, ...]:
        """The entries of ``key``; none when it is not there."""
        number = self.trie.get(key)
        return () if number is None else self.entries_at(number)

    def entries_at(self, number: int) -> tuple[Entry, ...]:
        """The entries of the key with this number."""
        return tuple(self._entry(index) for index in range(self._first[number], self._first[number + 1]))

    def _entry(self, index: int) -> Entry:
        a = self._arrays
        source, type_ = divmod(int(a["kinds"][index]), 2)
        return Entry(int(a["concepts"][index]), type_, source, int(a["firm"][index]), int(a["weak"][index]))

    def rows(self, type_: int) -> Rows:
        """The entries of a type (its index in :data:`TYPES`), in the order of their keys' numbers."""
        a = self._arrays
        kept = a["kinds"] % len(TYPES) == type_
        keys = np.repeat(np.arange(len(self.trie)), a["sizes"])[kept]
        firm, weak = a["firm"][kept].astype(np.float64), a["weak"][kept].astype(np.float64)
        return Rows(keys, a["concepts"][kept].astype(np.int64), firm, weak)

    @property
    def shares(self) -> NDArray[np.unsignedinteger[Any]]:
        """Per key: of how many of its occurrences in annotated text it is annotated; see :data:`UNSEEN`."""
        return self._arrays["shares"]

    @shares.setter
    def shares(self, values: NDArray[np.unsignedinteger[Any]]) -> None:
        self._arrays["shares"] = values


UNSEEN = 255
"""The share of a key that no annotated text holds; others are per cent."""


class NameBlocks:
    """Strings by number, compressed in blocks, so that one is read without the others.

    Args:
        data: the compressed blocks, one after the other.
        offsets: where each begins, and the end of the last.
    """

    def __init__(self, data: bytes, offsets: Sequence[int]) -> None:
        self._data = data
        self._offsets = offsets
        self._block = lru_cache(maxsize=256)(self._unpack)

    @classmethod
    def load(cls, path: Path) -> NameBlocks:
        """The strings that :func:`write_names` wrote."""
        data = path.read_bytes()
        count = int.from_bytes(data[:4], "little")
        offsets = np.frombuffer(data, dtype="<u4", count=count + 1, offset=4)
        return cls(data[4 + offsets.nbytes :], offsets.tolist())

    def __getitem__(self, number: int) -> str:
        block, index = divmod(number, _BLOCK)
        return self._block(block)[index]

    def _unpack(self, block: int) -> list[str]:
        packed = self._data[self._offsets[block] : self._offsets[block + 1]]
        return lzma.decompress(packed).decode().split("\n")


def write_names(path: Path, names: Sequence[str]) -> None:
    """Write strings without line breaks as :class:`NameBlocks` reads them."""
    blocks = [names[start : start + _BLOCK] for start in range(0, len(names), _BLOCK)]
    packed = [lzma.compress("\n".join(block).encode(), format=lzma.FORMAT_ALONE, preset=9) for block in blocks]
    offsets = np.concatenate([[0], np.cumsum([len(block) for block in packed])]).astype("<u4")
    with atomic_write_binary(path) as stream:
        stream.write(len(packed).to_bytes(4, "little") + offsets.tobytes() + b"".join(packed))


def check_folder(folder: Path, names: Iterable[str]) -> None:
    """Whether ``folder`` is that of a lexicon.

    Raises:
        ModelError: when one of its files is missing.
    """
    for name in names:
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: holds no {name}; expected the folder of a lexicon (bran lexicon build)")
