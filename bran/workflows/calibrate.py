"""What ``bran calibrate`` does: gives a trained model a calibration and thresholds by name, and reports on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from bran.corpus.document import Document, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import load_corpus
from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
from bran.corpus.schema import Schema
from bran.errors import DataError, Place
from bran.evaluation.calibration_report import CalibrationReport
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions, score_of, type_of
from bran.export.reading import read_table
from bran.extraction.trained_model import ModelDescription, read_description
from bran.files import atomic_write
from bran.wording import counted

REPORT, DIAGRAM = "calibration.json", "reliability"
_MISSING, _LEAST_SCORE = 0.02, 0.01
"""A table that lacks a larger share of the candidates, and no score below, was kept at a threshold."""


def calibrate_model(
    folder: Path,
    tables: Sequence[Path],
    corpus: Path,
    *,
    mesh: Path | None = None,
    protocol: str = FILTERED,
    method: str | None = None,
) -> tuple[ModelDescription, CalibrationReport]:
    """Calibrate the model in ``folder``; nothing is written.

    Args:
        folder: what ``bran train`` wrote.
        tables: relation tables of all candidates of documents that the model has not seen, with their scores.
        corpus: gold documents, those of the tables among them; the others are passed over.
        mesh: MeSH table of the hypernym filter; the bundled one when ``None``.
        protocol: ``raw`` or ``filtered``.
        method: one of :data:`bran.evaluation.calibration.METHODS`; the best one when ``None``.

    Returns:
        The model's description with the calibration in, and the report.

    Raises:
        ModelError: when the folder cannot be read.
        DataError: when a table or the corpus cannot be read, or they do not fit each other or the model.
    """
    description = read_description(folder)
    predictions = _read_predictions(tables, description)
    documents = _find_documents(predictions, corpus, description.relation_schema)
    _check_complete(documents, predictions, description.relation_schema)
    tree, version = (MeshTree.read(mesh), mesh.name) if mesh else (MeshTree.bundled(), BUNDLED_VERSION)
    name = corpus.name.partition(".")[0]
    gold = GoldStandard(documents, description.relation_schema, HypernymFilter(tree), split=name, mesh=version)
    report = CalibrationReport.of(gold, predictions, protocol=protocol, method=method)
    return calibrated(description, report), report


def calibrated(description: ModelDescription, report: CalibrationReport) -> ModelDescription:
    """``description`` with the calibration and the named thresholds of ``report``; its own threshold stays."""
    return description.model_copy(
        update={
            "calibration": report.fitted.calibration,
            "thresholds": dict(report.thresholds),
            "training": {**description.training, "calibration": report.summary},
        }
    )


def write_report(report: CalibrationReport, folder: Path) -> list[Path]:
    """Write the numbers and the reliability diagram of ``report`` to ``folder``; returns the files."""
    from bran.view.plots.files import write_both  # takes long to import
    from bran.view.plots.reliability import reliability_plot

    folder.mkdir(parents=True, exist_ok=True)
    numbers = folder / REPORT
    with atomic_write(numbers) as stream:
        stream.write(json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n")
    figure = reliability_plot({"scores": report.before, "probabilities": report.after})
    return [numbers, *write_both(figure, folder, DIAGRAM)]


def _read_predictions(tables: Sequence[Path], description: ModelDescription) -> Predictions:
    found = chain.from_iterable(_predicted(table, description) for table in tables)
    predictions = Predictions.of(found, system="the predictions")
    if not predictions.relations:
        raise DataError(f"{', '.join(map(str, tables))}: no prediction; expected the candidates of documents")
    training = description.training
    return replace(predictions, system=description.name, config=training.get("config"), seed=training.get("seed"))


def _find_documents(predictions: Predictions, corpus: Path, schema: Schema) -> list[Document]:
    """The documents of ``corpus`` that were predicted."""
    known = {document.id: document for document in load_corpus(corpus, schema).documents}
    if strange := [id_ for id_ in predictions.relations if id_ not in known]:
        message = f"{len(strange)} of {len(predictions.relations)} predicted documents are not in {corpus}"
        raise DataError(f"{message}, first {strange[0]!r}; expected predictions on its documents")
    return [known[id_] for id_ in predictions.relations]


def _predicted(table: Path, description: ModelDescription) -> Iterator[Document]:
    """The documents of ``table``, each of its relations checked to be a scored candidate of the model."""
    for document in read_table(table):
        try:
            for relation in document.relations:
                _check_relation(relation, document.id, description)
        except DataError as error:
            raise error.at(Place(str(table), document=document.id)) from None
        yield document


def _check_relation(relation: Relation, document: str, description: ModelDescription) -> None:
    type_of(relation, document, description.relation_schema)
    what = f"relation {relation.type} {relation.head} {relation.tail}"
    if not 0 <= score_of(relation, document) <= 1:
        raise DataError(f"{what} has score {relation.score}; expected one in [0, 1]")
    if relation.model not in (None, description.name):
        raise DataError(f"{what} is of model {relation.model!r}; expected predictions of {description.name!r}")


def _check_complete(documents: Sequence[Document], predictions: Predictions, schema: Schema) -> None:
    """Make sure that predictions were kept at no threshold: the wrong ones are needed as much as the right ones.

    A few candidates may be missing, of documents longer than a window, and many with a model that looks at pairs
    within sentences alone; but then low scores are among those that are there.
    """
    expected = sum(len(schema.labels_between(pair)) for document in documents for pair in schema.candidates(document))
    scores = [relation.score or 0.0 for relations in predictions.relations.values() for relation in relations]
    if len(scores) < (1 - _MISSING) * expected and min(scores) > _LEAST_SCORE:
        raise DataError(
            f"the predictions hold {len(scores)} of the {counted(expected, 'candidate')} of their "
            f"{counted(len(documents), 'document')}, none with a score below {min(scores):.4g}; "
            "expected all of them (bran extract --threshold 0)"
        )
