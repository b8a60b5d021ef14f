"""``bran report``: documents, a run or a relation table in; one page to look at out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bran.cli import inputs as options
from bran.cli.groups import grouped
from bran.cli.reporting import report as report_left_out
from bran.corpus.document import Document
from bran.corpus.readers import READERS, ErrorHandler, ErrorLog
from bran.corpus.schema import Schema, load_schema
from bran.evaluation.thresholds import THRESHOLD_HELP, parse_threshold
from bran.export.table import match_suffix
from bran.wording import counted
from bran.workflows.bundled import model_folder
from bran.workflows.report import (
    LIMIT,
    Gold,
    ReportBuilder,
    gold_of,
    input_names,
    read_gold,
)
from bran.workflows.report_sources import EarlierRun, Prediction

_SUFFIXES = (".html", ".htm")
_INPUTS = f"Files of {', '.join(READERS)}, - for stdin; or one folder or relation table of an earlier `bran extract`."

Inputs = Annotated[list[Path], typer.Argument(metavar="INPUT...", help=_INPUTS)]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The page, as .html.")]
GoldFile = Annotated[
    Path | None,
    typer.Option(
        "--gold", help="Documents with gold relations, by id.", show_default="the relations that INPUT has, if any"
    ),
]
NoGold = Annotated[bool, typer.Option("--no-gold", help="Do not take the relations that INPUT has for gold.")]
SchemaName = Annotated[
    str, typer.Option("--schema", help="Of the gold documents of a table; models and runs have theirs.")
]
Least = Annotated[str | None, typer.Option("--threshold", help=THRESHOLD_HELP, show_default="the model's, or all")]
Title = Annotated[str | None, typer.Option("--title", help="Of the page.", show_default="the names of INPUT")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Documents that the page holds.")]


@grouped
def report(
    inputs: Inputs,
    output: Output,
    model: options.Model = None,
    gold: GoldFile = None,
    no_gold: NoGold = False,
    schema: SchemaName = "cdr",
    threshold: Least = None,
    title: Title = None,
    limit: Limit = LIMIT,
    *,
    tagging: options.TaggingOptions,
    workers: options.Workers = 1,
    reading: options.ReadingOptions,
    device: options.Device = "cpu",
    quiet: options.Quiet = False,
) -> None:
    """Make a page of documents with their mentions, relations and evidence, which a browser shows without network.

    Documents without mentions are tagged first, as `bran tag` does, and relations are predicted; of an earlier run or
    table they are shown as they are. Beside gold relations, each is right, wrong, a hypernym of a right one, or missed.

    Examples: bran report samples/*.txt -o report.html; bran report found.parquet --gold gold.txt -o report.html
    """
    match_suffix(output, _SUFFIXES)
    log = ErrorLog()
    on_error = reading.on_error(log)
    builder = ReportBuilder(title or f"Relations in {input_names(inputs)}", limit=limit)
    if earlier := EarlierRun.at(inputs):
        builder.threshold = None if threshold is None else parse_threshold(threshold, {})
        builder.gold = read_gold(gold, earlier.schema or load_schema(schema), on_error=on_error) if gold else None
        earlier.add_to(builder)
    else:
        builder.facts += [("input", input_names(inputs))]
        Prediction(model or model_folder(), device, threshold, tagging.settings(), workers).add_to(
            builder,
            read=partial(reading.read, inputs, on_error=on_error),
            gold=partial(_gold, gold, no_gold, on_error),
        )
    summary = builder.write(output)
    if not quiet:
        told = f"{counted(summary.documents, 'document')}, {counted(summary.relations, 'relation')}"
        typer.echo(f"{told}: {output}", err=True)
    report_left_out(log)


def _gold(
    path: Path | None, ignored: bool, on_error: ErrorHandler, documents: list[Document], schema: Schema
) -> Gold | None:
    """Of the file ``path``, else of what ``documents`` came with unless that is ``ignored``."""
    if path:
        return read_gold(path, schema, on_error=on_error)
    return None if ignored else gold_of(documents, schema)
