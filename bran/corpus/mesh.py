"""The MeSH tree: which descriptor stands above which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

from bran.errors import FormatError, Place
from bran.files import atomic_write, open_text

DISEASE_BRANCHES = ("C", "F03")
"""The branches that hold diseases: ``C`` (Diseases) and ``F03`` (Mental Disorders)."""

BUNDLED_VERSION = "2020"
"""The MeSH that ships with the package."""


class MeshTree:
    """Ancestors of MeSH descriptors, by their tree numbers.

    A descriptor has one tree number per place in the tree (``C14.280.067``); its ancestors are the
    descriptors whose tree numbers begin one of its own (``C14``, ``C14.280``).

    Args:
        tree_numbers: those of each namespaced descriptor (``MESH:D001145``).
    """

    def __init__(self, tree_numbers: Mapping[str, tuple[str, ...]]) -> None:
        self.tree_numbers = dict(tree_numbers)
        self._descriptor = {number: id_ for id_, numbers in self.tree_numbers.items() for number in numbers}
        self._ancestors: dict[str, frozenset[str]] = {}

    @classmethod
    def read(cls, path: str | Path) -> MeshTree:
        """The tree in a tab-separated table: id first, tree numbers (joined by ``|``) last, no header.

        Raises:
            FormatError: when the file cannot be read, or a row has no two columns.
        """
        tree_numbers: dict[str, tuple[str, ...]] = {}
        with open_text(path) as lines:
            for number, line in enumerate(lines, start=1):
                columns = line.rstrip("\r\n").split("\t")
                if len(columns) < 2 or not columns[0]:
                    message = f"row {line[:60]!r}: expected a descriptor id and its tree numbers, tab-separated"
                    raise FormatError(message, Place(str(path), number))
                tree_numbers[f"MESH:{columns[0]}"] = tuple(filter(None, columns[-1].split("|")))
        return cls(tree_numbers)

    @classmethod
    @lru_cache(maxsize=1)
    def bundled(cls) -> MeshTree:
        """The diseases of MeSH 2020, as they ship with the package."""
        with resources.as_file(resources.files("bran.assets") / "mesh" / "diseases-2020.tsv.gz") as path:
            return cls.read(path)

    def ancestors(self, id_: str) -> frozenset[str]:
        """Every descriptor above ``id_``; none when the tree does not hold it."""
        if id_ not in self._ancestors:
            numbers = self.tree_numbers.get(id_, ())
            above = {self._descriptor.get(prefix, "") for number in numbers for prefix in _prefixes(number)}
            self._ancestors[id_] = frozenset(above - {"", id_})
        return self._ancestors[id_]

    def is_ancestor(self, ancestor: str, id_: str) -> bool:
        """Whether ``ancestor`` stands above ``id_``, anywhere."""
        return ancestor in self.ancestors(id_)

    def branches(self, prefixes: Iterable[str]) -> MeshTree:
        """The part of the tree under tree numbers that begin with one of ``prefixes``."""
        starts = tuple(prefixes)
        kept = {
            id_: tuple(number for number in numbers if number.startswith(starts))
            for id_, numbers in self.tree_numbers.items()
        }
        return MeshTree({id_: numbers for id_, numbers in kept.items() if numbers})

    def write(self, path: str | Path) -> None:
        """Write the tree as :meth:`read` takes it: id, tab, tree numbers; compressed when it ends in ``.gz``."""
        with atomic_write(path) as stream:
            for id_, numbers in sorted(self.tree_numbers.items()):
                stream.write(f"{id_.removeprefix('MESH:')}\t{'|'.join(numbers)}\n")


def _prefixes(number: str) -> Iterator[str]:
    """The tree numbers above ``number``."""
    while "." in number:
        number = number.rpartition(".")[0]
        yield number
