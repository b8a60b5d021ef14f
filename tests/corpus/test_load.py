from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.load import Corpus, load_corpus
from bran.corpus.readers import ErrorLog
from bran.corpus.schema import load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError

CDR = load_schema("cdr")


def document(id_: str, title: str) -> Document:
    mentions = (Mention(0, 1, "Chemical", ("MESH:C",)), Mention(1, 2, "Disease", ("MESH:D",)))
    return Document(id_, (Passage("title", title),), mentions, (Relation("CID", "MESH:C", "MESH:D"),))


def write(path: Path, *titles: tuple[str, str]) -> None:
    path.write_text("\n".join(f"{id_}|t|{title}\n" for id_, title in titles))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "CDR_TrainingSet.PubTator.txt", ("1", "One"), ("2", "Two"))
    write(tmp_path / "CDR_DevelopmentSet.PubTator.txt", ("3", "Three"))
    write(tmp_path / "CDR_TestSet.PubTator.txt", ("4", "Four"))
    return tmp_path


def test_a_file(fixtures: Path) -> None:
    corpus = load_corpus(fixtures / "corpus" / "cdr.pubtator", CDR)
    assert [d.id for d in corpus.documents] == ["90000001", "90000002", "90000003", "90000004"]
    assert corpus.given == {}


def test_a_folder_has_its_published_splits_but_not_the_test_part(folder: Path) -> None:
    corpus = load_corpus(folder, CDR)
    assert corpus.given == {"1": "training", "2": "training", "3": "development"}
    assert [d.id for d in corpus.part("training")] == ["1", "2"]
    assert load_corpus(folder, CDR, splits=("test",)).given == {"4": "test"}


def test_unknown_parts_and_ids_are_named(folder: Path) -> None:
    corpus = load_corpus(folder, CDR, exclude={"2"})
    assert [d.id for d in corpus.select(["3", "1"])] == ["3", "1"]
    with pytest.raises(DataError, match="document '2' is not in the corpus of 2 documents"):
        corpus.select(["2"])
    with pytest.raises(DataError, match="split 'test' is not in the corpus; it has training, development"):
        corpus.part("test")


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"expected CDR_TrainingSet\.PubTator\.txt"):
        load_corpus(tmp_path, CDR)


def test_an_id_in_two_splits_is_refused(folder: Path) -> None:
    write(folder / "CDR_DevelopmentSet.PubTator.txt", ("3", "Three"), ("2", "Two again"))
    with pytest.raises(DuplicateDocumentError, match=r"CDR_DevelopmentSet.*\(document 2\).*in the training split too"):
        load_corpus(folder, CDR)


def test_a_title_in_two_splits_is_refused(folder: Path) -> None:
    write(folder / "CDR_DevelopmentSet.PubTator.txt", ("3", " “TWO”. "))
    with pytest.raises(DuplicateDocumentError, match="is that of document 2 too"):
        load_corpus(folder, CDR)


def test_duplicates_are_refused_by_whoever_makes_a_corpus() -> None:
    with pytest.raises(DuplicateDocumentError, match="id '1' stands twice"):
        Corpus((document("1", "One"), document("1", "Two")))
    assert len(Corpus((document("1", "……"), document("2", "——"))).documents) == 2  # no title to compare


def test_a_duplicate_in_one_file_is_refused_even_when_a_log_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    write(path, ("1", "One"), ("1", "Two"))
    with pytest.raises(DuplicateDocumentError):
        load_corpus(path, CDR)
    log = ErrorLog()
    assert len(load_corpus(path, CDR, on_error=log).documents) == 1
    assert len(log.skipped) == 1


def test_the_hash_names_the_content_whatever_the_order() -> None:
    one, two = document("1", "One"), document("2", "Two")
    corpus = Corpus((one, two))
    assert corpus.hash == Corpus((two, replace(one, mentions=one.mentions[::-1]))).hash
    assert len(corpus.hash) == 12
    changed = [
        replace(two, id="3"),
        replace(two, passages=(Passage("title", "Twa"),)),
        replace(two, relations=()),
        replace(two, mentions=two.mentions[:1]),
        replace(two, mentions=(replace(two.mentions[0], concepts=()), two.mentions[1])),
    ]
    assert len({corpus.hash, *(Corpus((one, other)).hash for other in changed)}) == 6


def test_ends_of_symmetric_relations_stand_in_the_order_of_candidates(fixtures: Path, tmp_path: Path) -> None:
    shutil.copy(fixtures / "corpus" / "biored.pubtator", tmp_path / "Train.PubTator")
    biored = load_schema("biored")
    (loaded,) = load_corpus(tmp_path, biored).documents
    candidates = {(pair.head.id, pair.tail.id) for pair in biored.candidates(loaded)}
    assert {(relation.head, relation.tail) for relation in loaded.relations} <= candidates
