"""Documents in, relations out: what is left out, and that no half file stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage
from bran.corpus.readers import ErrorLog, Strict
from bran.errors import ConfigError, FormatError
from bran.export.reading import read_table
from bran.extraction.predictor import Predictor
from bran.workflows.extract import Counts, extract
from tests.builders import tiny_predictor
from tests.runs import abstracts


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return tiny_predictor(chunk=2)


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
