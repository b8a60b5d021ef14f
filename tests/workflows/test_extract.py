"""Files in, relations out: what is read, what is left out, and that no half file stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorLog, Strict
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, DuplicateDocumentError, FormatError
from bran.export.reading import read_table
from bran.extraction.predictor import Predictor
from bran.workflows.extract import Counts, extract, read_inputs
from tests.builders import tiny_predictor
from tests.runs import abstracts, write_corpus

CDR = load_schema("cdr")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return tiny_predictor(chunk=2)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of two documents each."""
    folder = tmp_path / "in"
    folder.mkdir()
    return [
        write_corpus(folder / "old.txt", abstracts()[:2]),
        write_corpus(folder / "new.txt", abstracts()[2:4]),
    ]


def run(
    predictor: Predictor,
    output: Path | None,
    *,
    documents: list[Document] | None = None,
    log: ErrorLog | Strict | None = None,
    show: Callable[[Document], None] | None = None,
) -> Counts:
    documents = abstracts(4) if documents is None else documents
    return extract(predictor, documents, output=output, threshold=0.0, on_error=log or Strict(), show=show)


def test_documents_of_all_files_in_their_order(files: list[Path]) -> None:
    documents = list(read_inputs(files, CDR, input_format=None, on_error=Strict()))
    assert [document.id for document in documents] == ["1000", "1001", "1002", "1003"]
    assert documents == abstracts(4)


def test_an_id_of_an_earlier_file_is_told_and_left_out(files: list[Path]) -> None:
    log = ErrorLog()
    documents = list(read_inputs([*files, files[0]], CDR, input_format="pubtator", on_error=log))
    assert len(documents) == 4
    assert [str(error) for error in log.skipped] == [
        f"{files[0]} (document {id_}): id {id_!r} was read before; expected one document per id"
        for id_ in ("1000", "1001")
    ]
    with pytest.raises(DuplicateDocumentError):
        list(read_inputs([files[0], files[0]], CDR, input_format=None, on_error=Strict()))


def test_a_file_that_cannot_be_read_does_not_stop_the_others(files: list[Path], tmp_path: Path) -> None:
    log = ErrorLog()
    documents = read_inputs(
        [files[0], tmp_path / "absent.txt", tmp_path, files[1]], CDR, input_format=None, on_error=log
    )
    assert len(list(documents)) == 4
    assert [error.place.path for error in log.skipped] == [str(tmp_path / "absent.txt"), str(tmp_path)]
    with pytest.raises(ConfigError, match="input format 'word'"):
        list(read_inputs(files, CDR, input_format="word", on_error=log))


def test_every_document_is_counted_written_and_shown(predictor: Predictor, tmp_path: Path) -> None:
    shown: list[Document] = []
    counts = run(predictor, tmp_path / "found.tsv", show=shown.append)
    assert counts == Counts(documents=4, relations=12)
    assert [document.id for document in shown] == ["1000", "1001", "1002", "1003"]
    assert {d.id: set(d.relations) for d in read_table(tmp_path / "found.tsv")} == {
        d.id: set(d.relations) for d in shown
    }


def test_without_an_output_nothing_is_written(predictor: Predictor, tmp_path: Path) -> None:
    assert run(predictor, None) == Counts(documents=4, relations=12)
    assert not list(tmp_path.iterdir())


def test_no_documents_make_an_empty_table(predictor: Predictor, tmp_path: Path) -> None:
    assert run(predictor, tmp_path / "found.tsv", documents=[]) == Counts()
    assert len((tmp_path / "found.tsv").read_text().splitlines()) == 1


def test_a_document_that_the_format_cannot_hold_is_told_and_left_out(predictor: Predictor, tmp_path: Path) -> None:
    first, second, *_ = abstracts()
    odd = Document(second.id, (*second.passages, Passage("abstract", "two\nlines")), second.mentions)
    log, output, shown = ErrorLog(), tmp_path / "found.pubtator", list[Document]()
    assert run(predictor, output, documents=[first, odd], log=log, show=shown.append).documents == 1
    assert [document.id for document in shown] == ["1000"]
    (error,) = log.skipped
    assert str(error).startswith(f"{output} (document 1001): the text holds a line end; expected one line per passage")
    assert "1001" not in output.read_text()
    with pytest.raises(FormatError):
        run(predictor, tmp_path / "strict.pubtator", documents=[odd])
    assert not (tmp_path / "strict.pubtator").exists()


@pytest.mark.parametrize("suffix", [".tsv", ".parquet", ".jsonl.gz", ".pubtator"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_what_was_there(
    predictor: Predictor, tmp_path: Path, suffix: str, interruption: type[BaseException]
) -> None:
    output = tmp_path / f"found{suffix}"
    output.write_bytes(b"before")

    def interrupt(document: Document) -> None:
        if document.id == "1002":
            raise interruption

    with pytest.raises(interruption):
        run(predictor, output, show=interrupt)
    assert output.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [output]


def test_a_suffix_that_tells_no_format_is_refused_before_anything_is_read(predictor: Predictor, tmp_path: Path) -> None:
    documents = iter(abstracts(4))
    with pytest.raises(ConfigError, match=r"found\.docx: the suffix tells the format; expected one of \.tsv"):
        extract(predictor, documents, output=tmp_path / "found.docx", threshold=None, on_error=Strict())
    assert len(list(documents)) == 4
