"""``bran evaluate``, ``bran compare`` and ``bran baseline``: scores with their signatures."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Protocol

import typer
from rich.console import Console
from rich.table import Table

from bran.cli.groups import grouped
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import PUBLISHED_FILES, load_corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.errors import DataError, Place
from bran.evaluation.baselines import EntityIndexBaseline, predict_all, predict_co_occurrence
from bran.evaluation.comparison import compare as compare_systems
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport
from bran.evaluation.report import evaluate as evaluate_system
from bran.evaluation.thresholds import THRESHOLD_HELP, parse_threshold
from bran.files import atomic_write

_BUNDLED_MESH = "2020"
_WIDTH = 120
"""Of tables that do not go to a terminal: none of their cells is folded."""

Gold = Annotated[
    Path,
    typer.Argument(
        metavar="GOLD", help="PubTator with gold mentions and relations, or the folder of a published corpus."
    ),
]
SchemaName = Annotated[str, typer.Option("--schema", help="A schema by name, or a YAML file.")]
Mesh = Annotated[
    Path | None,
    typer.Option(
        "--mesh", help="Table of MeSH ids and tree numbers for the hypernym filter.", show_default="MeSH 2020, bundled"
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split", help=f"Split to read from a folder: {', '.join(PUBLISHED_FILES)}.", show_default="all but test"
    ),
]
Cutoff = Annotated[
    str | None,
    typer.Option(
        "--threshold",
        help=f"{THRESHOLD_HELP} Names are those of a model.",
        show_default="all, or the model's",
    ),
]
Bootstrap = Annotated[int, typer.Option("--bootstrap", min=0, help="Resampled corpora for intervals; 0: none.")]
Resamples = Annotated[int, typer.Option("--bootstrap", min=1, help="Resampled corpora for intervals and p-values.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the resampling.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
PerDocument = Annotated[
    Path | None, typer.Option("--per-document", metavar="FILE", help="Write the counts per document as TSV.")
]


@dataclass(frozen=True, slots=True)
class GoldOptions:
    """How gold documents are read."""

    schema: SchemaName = "cdr"
    mesh: Mesh = None
    split: Split = None

    def read(self, path: Path) -> GoldStandard:
        """The gold documents at ``path``."""
        schema, split = load_schema(self.schema), self.split
        corpus = load_corpus(path, schema, splits=[split]) if split and path.is_dir() else load_corpus(path, schema)
        mesh = self.mesh
        tree, version = (MeshTree.read(mesh), mesh.name) if mesh else (MeshTree.bundled(), _BUNDLED_MESH)
        name = split or "+".join(dict.fromkeys(corpus.given.values())) or path.name.partition(".")[0]
        return GoldStandard(corpus.documents, schema, HypernymFilter(tree), split=name, mesh=version)


class Baseline(StrEnum):
    """The baselines by name."""

    predict_all = "predict-all"
    entity_index = "entity-index"
    co_occurrence = "co-occurrence"


@grouped
def evaluate(
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL_OR_PREDICTIONS", help="A model folder, a relation table (TSV, Parquet, JSONL) or PubTator."
        ),
    ],
    gold: Gold,
    *,
    reading: GoldOptions,
    threshold: Cutoff = None,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    json_: AsJson = False,
    per_document: PerDocument = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Draw F1 by distance and numbers of mentions.")
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log scores and figures to MLflow.")] = False,
    experiment: Annotated[str, typer.Option("--experiment", help="MLflow experiment.")] = "bran",
) -> None:
    """Score a model, or the predictions of any system, against gold: raw and hypernym-filtered, with intervals.

    Example: bran evaluate predictions.tsv gold.txt --threshold 0.4
    """
    standard = reading.read(gold)
    found = read_predictions(predictions, standard, threshold)
    report = evaluate_system(standard, found, resamples=bootstrap, seed=seed)
    if figures or track:
        _keep(report, standard, found, figures, experiment if track else None)
    _show_evaluation(report, json_, per_document)


@grouped
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="Model folder or predictions of the first system.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Model folder or predictions of the second system.")],
    gold: Gold,
    *,
    reading: GoldOptions,
    threshold: Cutoff = None,
    bootstrap: Resamples = 10_000,
    seed: Seed = 0,
    json_: AsJson = False,
) -> None:
    """Compare two systems on the same gold documents: difference of F1, its 95 % interval and p-value.

    Example: bran compare old.tsv new.tsv gold.txt
    """
    standard = reading.read(gold)
    systems = [read_predictions(path, standard, threshold) for path in (a, b)]
    report = compare_systems(standard, *systems, resamples=bootstrap, seed=seed)
    _show(report, f"{report.b.system} against {report.a.system}", json_, text_columns=2)


@grouped
def baseline(
    kind: Annotated[
        Baseline,
        typer.Argument(
            metavar="KIND",
            help="predict-all: every candidate. entity-index: counts by the positions of both entities, which must "
            "stay near predict-all. co-occurrence: every candidate that shares a sentence.",
        ),
    ],
    gold: Gold,
    train: Annotated[
        Path | None, typer.Option("--train", help="What entity-index is fitted on: another file or folder.")
    ] = None,
    train_split: Annotated[
        str | None,
        typer.Option("--train-split", help="Split to read from the folder --train.", show_default="all but test"),
    ] = None,
    *,
    reading: GoldOptions,
    bootstrap: Bootstrap = 1000,
    seed: Seed = 0,
    json_: AsJson = False,
    per_document: PerDocument = None,
) -> None:
    """Score a baseline: two that read no text, as controls for leaks, and one of sanity, by shared sentences.

    Example: bran baseline entity-index dev.txt --train train.txt
    """
    standard = reading.read(gold)
    documents = standard.corpus.documents
    if kind is Baseline.predict_all:
        found = predict_all(documents, standard.schema)
    elif kind is Baseline.co_occurrence:
        found = predict_co_occurrence(documents, standard.schema)
    elif train is None:
        raise typer.BadParameter("entity-index is fitted on another split; expected --train PATH")
    else:
        found = EntityIndexBaseline(replace(reading, split=train_split).read(train)).predict(documents)
    _show_evaluation(evaluate_system(standard, found, resamples=bootstrap, seed=seed), json_, per_document)


class _Report(Protocol):
    """What can be shown: an evaluation or a comparison."""

    @property
    def header(self) -> Sequence[str]: ...
    @property
    def rows(self) -> list[list[str]]: ...
    @property
    def signatures(self) -> list[str]: ...
    @property
    def notes(self) -> list[str]: ...
    def to_dict(self) -> dict[str, Any]: ...


def read_predictions(path: Path, gold: GoldStandard, threshold: str | None) -> Predictions:
    """The relations that stand in ``path``, or that the model there finds in the documents of ``gold``."""
    if (path / "model.json").is_file():
        from bran.extraction.trained_model import read_description, resolve_threshold  # imports torch
        from bran.workflows.evaluate import evaluate_model

        return evaluate_model(path, gold, threshold=resolve_threshold(read_description(path), threshold))
    from bran.export.reading import READERS, read_table  # imports pyarrow

    least = None if threshold is None else parse_threshold(threshold, {})
    is_table = path.name.endswith(tuple(READERS))
    documents = read_table(path) if is_table else read_documents(path, schema=gold.schema)
    try:
        predictions = Predictions.of(documents, system=path.name)
        predictions.check_types(gold.schema)
        return predictions if least is None else predictions.keep(least, gold.schema)
    except DataError as error:
        raise error.at(Place(str(path), error.place.line, error.place.document)) from None


def _keep(
    report: EvaluationReport, gold: GoldStandard, found: Predictions, folder: Path | None, experiment: str | None
) -> None:
    """Draw figures into ``folder``, and log them and the scores to ``experiment``, where these are given."""
    from bran.workflows.evaluate import track_evaluation  # imports torch
    from bran.workflows.plots import evaluation_plots
    from bran.workflows.run_figures import write_plots
    from bran.workflows.tracking import TrackingConfig

    tracker = TrackingConfig(experiment=experiment).build() if experiment else None
    with nullcontext(folder) if folder else TemporaryDirectory() as place:
        files = write_plots(evaluation_plots(gold, found, protocol=gold.protocols[-1]), Path(place))
        if tracker:
            track_evaluation(report, tracker, files)


def _show_evaluation(report: EvaluationReport, as_json: bool, per_document: Path | None) -> None:
    if per_document:
        _write_counts(report, per_document)
    _show(report, report.system, as_json, text_columns=1)


def _write_counts(report: EvaluationReport, path: Path) -> None:
    with atomic_write(path) as stream:
        stream.write("protocol\tdocument\ttype\tspan\ttp\tfp\tfn\n")
        stream.writelines("\t".join(map(str, row)) + "\n" for row in report.count_rows())


def _show(report: _Report, title: str, as_json: bool, *, text_columns: int) -> None:
    """Print ``report``: JSON, or a table with its signatures and what is odd underneath."""
    if as_json:
        typer.echo(json.dumps(report.to_dict(), indent=2))
        return
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(report.header):
        table.add_column(name, justify="left" if number < text_columns else "right")
    for row in report.rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    for line in [*report.signatures, *report.notes]:
        typer.echo(line)
