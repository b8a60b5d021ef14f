"""Weak documents: read as any corpus, and kept from what is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from bran.corpus.document import Document, Passage
from bran.corpus.load import Corpus
from bran.corpus.schema import load_schema
from bran.errors import DataError, DuplicateDocumentError
from bran.workflows.weak_corpus import WeakConfig, WeakCorpus
from tests.runs import abstracts, write_corpus

SCORED, WEAK = abstracts()[:4], abstracts()[4:]


def load(tmp_path: Path, documents: Sequence[Document] = WEAK, **settings: object) -> WeakCorpus:
    path = write_corpus(tmp_path / "weak.PubTator.txt", documents)
    return WeakConfig(documents=str(path), **settings).load(load_schema("cdr"))


def titled(document: Document, title: str) -> Document:
    rest = document.passages[1:]
    moved = len(title) - len(document.passages[0].text)
    later = [m for m in document.mentions if m.start > len(document.passages[0].text)]
    mentions = tuple(replace(mention, start=mention.start + moved, end=mention.end + moved) for mention in later)
    return replace(document, passages=(Passage("title", title), *rest), mentions=mentions)


def test_documents_are_those_of_the_file(tmp_path: Path) -> None:
    weak = load(tmp_path, per_epoch=0.25)
    assert [document.id for document in weak.documents] == [document.id for document in WEAK]
    assert all(document.relations for document in weak.documents)
    assert weak.per_epoch == 2
    weak.check(Corpus(tuple(SCORED)))


def test_a_document_that_is_scored_is_refused_by_its_id(tmp_path: Path) -> None:
    again = titled(replace(WEAK[1], id=SCORED[2].id), "Something else was seen.")
    weak = load(tmp_path, [WEAK[0], again])
    with pytest.raises(DuplicateDocumentError) as caught:
        weak.check(Corpus(tuple(SCORED)))
    assert str(caught.value) == (
        f"{tmp_path}/weak.PubTator.txt (document {again.id}): is document {again.id} of the corpus that is trained and "
        "scored on; expected none of its documents (bran corpus weak --exclude)"
    )


def test_a_document_that_is_scored_is_refused_by_its_title(tmp_path: Path) -> None:
    again = titled(WEAK[1], SCORED[2].title.upper().replace(" and ", "  AND "))
    weak = load(tmp_path, [WEAK[0], again])
    with pytest.raises(DuplicateDocumentError) as caught:
        weak.check(Corpus(tuple(SCORED)))
    assert str(caught.value) == (
        f"{tmp_path}/weak.PubTator.txt (document {again.id}): has the title of document {SCORED[2].id} of the corpus "
        "that is trained and scored on; expected none of its documents (bran corpus weak --exclude)"
    )


def test_documents_without_a_title_are_not_alike(tmp_path: Path) -> None:
    weak = load(tmp_path, [titled(WEAK[0], "")])
    weak.check(Corpus((titled(SCORED[0], ""), *SCORED[1:])))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.txt"):
        WeakConfig(documents=str(tmp_path / "absent.txt")).load(load_schema("cdr"))
    with pytest.raises(DuplicateDocumentError, match=r"weak\.PubTator\.txt:\d+ \(document 1004\): id .* stands twice"):
        load(tmp_path, [WEAK[0], WEAK[0]])


@pytest.mark.parametrize("given", [{"weight": 0}, {"per_epoch": 0}, {"per_epoch": 1.5}, {"unstated": {"kind": "no"}}])
def test_settings_that_mean_nothing(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WeakConfig(documents="weak.txt", **given)
