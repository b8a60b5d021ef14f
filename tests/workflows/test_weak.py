"""Weak corpora as files: written whole or not at all, and read again as a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.exclusion import Excluded
from bran.corpus.load import load_corpus
from bran.corpus.readers import Strict
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DataError, FormatError
from bran.workflows.weak import WeakSupervision
from tests.builders import documents

CDR = load_schema("cdr")
ROWS = "11\tinduces\tMESH:C1\tMESH:D1\n13\tinduces\tC4\tD6\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "ctd.tsv"
    path.write_text(ROWS)
    return path


def test_what_is_written_is_a_corpus(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "weak.pubtator.gz"
    labels = WeakSupervision(CDR, [table], {"induces": "CID"}).write(documents(), output, on_error=Strict())
    corpus = load_corpus(output, CDR)
    assert [(text.id, len(text.relations)) for text in corpus.documents] == [("11", 1), ("13", 1)]
    assert labels.counts.documents == 2


def test_relations_called_as_a_type_count_unasked(table: Path, tmp_path: Path) -> None:
    table.write_text(ROWS.replace("induces", "cid"))
    labels = WeakSupervision(CDR, [table]).write(documents(), tmp_path / "weak.jsonl", on_error=Strict())
    assert labels.counts.relations == 2


def test_by_pair_statements_of_excluded_documents_are_not_believed(table: Path, tmp_path: Path) -> None:
    table.write_text("7\tinduces\tMESH:C1\tMESH:D1\n8\tinduces\tMESH:C4\tMESH:D6\n")
    exclude = Excluded(ids=frozenset({"7"}))
    supervision = WeakSupervision(CDR, [table], {"induces": "CID"}, exclude, by_pair=True)
    supervision.write(documents(), tmp_path / "weak.jsonl", on_error=Strict())
    assert [text.id for text in load_corpus(tmp_path / "weak.jsonl", CDR).documents] == ["13"]


def test_nothing_is_written_when_nothing_is_left_or_columns_are_turned(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "weak.txt"
    everything = Excluded.of(documents())
    with pytest.raises(FormatError, match=r"nothing is left of 4 texts: 4 excluded or repeated"):
        WeakSupervision(CDR, [table], {"induces": "CID"}, everything).write(documents(), output, on_error=Strict())
    table.write_text("11\tinduces\tMESH:D1\tMESH:C1\n")
    with pytest.raises(DataError, match="head MESH:D1 is mentioned as a Disease"):
        WeakSupervision(CDR, [table], {"induces": "CID"}).write(documents(), output, on_error=Strict())
    assert not output.exists()


def test_kinds_and_schemas_that_do_not_hold(table: Path) -> None:
    with pytest.raises(ConfigError, match="kind induces=cause: expected a relation type, one of CID"):
        WeakSupervision(CDR, [table], {"induces": "cause"})
    with pytest.raises(ConfigError, match="schema chemprot relates mentions"):
        WeakSupervision(load_schema("chemprot"), [table])
