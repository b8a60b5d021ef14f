from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bran.corpus.document import Document
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.corpus.writers.label_studio import TASKS
from bran.errors import EXIT_SKIPPED
from bran.export.document_formats import LeftOutError
from bran.export.formats import choose_format
from bran.export.run_tables import Tables, open_tables
from tests.export.run_folders import Part, record, write_run

CDR = load_schema("cdr")
FORMATS = ("pubtator", "pubtator-scores", "bioc-xml", "bioc-json", "brat", "label-studio")
DOCUMENTS = [record("7", score=0.75), record("12", score=0.5)]


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    write_run(tmp_path / "run", [Part("a.xml", DOCUMENTS[::-1])])
    with open_tables(tmp_path / "run") as found:
        yield found


def read(path: Path, format: str) -> list[Document]:
    return sorted(
        read_documents(path / TASKS if format == "label-studio" else path, schema=CDR), key=lambda d: -len(d.id)
    )


@pytest.mark.parametrize("format", FORMATS)
def test_documents_of_a_run_come_back(tables: Tables, tmp_path: Path, format: str) -> None:
    path = tmp_path / "out"
    assert choose_format(path, format).export(tables, path) == 2
    found = read(path, format)
    expected = sorted(DOCUMENTS, key=lambda d: -len(d.id))
    assert [(doc.id, doc.passages, doc.mentions, set(doc.relations)) for doc in found] == [
        (doc.id, doc.passages, doc.mentions, set(doc.relations)) for doc in expected
    ]


@pytest.mark.parametrize("format", ["bioc-xml", "bioc-json", "label-studio"])
def test_scores_model_and_evidence_survive(tables: Tables, tmp_path: Path, format: str) -> None:
    path = tmp_path / "out"
    choose_format(path, format).export(tables, path)
    for doc, expected in zip(read(path, format), DOCUMENTS[::-1], strict=True):
        given = {relation: relation for relation in expected.relations}
        for relation in doc.relations:
            for name in ("score", "probability", "model", "evidence"):
                assert getattr(relation, name) == getattr(given[relation], name)


def test_pubtator_has_probabilities_when_they_are_asked_for(tables: Tables, tmp_path: Path) -> None:
    plain, scored = tmp_path / "plain.pubtator.gz", tmp_path / "scored"
    choose_format(plain).export(tables, plain)
    choose_format(scored, "pubtator-scores").export(tables, scored)
    assert [relation.extra for doc in read_documents(plain) for relation in doc.relations] == [()] * 4
    rows = [line for line in scored.read_text().split("\n") if "\tCID\t" in line]
    # The probability where there is one, else the score.
    assert rows[:2] == ["7\tCID\tC1\tD1\t0.562500", "7\tCID\tC1\tD2\t0.375000"]


def test_a_document_that_the_format_cannot_hold_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [Part("a.xml", [replace(DOCUMENTS[0], id="7|8"), DOCUMENTS[1]])])
    path = tmp_path / "out.pubtator"
    with open_tables(tmp_path / "run") as tables, pytest.raises(LeftOutError) as raised:
        choose_format(path).export(tables, path)
    assert "out.pubtator: 1 document written, 1 left out, the first: input (document 7|8): expected an id" in str(
        raised.value
    )
    assert raised.value.exit_code == EXIT_SKIPPED
    assert [doc.id for doc in read_documents(path, schema=CDR)] == ["12"]
