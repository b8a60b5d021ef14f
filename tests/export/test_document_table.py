from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bran.export.document_table as document_table
from bran.corpus.document import Document, Mention, Passage
from bran.errors import FormatError
from bran.export.document_table import DOCUMENT_SCHEMA, DocumentTableWriter, document_of, open_document_table
from bran.export.table import SCHEMA_VERSION

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def any_document(draw: st.DrawFn) -> Document:
    passages = tuple(draw(st.lists(st.builds(Passage, _TEXT, _TEXT), max_size=3)))
    length = len(" ".join(passage.text for passage in passages))
    spans = st.tuples(st.integers(0, length), st.integers(0, length)).filter(lambda span: span[0] < span[1])
    names = st.lists(_TEXT, max_size=2).map(tuple)
    made = st.builds(lambda span, *rest: Mention(*span, *rest), spans, _TEXT, names, names, _TEXT)
    mentions = tuple(draw(st.lists(made, max_size=3))) if length else ()
    meta = draw(
        st.dictionaries(_TEXT, st.one_of(_TEXT, st.integers(), st.lists(st.integers(), max_size=2)), max_size=2)
    )
    return Document(draw(_TEXT), passages, mentions, meta=meta)


def write(path: Path, documents: list[Document], *, texts: bool = True) -> list[dict[str, object]]:
    with open_document_table(path, texts=texts) as writer:
        for position, document in enumerate(documents):
            writer.write(document, position)
    return pq.read_table(path).to_pylist()


@settings(deadline=None, max_examples=50)
@given(found=st.lists(any_document(), max_size=3))
def test_documents_come_back_equal(found: list[Document], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("table") / "documents.parquet"
    back = [document_of(row, path) for row in write(path, found)]
    assert back == found
    assert [document.meta for document in back] == [document.meta for document in found]


def test_columns(tmp_path: Path, document: Document) -> None:
    meta = {"year": 1999, "version": 3, "journal": "Acta"}
    document = Document(document.id, document.passages, document.mentions, document.relations, meta)
    (row,) = write(tmp_path / "documents.parquet", [document])
    assert {name: row[name] for name in row if name not in ("passages", "mentions")} == {
        "document": "101",
        "version": 3,
        "deleted": False,
        "position": 0,
        "year": 1999,
        "title": "Zorvapine and tremor of the hands.",
        "meta": '{"year": 1999, "version": 3, "journal": "Acta"}',
        "relations": 2,
    }


def test_file_says_its_version_and_what_columns_mean(tmp_path: Path, document: Document) -> None:
    write(tmp_path / "documents.parquet", [document])
    schema = pq.read_schema(tmp_path / "documents.parquet")
    assert schema.equals(DOCUMENT_SCHEMA, check_metadata=True)
    assert schema.metadata[b"bran.schema_version"] == str(SCHEMA_VERSION).encode()


def test_texts_can_be_left_out(tmp_path: Path, document: Document) -> None:
    (row,) = write(tmp_path / "documents.parquet", [document], texts=False)
    assert (row["passages"], row["mentions"], row["relations"]) == (None, None, 2)
    with pytest.raises(FormatError, match=r"documents\.parquet \(document 101\): the text was not kept; expected"):
        document_of(row, tmp_path / "documents.parquet")


def test_deletions(tmp_path: Path) -> None:
    path = tmp_path / "documents.parquet"
    with open_document_table(path) as writer:
        writer.delete("7")
        writer.delete("8", 3)
    rows = pq.read_table(path, columns=["document", "deleted", "position"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [("7", True, None), ("8", True, 3)]


def test_no_more_is_held_than_a_row_group(tmp_path: Path, document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_table, "ROW_GROUP", 2)
    write(tmp_path / "documents.parquet", [document] * 5)
    metadata = pq.read_metadata(tmp_path / "documents.parquet")
    assert [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)] == [2, 2, 1]


def test_broken_off_table_does_not_appear(tmp_path: Path, document: Document) -> None:
    def break_off(writer: DocumentTableWriter) -> None:
        writer.write(document, 0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_document_table(tmp_path / "documents.parquet") as writer:
        break_off(writer)
    assert not list(tmp_path.iterdir())
