"""Calibrating a model that is already trained: what is written, and which predictions are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.errors import DataError, DuplicateDocumentError, ModelError, UnknownTypeError
from bran.evaluation.calibration_report import CalibrationReport
from bran.export.writers import open_writer
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import read_description
from bran.workflows.calibrate import calibrate_model, write_report
from tests.builders import tiny_model
from tests.runs import abstracts, write_corpus

Change = Callable[[Document], Document | None]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a model and the corpus that it is calibrated on."""
    tiny_model(name="mine", threshold=0.4).save(tmp_path / "model")
    write_corpus(tmp_path / "gold.txt", abstracts())
    return tmp_path


def predict(here: Path, documents: Sequence[Document], *, threshold: float = 0.0) -> Iterator[Document]:
    return Predictor.load(here / "model", precision="fp32").predict(documents, threshold=threshold)


def table(here: Path, documents: Iterator[Document] | Sequence[Document], name: str = "found.parquet") -> Path:
    with open_writer(here / name, schema=load_schema("cdr")) as writer:
        for document in documents:
            writer.write(document)
    return here / name


def calibrate(here: Path, *tables: Path, **how: str) -> CalibrationReport:
    return calibrate_model(here / "model", tables, here / "gold.txt", **how)[1]


def test_nothing_is_written_and_the_threshold_stays(here: Path) -> None:
    before = {path.name: path.read_bytes() for path in (here / "model").iterdir()}
    found = table(here, predict(here, abstracts()))
    description, report = calibrate_model(here / "model", [found], here / "gold.txt", protocol="raw")
    assert {path.name: path.read_bytes() for path in (here / "model").iterdir()} == before
    assert description.threshold == 0.4
    assert description.calibration == report.fitted.calibration
    assert description.thresholds == report.thresholds
    assert description.training["calibration"] == report.summary
    assert (report.candidates, report.correct) == (36, 12)


def test_several_tables_are_one(here: Path) -> None:
    whole = calibrate(here, table(here, predict(here, abstracts())))
    parts = [table(here, predict(here, abstracts()[start : start + 6]), f"part-{start}.parquet") for start in (6, 0)]
    assert calibrate(here, *parts).metrics == whole.metrics


def test_documents_that_were_not_predicted_do_not_count(here: Path) -> None:
    report = calibrate(here, table(here, predict(here, abstracts(5))))
    assert (report.signature.documents, report.signature.relations) == (5, 5)


def test_a_report_is_numbers_and_a_diagram(here: Path) -> None:
    report = calibrate(here, table(here, predict(here, abstracts())))
    written = write_report(report, here / "new" / "report")
    assert [path.name for path in written] == ["calibration.json", "reliability.svg", "reliability.png"]
    assert json.loads(written[0].read_text(encoding="utf-8")) == json.loads(json.dumps(report.to_dict()))
    assert written[1].read_text(encoding="utf-8").startswith("<svg")
    assert written[2].read_bytes().startswith(b"\x89PNG")


def rescored(score: float | None) -> Change:
    return lambda document: document.with_relations(
        tuple(replace(relation, score=score) for relation in document.relations)
    )


def of_another_model(document: Document) -> Document:
    return document.with_relations(tuple(replace(relation, model="other") for relation in document.relations))


def of_another_type(document: Document) -> Document:
    return document.with_relations(tuple(replace(relation, type="TREATS") for relation in document.relations))


def elsewhere(document: Document) -> Document:
    return replace(document, id=f"PMC{document.id}")


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (rescored(None), DataError, r"found\.parquet \(document 1000\): relation CID \S+ \S+ has no score"),
        (rescored(1.5), DataError, r"found\.parquet \(document 1000\): .* has score 1\.5; expected one in \[0, 1\]"),
        (of_another_model, DataError, r"is of model 'other'; expected predictions of 'mine'"),
        (
            of_another_type,
            UnknownTypeError,
            r"found\.parquet \(document 1000\): relation type 'TREATS'; expected .* CID",
        ),
        (elsewhere, DataError, r"12 of 12 predicted documents are not in \S+gold\.txt, first 'PMC1000'"),
    ],
)
def test_predictions_that_do_not_fit_are_refused(here: Path, change: Change, kind: type, message: str) -> None:
    found = table(here, [changed for document in predict(here, abstracts()) if (changed := change(document))])
    with pytest.raises(kind, match=message) as caught:
        calibrate(here, found)
    assert "\n" not in str(caught.value)


def test_predictions_that_were_kept_at_a_threshold_are_refused(here: Path) -> None:
    scores = [relation.score or 0 for document in predict(here, abstracts()) for relation in document.relations]
    kept = table(here, predict(here, abstracts(), threshold=float(np.median(scores))))
    counts = r"hold 18 of the 30 candidates of their 10 documents, none with a score below 0\.\d+"
    with pytest.raises(DataError, match=rf"{counts}; expected all of them \(bran extract --threshold 0\)"):
        calibrate(here, kept)


def test_low_scores_excuse_missing_candidates(here: Path) -> None:
    """A model that looks at pairs within sentences alone has few candidates, the improbable ones among them."""
    low = [
        document.with_relations((replace(document.relations[0], score=0.001), document.relations[1]))
        for document in predict(here, abstracts())
    ]
    assert calibrate(here, table(here, low)).candidates == 24


def test_nothing_to_tell_apart_is_refused(here: Path) -> None:
    found = table(here, predict(here, abstracts()))
    write_corpus(here / "gold.txt", [document.with_relations(()) for document in abstracts()])
    with pytest.raises(DataError, match="0 of 36 candidates, of 12 documents, are right; expected right and wrong"):
        calibrate(here, found)


def test_an_empty_table_is_refused(here: Path) -> None:
    with pytest.raises(DataError, match="no prediction"):
        calibrate(here, table(here, []))


def test_a_document_in_two_tables_is_refused(here: Path) -> None:
    parts = [table(here, predict(here, abstracts(3)), name) for name in ("a.parquet", "b.parquet")]
    with pytest.raises(DuplicateDocumentError, match="id '1000' stands twice in the predictions"):
        calibrate(here, *parts)


def test_no_model(here: Path) -> None:
    found = table(here, predict(here, abstracts()))
    (here / "model" / "model.json").unlink()
    with pytest.raises(ModelError, match="not a model folder"):
        calibrate(here, found)
    with pytest.raises(ModelError, match="not a model folder"):
        read_description(here / "model")
