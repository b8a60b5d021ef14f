"""Splits: which documents train, validate and test. No document, by id or title, is on two sides."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from bran.config import Config
from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.corpus.titles import title_key
from bran.errors import ConfigError, DataError, DuplicateDocumentError, Place

Group: TypeAlias = tuple[str, ...]
"""Ids of documents that must stay on one side, since they share a title."""


@dataclass(frozen=True, slots=True)
class Split:
    """One way to part a corpus.

    Attributes:
        name: says which one (``fold-1``, ``cut-2``, ``given``).
        train: document ids.
        validation: ids of the documents that choose checkpoint and thresholds.
        test: document ids.

    Raises:
        DuplicateDocumentError: when an id stands on two sides.
        ConfigError: when no document is left to train on.
    """

    name: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        for first, second in combinations((self.train, self.validation, self.test), 2):
            for id_ in set(first) & set(second):
                raise DuplicateDocumentError(f"split {self.name}: expected it on one side only", Place(document=id_))
        if not self.train:
            raise ConfigError(f"split {self.name}: no document is left to train on")

    def check_titles(self, documents: Iterable[Document]) -> None:
        """Check that no title, but for case, punctuation and spacing, is on two sides.

        Raises:
            DuplicateDocumentError: when one is.
        """
        sides = {id_: side for side in ("train", "validation", "test") for id_ in getattr(self, side)}
        seen: dict[str, Document] = {}
        for document in documents:
            title = title_key(document)
            if not title or document.id not in sides:
                continue
            other = seen.setdefault(title, document)
            if sides[other.id] != sides[document.id]:
                message = f"split {self.name}: title {document.title!r} is in {sides[other.id]} (document {other.id})"
                raise DuplicateDocumentError(f"{message} and {sides[document.id]}", Place(document=document.id))


def kfold(documents: Sequence[Document], *, folds: int, seed: int, validation: float) -> tuple[Split, ...]:
    """Random folds: each one is the test part once, and a random ``validation`` share of the rest validates.

    Raises:
        ConfigError: when there are fewer documents than folds.
    """
    groups = _shuffled(_groups(documents), f"{seed}")
    if len(groups) < folds:
        raise ConfigError(f"{folds} folds of {len(groups)} documents; expected at least one document per fold")
    splits = []
    for fold in range(folds):
        rest = [group for index, group in enumerate(groups) if index % folds != fold]
        held_out, train = _take(_shuffled(rest, f"{seed}-{fold}"), _share(rest, validation))
        splits.append(_split(f"fold-{fold + 1}", train, held_out, groups[fold::folds]))
    return _checked(splits, documents)


def temporal(documents: Sequence[Document], *, cuts: int, test_size: int, validation: float) -> tuple[Split, ...]:
    """Rolling origin: each cut tests on ``test_size`` documents and learns from older ones only.

    Cut 1 tests on the newest documents, cut 2 on those just before them, and so on; the newest
    ``validation`` share of what is older validates. Document ids are PMIDs: higher is newer. Documents
    with one title are taken together, at the place of the newest.

    Raises:
        DataError: when an id is no number.
        ConfigError: when no document is left to train on.
    """
    for document in documents:
        if not (document.id.isascii() and document.id.isdigit()):
            message = f"id {document.id!r}; expected a PMID (a number), which a temporal split orders by"
            raise DataError(message, Place(document=document.id))
    rest = sorted(_groups(documents), key=lambda group: max(map(int, group)), reverse=True)
    splits = []
    for cut in range(1, cuts + 1):
        test, rest = _take(rest, test_size)
        held_out, train = _take(rest, _share(rest, validation))
        splits.append(_split(f"cut-{cut}", train, held_out, test))
    return _checked(splits, documents)


def given(corpus: Corpus, *, train: Sequence[str], test: str | None, validation: float, seed: int) -> tuple[Split, ...]:
    """The published parts: train on ``train``, a random ``validation`` share of it aside, test on ``test``.

    Raises:
        DataError: when the corpus has no such part.
        DuplicateDocumentError: when a title is in both.
    """
    documents = [document for part in train for document in corpus.part(part)]
    tested = list(corpus.part(test)) if test else []
    groups = _shuffled(_groups(documents), f"{seed}")
    held_out, rest = _take(groups, _share(groups, validation))
    return _checked([_split("given", rest, held_out, _groups(tested))], [*documents, *tested])


def _groups(documents: Sequence[Document]) -> list[Group]:
    """Ids of documents with one title, together; in an order that does not depend on that of ``documents``."""
    groups: dict[str, list[str]] = {}
    for document in documents:
        groups.setdefault(title_key(document) or f"\0{document.id}", []).append(document.id)
    return sorted(tuple(sorted(ids)) for ids in groups.values())


def _shuffled(groups: Sequence[Group], seed: str) -> list[Group]:
    shuffled = list(groups)
    random.Random(seed).shuffle(shuffled)
    return shuffled


def _share(groups: Sequence[Group], share: float) -> int:
    return round(share * sum(map(len, groups)))


def _take(groups: Sequence[Group], count: int) -> tuple[list[Group], list[Group]]:
    """The first groups, until they hold ``count`` documents, and the others."""
    taken, size = 0, 0
    while size < count and taken < len(groups):
        size += len(groups[taken])
        taken += 1
    return list(groups[:taken]), list(groups[taken:])


def _split(name: str, train: Iterable[Group], validation: Iterable[Group], test: Iterable[Group]) -> Split:
    sides = (tuple(sorted(chain.from_iterable(groups))) for groups in (train, validation, test))
    return Split(name, *sides)


def _checked(splits: Sequence[Split], documents: Sequence[Document]) -> tuple[Split, ...]:
    for split in splits:
        split.check_titles(documents)
    return tuple(splits)


class KFoldConfig(Config):
    """Builds :func:`kfold`."""

    kind: Literal["kfold"] = "kfold"
    folds: int = Field(default=5, ge=2)
    seed: int = 0
    validation: float = Field(default=0.15, ge=0, lt=1)
    """Share of the documents outside the fold."""

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The splits of ``corpus``."""
        return kfold(corpus.documents, folds=self.folds, seed=self.seed, validation=self.validation)


class TemporalConfig(Config):
    """Builds :func:`temporal`."""

    kind: Literal["temporal"] = "temporal"
    cuts: int = Field(default=3, ge=1)
    test_size: int = Field(default=100, ge=1)
    validation: float = Field(default=0.15, ge=0, lt=1)
    """Share of the documents older than the test part: the newest of them."""

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The splits of ``corpus``."""
        return temporal(corpus.documents, cuts=self.cuts, test_size=self.test_size, validation=self.validation)


class GivenConfig(Config):
    """Builds :func:`given`."""

    kind: Literal["given"] = "given"
    train: tuple[str, ...] = ("training",)
    test: str | None = "development"
    validation: float = Field(default=0.15, ge=0, lt=1)
    """Share of the training documents."""
    seed: int = 0

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The one split of ``corpus``."""
        return given(corpus, train=self.train, test=self.test, validation=self.validation, seed=self.seed)


SplitConfig: TypeAlias = Annotated[KFoldConfig | TemporalConfig | GivenConfig, Field(discriminator="kind")]
"""Any of the split configs, told apart by ``kind``."""
