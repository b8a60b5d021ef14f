"""What a recogniser is trained on: whose document it is when several corpora have it, and who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.config import parse_config
from bran.corpus.readers import ErrorLog, Strict
from bran.errors import DataError, FormatError, ModelError
from bran.workflows.recognition import RecognitionConfig
from bran.workflows.recognition_data import load_names, read_corpora
from tests.builders import document
from tests.recognisers import notes, recognition_settings, write_lexicon
from tests.runs import write_corpus


@pytest.fixture
def config(tmp_path: Path) -> RecognitionConfig:
    return parse_config(RecognitionConfig, recognition_settings(tmp_path), source="settings")


def ids(corpora: dict[str, list]) -> dict[str, list[str]]:
    return {name: [doc.id for doc in documents] for name, documents in corpora.items()}


def test_a_document_of_two_corpora_is_one_of_the_first(config: RecognitionConfig, tmp_path: Path) -> None:
    files = {
        "drugs": [write_corpus(tmp_path / "drugs.txt", notes()[2:5])],
        "notes": [write_corpus(tmp_path / "notes.txt", notes()[:3])],
    }
    found = read_corpora(config, files, exclude=(), on_error=Strict())
    assert ids(found) == {"notes": ["31", "32", "33"], "drugs": ["34", "35"]}
    assert list(found) == ["notes", "drugs"]


def test_a_document_that_differs_in_its_text_is_the_same_by_its_id(config: RecognitionConfig, tmp_path: Path) -> None:
    files = {
        "notes": [write_corpus(tmp_path / "notes.txt", notes()[:1])],
        "drugs": [write_corpus(tmp_path / "drugs.txt", [document("31", "Another text."), notes()[1]])],
    }
    assert ids(read_corpora(config, files, exclude=(), on_error=Strict()))["drugs"] == ["32"]


def test_passages_of_one_article_may_share_its_id_and_files_may_repeat(
    config: RecognitionConfig, tmp_path: Path
) -> None:
    first = write_corpus(tmp_path / "first.txt", [document("7", "Velorin."), document("8", "Brinol.")])
    second = write_corpus(tmp_path / "second.txt", [document("7", "Gout."), document("8", "Brinol.")])
    found = read_corpora(config, {"notes": [first, second]}, exclude=(), on_error=Strict())["notes"]
    assert [(doc.id, doc.text) for doc in found] == [("7", "Velorin."), ("8", "Brinol."), ("7", "Gout.")]


def test_excluded_documents_are_in_no_corpus(config: RecognitionConfig, tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "notes.txt", notes())
    found = read_corpora(config, {"notes": [path], "drugs": [path]}, exclude={"31", "36"}, on_error=Strict())
    assert ids(found) == {"notes": ["32", "33", "34", "35"]}


def test_corpora_without_files_or_documents_are_left_out(config: RecognitionConfig, tmp_path: Path) -> None:
    path = write_corpus(tmp_path / "notes.txt", notes()[:1])
    assert read_corpora(config, {}, exclude=(), on_error=Strict()) == {}
    assert read_corpora(config, {"notes": [path]}, exclude={"31"}, on_error=Strict()) == {}


def test_what_cannot_be_read_is_told(config: RecognitionConfig, tmp_path: Path) -> None:
    log, absent = ErrorLog(), tmp_path / "absent.txt"
    assert read_corpora(config, {"notes": [absent]}, exclude=(), on_error=log) == {}
    assert [error.place.path for error in log.skipped] == [str(absent)]
    with pytest.raises(DataError):
        read_corpora(config, {"notes": [absent]}, exclude=(), on_error=Strict())


# Lexicons


def test_listed_documents_are_read_by_their_own_lexicon(tmp_path: Path) -> None:
    lexicon = write_lexicon(tmp_path / "lexicon")
    for fold, lines in (("0", "31\n33\n"), ("1", "32\n")):
        write_lexicon(tmp_path / "folds" / fold)
        (tmp_path / "folds" / f"{fold}.txt").write_text(lines, encoding="utf-8")
    names = load_names(lexicon, tmp_path / "folds")
    assert set(names.without) == {"31", "32", "33"}
    assert names.without["31"] is names.without["33"]
    assert len({id(find) for find in (names.everything, names.without["31"], names.without["32"])}) == 3
    assert [(n.start, n.end, n.type) for n in names.everything(notes()[0].text)] == [
        (mention.start, mention.end, mention.type) for mention in notes()[0].mentions
    ]
    groups = names.group(notes()[:4])
    assert [[doc.id for doc in documents] for _, documents in groups] == [["31", "33"], ["32"], ["34"]]


def test_without_folds_one_lexicon_reads_all(tmp_path: Path) -> None:
    names = load_names(write_lexicon(tmp_path / "lexicon"), None)
    assert names.without == {}
    assert len(names.group(notes())) == 1


def test_folds_that_are_not_there_are_not_passed_over(tmp_path: Path) -> None:
    lexicon = write_lexicon(tmp_path / "lexicon")
    with pytest.raises(FormatError, match=r"absent: holds no list of documents; expected 0\.txt"):
        load_names(lexicon, tmp_path / "absent")
    (tmp_path / "folds").mkdir()
    (tmp_path / "folds" / "0.txt").write_text("31\n", encoding="utf-8")
    with pytest.raises(ModelError, match="expected the folder of a lexicon"):
        load_names(lexicon, tmp_path / "folds")
