"""Splits: which documents train, validate and test. No document, by id or title, is on two sides."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from bran.config import Config
from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.corpus.titles import title_key
from bran.errors import ConfigError, DataError, DuplicateDocumentError, Place
from bran.wording import counted

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


def kfold(
    documents: Sequence[Document], *, folds: int, seed: int, validation: float, part: int = 0
) -> tuple[Split, ...]:
    """Random folds: each one is the test part once, and a random ``validation`` share of the rest validates.

    Another ``part``, from 0, is another share, which overlaps with those of lower numbers only where shares run out.

    Raises:
        ConfigError: when there are fewer documents than folds.
    """
    groups = _shuffled(_groups(documents), f"{seed}")
    if len(groups) < folds:
        found = f"{counted(folds, 'fold')} of {counted(len(groups), 'document')}"
        raise ConfigError(f"{found}; expected at least one document per fold")
    splits = []
    for fold in range(folds):
        rest = [group for index, group in enumerate(groups) if index % folds != fold]
        held_out, train = _held_out(_shuffled(rest, f"{seed}-{fold}"), validation, part)
        splits.append(_split(f"fold-{fold + 1}", train, held_out, groups[fold::folds]))
    return _checked(splits, documents)


def temporal(
    documents: Sequence[Document], *, cuts: int, test_size: int, validation: float, part: int = 0
) -> tuple[Split, ...]:
    """Rolling origin: each cut tests on ``test_size`` documents and learns from older ones only.

    Cut 1 tests on the newest documents, cut 2 on those just before them, and so on; the newest
    ``validation`` share of what is older validates, with ``part`` 1 the share before that one, and so on.
    Document ids are PMIDs: higher is newer. Documents with one title are taken together, at the place of the
    newest.

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
        held_out, train = _held_out(rest, validation, part)
        splits.append(_split(f"cut-{cut}", train, held_out, test))
    return _checked(splits, documents)


def given(
    corpus: Corpus, *, train: Sequence[str], test: str | None, validation: float, seed: int, part: int = 0
) -> tuple[Split, ...]:
    """The published parts: train on ``train``, a random ``validation`` share of it aside, test on ``test``.

    Another ``part`` is another share, as in :func:`kfold`.

    Raises:
        DataError: when the corpus has no such part.
        DuplicateDocumentError: when a title is in both.
    """
    documents = [document for part in train for document in corpus.part(part)]
    tested = list(corpus.part(test)) if test else []
    groups = _shuffled(_groups(documents), f"{seed}")
    held_out, rest = _held_out(groups, validation, part)
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


def _held_out(groups: Sequence[Group], share: float, part: int) -> tuple[list[Group], list[Group]]:
    """The ``part``-th ``share`` of the documents, and the others."""
    before, after = _take(groups, part * _share(groups, share))
    return _take([*after, *before], _share(groups, share))


def _split(name: str, train: Iterable[Group], validation: Iterable[Group], test: Iterable[Group]) -> Split:
    sides = (tuple(sorted(chain.from_iterable(groups))) for groups in (train, validation, test))
    return Split(name, *sides)


def _checked(splits: Sequence[Split], documents: Sequence[Document]) -> tuple[Split, ...]:
    for split in splits:
        split.check_titles(documents)
    return tuple(splits)


class _ValidatedConfig(Config):
    validation: float = Field(default=0.15, ge=0, lt=1)
    """Share of the documents outside the test part; of a temporal cut the newest of them."""
    validation_part: int = Field(default=0, ge=0, exclude_if=(0).__eq__)
    """Which of such shares, from 0: models that are averaged may leave out different ones."""

    @model_validator(mode="after")
    def _part_is_there(self) -> Self:
        if self.validation_part and self.validation_part * self.validation >= 1:
            raise ValueError(f"validation_part {self.validation_part}: shares of {self.validation} are fewer")
        return self


class KFoldConfig(_ValidatedConfig):
    """Builds :func:`kfold`."""

    kind: Literal["kfold"] = "kfold"
    folds: int = Field(default=5, ge=2)
    seed: int = 0

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The splits of ``corpus``."""
        return kfold(
            corpus.documents,
            folds=self.folds,
            seed=self.seed,
            validation=self.validation,
            part=self.validation_part,
        )


class TemporalConfig(_ValidatedConfig):
    """Builds :func:`temporal`."""

    kind: Literal["temporal"] = "temporal"
    cuts: int = Field(default=3, ge=1)
    test_size: int = Field(default=100, ge=1)

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The splits of ``corpus``."""
        return temporal(
            corpus.documents,
            cuts=self.cuts,
            test_size=self.test_size,
            validation=self.validation,
            part=self.validation_part,
        )


class GivenConfig(_ValidatedConfig):
    """Builds :func:`given`."""

    kind: Literal["given"] = "given"
    train: tuple[str, ...] = ("training",)
    test: str | None = "development"
    seed: int = 0

    def build(self, corpus: Corpus) -> tuple[Split, ...]:
        """The one split of ``corpus``."""
        return given(
            corpus,
            train=self.train,
            test=self.test,
            validation=self.validation,
            seed=self.seed,
            part=self.validation_part,
        )


SplitConfig: TypeAlias = Annotated[KFoldConfig | TemporalConfig | GivenConfig, Field(discriminator="kind")]
"""Any of the split configs, told apart by ``kind``."""
