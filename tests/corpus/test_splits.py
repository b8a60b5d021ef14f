from __future__ import annotations

import random
from itertools import chain

import pytest
from pydantic import TypeAdapter

from bran.corpus.document import Document, Passage
from bran.corpus.load import Corpus
from bran.corpus.splits import GivenConfig, KFoldConfig, Split, SplitConfig, TemporalConfig, given, kfold, temporal
from bran.errors import ConfigError, DataError, DuplicateDocumentError


def document(id_: int | str, title: str | None = None) -> Document:
    return Document(str(id_), (Passage("title", f"Title {id_}" if title is None else title),))


DOCUMENTS = [document(id_) for id_ in range(900, 1100)]
TWINS = [*DOCUMENTS[:-2], document(1098, "Title, 900!"), document(1099, "TITLE 900")]


def sides(split: Split) -> list[set[int]]:
    return [set(map(int, ids)) for ids in (split.train, split.validation, split.test)]


def test_each_document_is_tested_once_over_the_folds() -> None:
    splits = kfold(DOCUMENTS, folds=5, seed=0, validation=0.25)
    assert [split.name for split in splits] == ["fold-1", "fold-2", "fold-3", "fold-4", "fold-5"]
    assert sorted(chain.from_iterable(split.test for split in splits)) == sorted(d.id for d in DOCUMENTS)
    for split in splits:
        assert [len(side) for side in sides(split)] == [120, 40, 40]
        assert set.union(*sides(split)) == {int(d.id) for d in DOCUMENTS}


def test_folds_depend_on_the_seed_alone() -> None:
    shuffled = random.Random(7).sample(DOCUMENTS, len(DOCUMENTS))
    splits = kfold(DOCUMENTS, folds=5, seed=3, validation=0.2)
    assert kfold(shuffled, folds=5, seed=3, validation=0.2) == splits
    assert kfold(DOCUMENTS, folds=5, seed=4, validation=0.2) != splits
    assert splits[0].test == kfold(DOCUMENTS, folds=5, seed=3, validation=0.5)[0].test


@pytest.mark.parametrize("seed", range(5))
def test_documents_with_one_title_are_never_parted(seed: int) -> None:
    for split in kfold(TWINS, folds=5, seed=seed, validation=0.3):
        assert sum(not side.isdisjoint({900, 1098, 1099}) for side in sides(split)) == 1


def test_parts_of_the_validation_cover_the_rest_of_a_fold_once() -> None:
    config = {"folds": 5, "seed": 3, "validation": 0.25}
    parts = [kfold(DOCUMENTS, **config, part=part) for part in range(4)]
    assert parts[0] == kfold(DOCUMENTS, **config)
    for folds in zip(*parts, strict=True):
        assert len({split.test for split in folds}) == 1
        held_out = [id_ for split in folds for id_ in split.validation]
        assert sorted(held_out) == sorted({*folds[0].train, *folds[0].validation})
        for split in folds:
            assert set.union(*sides(split)) == {int(d.id) for d in DOCUMENTS}


def test_parts_of_the_validation_of_other_kinds() -> None:
    (cut,) = temporal(DOCUMENTS, cuts=1, test_size=20, validation=0.25, part=1)
    assert sides(cut)[2] == set(range(1080, 1100))
    assert sides(cut)[1] == set(range(990, 1035))
    corpus = Corpus(tuple(DOCUMENTS[:20]), {d.id: "training" for d in DOCUMENTS[:20]})
    one, two = (given(corpus, train=["training"], test=None, validation=0.5, seed=1, part=part)[0] for part in (0, 1))
    assert one.validation == two.train


def test_a_part_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"validation_part 4: shares of 0\.25 are fewer"):
        KFoldConfig(validation=0.25, validation_part=4)
    assert KFoldConfig(validation=0.2, validation_part=4).build(Corpus(tuple(DOCUMENTS)))
    assert "validation_part" not in KFoldConfig().model_dump()


def test_too_many_folds() -> None:
    with pytest.raises(ConfigError, match="9 folds of 3 documents"):
        kfold(DOCUMENTS[:3], folds=9, seed=0, validation=0)


def test_temporal_cuts_roll_back_and_learn_from_older_documents_only() -> None:
    shuffled = random.Random(7).sample(DOCUMENTS, len(DOCUMENTS))
    splits = temporal(shuffled, cuts=3, test_size=20, validation=0.25)
    assert [(min(map(int, s.test)), max(map(int, s.test))) for s in splits] == [
        (1080, 1099),
        (1060, 1079),
        (1040, 1059),
    ]
    for split in splits:
        train, validation, test = sides(split)
        assert max(train) < min(validation) <= max(validation) < min(test)
        assert len(validation) == round(0.25 * len(train | validation))
        assert train | validation == set(range(900, min(test)))


def test_pmids_are_compared_as_numbers() -> None:
    (split,) = temporal([document(9), document(10), document(11)], cuts=1, test_size=1, validation=0)
    assert split.test == ("11",)
    assert split.train == ("10", "9")


def test_a_temporal_cut_takes_documents_with_one_title_together() -> None:
    newest, older = temporal(TWINS, cuts=2, test_size=20, validation=0.25)
    assert {900, 1098, 1099} <= sides(newest)[2]
    assert 900 not in set.union(*sides(older))


def test_temporal_needs_numbers_and_enough_documents() -> None:
    with pytest.raises(DataError, match=r"\(document ab1\): id 'ab1'; expected a PMID"):
        temporal([document("ab1")], cuts=1, test_size=1, validation=0)
    with pytest.raises(ConfigError, match="split cut-2: no document is left to train on"):
        temporal(DOCUMENTS, cuts=2, test_size=100, validation=0)


def corpus(*test_titles: str) -> Corpus:
    training = [document(id_) for id_ in range(20)]
    development = [document(100 + index, title) for index, title in enumerate(test_titles)]
    parts = {d.id: "training" for d in training} | {d.id: "development" for d in development}
    return Corpus((*training, *development), parts)


def test_given_parts() -> None:
    (split,) = given(corpus("Old", "New"), train=["training"], test="development", validation=0.25, seed=1)
    assert split.test == ("100", "101")
    assert (len(split.train), len(split.validation)) == (15, 5)
    (other,) = given(corpus("Old", "New"), train=["training"], test="development", validation=0.25, seed=2)
    assert split.validation != other.validation
    (everything,) = given(corpus("Old"), train=["training", "development"], test=None, validation=0, seed=0)
    assert len(everything.train) == 21


def test_a_document_on_two_sides_is_refused() -> None:
    with pytest.raises(DuplicateDocumentError, match=r"\(document 2\): split s: expected it on one side only"):
        Split("s", ("1", "2"), (), ("2",))
    split = Split("s", ("900",), (), ("1099",))
    with pytest.raises(DuplicateDocumentError, match=r"'TITLE 900' is in train \(document 900\) and test"):
        split.check_titles(TWINS)


@pytest.mark.parametrize(
    ("kind", "cls", "names"),
    [
        ("kfold", KFoldConfig, ["fold-1", "fold-2", "fold-3", "fold-4", "fold-5"]),
        ("temporal", TemporalConfig, ["cut-1"]),
        ("given", GivenConfig, ["given"]),
    ],
)
def test_configs_are_told_by_kind_and_build(kind: str, cls: type, names: list[str]) -> None:
    options = {"cuts": 1, "test_size": 5} if kind == "temporal" else {}
    config: SplitConfig = TypeAdapter(SplitConfig).validate_python({"kind": kind, **options})
    assert type(config) is cls
    assert [split.name for split in config.build(corpus("Old", "New"))] == names
