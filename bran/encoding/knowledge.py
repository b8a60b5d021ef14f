"""What other documents state of a pair: a table of relations by document, and what it says of candidates.

Whether a chemical is known to cause a disease is the strongest hint there is, beside the text, that an abstract
naming both says so (Peng, Wei, Lu: *Improving chemical disease relation extraction with rich features and weakly
labeled data*, J Cheminform 2016, "knowledge-based features"). A document never hears of itself: its own statements
do not count in what its pairs are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bran.corpus.document import Document, Pair
from bran.corpus.statements import Statement
from bran.encoding.packed_arrays import Packed, pack, unpacked
from bran.encoding.pair_groups import PairGroups
from bran.encoding.subwords import Floats, Ints

KNOWLEDGE = "knowledge.safetensors"
"""Name of the file in a model's folder."""
_ENTRY = "kinds"

KIND_FEATURES = (
    "documents",  # log(1 + other documents that state it)
    "stated",  # 1 when any does
    "head statements",  # log(1 + tails that the head is stated with) / 3
    "tail statements",  # log(1 + heads that the tail is stated with) / 3
    "behind best of head",  # "documents" - the highest of the head's pairs in this document
    "behind best of tail",
    "behind best",  # ... of all pairs
    "rank of head",  # log(1 + pairs of the head that more documents state)
    "rank of tail",
)
"""Numbers per pair and kind of statement."""


class _Statements:
    """The statements of one kind.

    Args:
        pairs: head number * concepts + tail number, ascending, each once, shape ``(pairs,)``.
        offsets: where the documents of each pair begin and, last, end, shape ``(pairs + 1,)``.
        documents: numbers of the documents, ascending for each pair, shape ``(statements,)``.
        concepts: how many there are.
    """

    def __init__(self, pairs: Ints, offsets: Ints, documents: Ints, *, concepts: int) -> None:
        self.pairs, self.offsets, self.documents, self.concepts = pairs, offsets, documents, concepts
        self._heads = np.bincount(pairs // concepts, minlength=concepts)
        self._tails = np.bincount(pairs % concepts, minlength=concepts)
        self._by_document = np.argsort(documents, kind="stable")
        self._ordered = documents[self._by_document]

    def counts(self, heads: Ints, tails: Ints, own: int) -> Ints:
        """Documents other than ``own`` that state each pair of concepts, shape ``(pairs,)``; -1 is an unknown one."""
        if not len(self.pairs):
            return np.zeros_like(heads)
        keys = np.where((heads >= 0) & (tails >= 0), heads * self.concepts + tails, -1)
        at = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        stated = self.offsets[at + 1] - self.offsets[at] - np.isin(at, self._stated_by(own))
        counts: Ints = np.where(self.pairs[at] == keys, stated, 0)
        return counts

    def partners(self, heads: Ints, tails: Ints, own: int) -> tuple[Ints, Ints]:
        """How many tails each head is stated with by documents other than ``own``, and how many heads each tail."""
        mine = self._stated_by(own)
        lost = self.pairs[mine[np.diff(self.offsets)[mine] == 1]]  # nobody else states these
        with_heads = self._heads - np.bincount(lost // self.concepts, minlength=self.concepts)
        with_tails = self._tails - np.bincount(lost % self.concepts, minlength=self.concepts)
        return np.where(heads >= 0, with_heads[heads], 0), np.where(tails >= 0, with_tails[tails], 0)

    def stating(self, head: int, tail: int) -> Ints:
        """Numbers of the documents that state the pair."""
        key = head * self.concepts + tail
        at = int(np.searchsorted(self.pairs, key))
        found = at < len(self.pairs) and self.pairs[at] == key
        return self.documents[self.offsets[at] : self.offsets[at + 1]] if found else self.documents[:0]

    def _stated_by(self, document: int) -> Ints:
        """Indices of the pairs that ``document`` states."""
        first, last = np.searchsorted(self._ordered, [document, document + 1])
        pairs: Ints = np.searchsorted(self.offsets, self._by_document[first:last], side="right") - 1
        return pairs


class Knowledge(Packed):
    """Relations between concepts, each with the documents that state it.

    Args:
        kinds: names of the kinds of statements.
        concepts: ids, ascending; pairs refer to them by number.
        statements: for each kind the pairs (head number * concepts + tail number, ascending), the bounds of their
            documents, and the documents' numbers.
    """

    def __init__(self, kinds: Sequence[str], concepts: Sequence[str], statements: Sequence[tuple[Ints, Ints, Ints]]):
        self.kinds = tuple(kinds)
        self._ids = list(concepts)
        self._numbers = {id_: number for number, id_ in enumerate(concepts)}
        self._kinds = [_Statements(*arrays, concepts=max(len(concepts), 1)) for arrays in statements]

    def __len__(self) -> int:
        """Number of pairs, counted once for each kind."""
        return sum(len(kind.pairs) for kind in self._kinds)

    @property
    def width(self) -> int:
        """Numbers per pair that :meth:`features` gives."""
        return len(KIND_FEATURES) * len(self.kinds)

    @classmethod
    def of(cls, statements: Iterable[Statement], *, kinds: Sequence[str]) -> Knowledge:
        """The knowledge in ``statements``; those of other ``kinds`` are passed over.

        Raises:
            ValueError: when a document's id is not a number: documents are told apart by their PMIDs.
        """
        known = sorted({(s.kind, s.head, s.tail, int(s.document)) for s in statements if s.kind in kinds})
        concepts = sorted({id_ for _, head, tail, _ in known for id_ in (head, tail)})
        numbers = {id_: number for number, id_ in enumerate(concepts)}
        arrays = []
        for kind in kinds:
            rows = [(numbers[head] * len(concepts) + numbers[tail], doc) for k, head, tail, doc in known if k == kind]
            table = np.array(rows, dtype=np.int64).reshape(-1, 2)
            pairs, first = np.unique(table[:, 0], return_index=True)
            arrays.append((pairs, np.append(first, len(table)), table[:, 1]))
        return cls(kinds, concepts, arrays)

    def features(self, document: Document, pairs: Sequence[Pair]) -> Floats:
        """What the statements of other documents say of ``pairs``.

        Args:
            document: what the pairs are candidates of; its own statements do not count.
            pairs: at least one.

        Returns:
            ``KIND_FEATURES`` of each kind, one kind after the other, shape ``(pairs, width)``.
        """
        heads = np.array([self._numbers.get(pair.head.id, -1) for pair in pairs], dtype=np.int64)
        tails = np.array([self._numbers.get(pair.tail.id, -1) for pair in pairs], dtype=np.int64)
        own = int(document.id) if document.id.isascii() and document.id.isdigit() else -1
        groups = PairGroups(pairs)
        columns = [column for kind in self._kinds for column in _columns(kind, heads, tails, groups, own)]
        features: Floats = np.stack(columns, axis=1).astype(np.float32)
        return features

    def documents(self, kind: str, head: str, tail: str) -> list[str]:
        """Ids of the documents that state a relation."""
        if head not in self._numbers or tail not in self._numbers:
            return []
        found = self._kinds[self.kinds.index(kind)].stating(self._numbers[head], self._numbers[tail])
        return [str(number) for number in found.tolist()]

    def _bytes(self) -> bytes:
        arrays: dict[str, NDArray[Any]] = {"concepts": np.frombuffer("\n".join(self._ids).encode(), dtype=np.uint8)}
        for number, kind in enumerate(self._kinds):
            arrays |= {
                f"{number}.pairs": kind.pairs,
                f"{number}.offsets": kind.offsets.astype(np.int32),
                f"{number}.documents": kind.documents.astype(np.int32),
            }
        return pack(arrays, entry=_ENTRY, said=self.kinds)

    @classmethod
    def load(cls, path: Path) -> Knowledge:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: when the file is missing or damaged.
        """
        with unpacked(path, entry=_ENTRY, writer="bran knowledge build") as (kinds, array):
            concepts = array("concepts").tobytes().decode().split("\n")
            statements = [_arrays(array, number) for number in range(len(kinds))]
        return cls(kinds, concepts, statements)


def _arrays(array: Callable[[str], NDArray[Any]], number: int) -> tuple[Ints, Ints, Ints]:
    """Pairs, bounds and documents of a kind of statements, as the file has them."""
    pairs, offsets, documents = (array(f"{number}.{name}") for name in ("pairs", "offsets", "documents"))
    return pairs.astype(np.int64), offsets.astype(np.int64), documents.astype(np.int64)


def _columns(kind: _Statements, heads: Ints, tails: Ints, groups: PairGroups, own: int) -> tuple[Floats, ...]:
    """``KIND_FEATURES`` of one kind, each of shape ``(pairs,)``.

    Args:
        kind: its statements.
        heads: numbers of the pairs' heads, -1 for unknown ones, shape ``(pairs,)``.
        tails: the same of their tails.
        groups: which pairs share an entity.
        own: number of the document whose statements do not count.
    """
    counts = kind.counts(heads, tails, own)
    with_head, with_tail = kind.partners(heads, tails, own)
    stated = np.log1p(counts)
    return (
        stated,
        (counts > 0).astype(np.float64),
        np.log1p(with_head) / 3,
        np.log1p(with_tail) / 3,
        *groups.behind_best(stated),
        np.log1p(_outranked(counts, groups.heads)),
        np.log1p(_outranked(counts, groups.tails)),
    )


def _outranked(values: Ints, groups: Ints) -> Ints:
    """How many of each one's group are higher, shape ``(pairs,)``."""
    order = np.lexsort((-values, groups))
    ordered, grouped = values[order], groups[order]
    new_group = np.append(True, grouped[1:] != grouped[:-1])
    new_value = new_group | np.append(True, ordered[1:] != ordered[:-1])
    places = np.arange(len(order))
    begins = np.maximum.accumulate(np.where(new_value, places, 0)) - np.maximum.accumulate(
        np.where(new_group, places, 0)
    )
    outranked: Ints = np.empty_like(begins)
    outranked[order] = begins
    return outranked
