"""``bran calibrate``: probabilities and thresholds by name for a model that is already trained."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from bran.wording import counted

if TYPE_CHECKING:
    from bran.evaluation.calibration_report import CalibrationReport

_WIDTH = 120
"""Of tables that do not go to a terminal."""


class Method(StrEnum):
    """The calibrations by name."""

    temperature = "temperature"
    platt = "platt"
    isotonic = "isotonic"


class Protocol(StrEnum):
    """Which candidates count."""

    raw = "raw"
    filtered = "filtered"


def calibrate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder; its model.json and card are replaced.")],
    predictions: Annotated[
        list[Path],
        typer.Option(
            "--predictions",
            metavar="TABLE",
            help="Relation table of all candidates (threshold 0) of documents that the model has not seen; repeatable.",
        ),
    ],
    corpus: Annotated[Path, typer.Option("--corpus", help="Gold PubTator file, or the folder of a published corpus.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Write calibration.json and reliability.svg, .png there."
        ),
    ] = None,
    method: Annotated[
        Method | None, typer.Option("--method", help="Calibration.", show_default="the least log loss, cross-validated")
    ] = None,
    protocol: Annotated[
        Protocol, typer.Option("--protocol", help="filtered: wrong hypernyms of right relations do not count.")
    ] = Protocol.filtered,
    mesh: Annotated[
        Path | None,
        typer.Option("--mesh", help="MeSH table of the hypernym filter.", show_default="MeSH 2020, bundled"),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only show what would change; the model stays as it is.")] = (
        False
    ),
) -> None:
    """Calibrate a model: what share of the relations with its score are right, and thresholds by name.

    Which relations the model predicts unless told otherwise stays as it is. What is printed as after is measured on
    documents that the calibration was not fitted on.

    Example: bran calibrate MODEL --predictions candidates.parquet --corpus gold.txt -o report
    """
    from bran.extraction.trained_model import replace_description
    from bran.workflows.calibrate import calibrate_model, write_report

    description, report = calibrate_model(model, predictions, corpus, mesh=mesh, protocol=protocol, method=method)
    _show(report)
    if output:
        write_report(report, output)
        typer.echo(f"report: {output}")
    if not check:
        replace_description(model, description)
    typer.echo(f"{model / 'model.json'}: {'not written (--check)' if check else 'written'}")


def _show(report: CalibrationReport) -> None:
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    title = f"{counted(report.candidates, 'candidate')}, {report.correct} right"
    measures = Table("measure", "scores", "probabilities", title=title, title_justify="left")
    methods = Table("relation type", "calibration", "log loss", "")
    thresholds = Table("threshold", "score", "P", "R", "F1")
    for row in report.measure_rows:
        measures.add_row(*row)
    for row in report.method_rows:
        methods.add_row(*row)
    for name, found in report.thresholds.items():
        percents = (f"{100 * value:.1f}" for value in (found.precision, found.recall, found.f1))
        thresholds.add_row(name, f"{found.value:.4f}", *percents)
    for table in (measures, methods, thresholds):
        console.print(table)
    typer.echo(str(report.signature))
