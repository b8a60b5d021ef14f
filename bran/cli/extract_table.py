"""``bran extract`` into one table, or onto the terminal."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bran.cli.reporting import report
from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog, Strict
from bran.export.table import rows
from bran.wording import counted
from bran.workflows.batch.settings import BatchSettings

_WIDTH = 120
"""Of tables that do not go to a terminal."""


def extract_table(
    inputs: list[Path],
    output: Path | None,
    settings: BatchSettings,
    *,
    threshold: str | None,
    workers: int,
    quiet: bool,
) -> None:
    """One table, written by this process, or shown on the terminal."""
    from bran.extraction.model_hash import model_hash
    from bran.extraction.predictor import Predictor
    from bran.extraction.trained_model import resolve_threshold
    from bran.workflows.extract import extract as run
    from bran.workflows.extract import preferred_names
    from bran.workflows.inputs import read_inputs
    from bran.workflows.tag import tag_bare

    predictor = Predictor.load(settings.model, device=settings.device, precision=settings.precision, evidence=True)
    least = resolve_threshold(predictor.model.description, threshold)
    log, table = ErrorLog(), _table()
    on_error = Strict() if settings.strict else log
    documents = read_inputs(
        inputs,
        predictor.model.description.relation_schema,
        input_format=settings.input_format,
        options=settings.reading,
        max_characters=settings.max_characters,
        on_error=on_error,
    )
    tagged = tag_bare(documents, settings.tagging, workers=workers)
    show = None if output else partial(_add, table)
    counts = run(
        predictor,
        tagged,
        output=output,
        threshold=least,
        on_error=on_error,
        model_hash=model_hash(settings.model),
        names=preferred_names(settings.tagging.lexicon),
        show=show,
    )
    if table.rows:
        console = Console()
        if not console.is_terminal:
            console.width = _WIDTH
        console.print(table)
    if not quiet:
        left_out = ", ".join(f"{count} {name}" for name, count in predictor.notes.items() if count)
        typer.echo(f"{counted(counts.documents, 'document')}, {counted(counts.relations, 'relation')}", err=True)
        if left_out:
            typer.echo(f"not scored: {left_out}", err=True)
    report(log)


def _table() -> Table:
    table = Table("document", "head", "relation", "tail", "score", "sentence")
    table.columns[4].justify = "right"
    return table


def _add(table: Table, document: Document) -> None:
    for row in rows(document):
        # Text, not str: what stands in brackets in an abstract is no markup.
        head, tail = (Text.assemble(row[f"{end}_name"], "\n", (row[end], "dim")) for end in ("head", "tail"))
        cells = (
            Text(row["document"]),
            head,
            Text(row["type"]),
            tail,
            f"{row['score']:.2f}",
            Text(row["sentence"] or ""),
        )
        table.add_row(*cells)
    table.add_section()
