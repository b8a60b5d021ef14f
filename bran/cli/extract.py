"""``bran extract``: documents in, a relation table out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bran.cli.inputs import (
    Field,
    InputFormat,
    Inputs,
    Label,
    LexiconFolder,
    MaxCharacters,
    Ner,
    Quiet,
    Retag,
    StrictFlag,
    Workers,
    parse_labels,
)
from bran.cli.reporting import report
from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog, Strict, reader_options
from bran.export.table import rows
from bran.workflows.inputs import MAX_CHARACTERS

_WIDTH = 120
"""Of tables that do not go to a terminal."""


def extract(
    inputs: Inputs,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Table, by suffix: .tsv, .parquet, .jsonl or .pubtator.", show_default="the terminal"
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Model folder.", show_default="the one that ships")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0, max=1, help="Least score.", show_default="the model's")
    ] = None,
    ner: Ner = None,
    label: Label = None,
    lexicon: LexiconFolder = None,
    retag: Retag = False,
    workers: Workers = 1,
    input_format: InputFormat = None,
    field: Field = None,
    max_characters: MaxCharacters = MAX_CHARACTERS,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "cpu",
    strict: StrictFlag = False,
    quiet: Quiet = False,
) -> None:
    """Find relations in abstracts, whether annotated or plain text.

    Documents without mentions are tagged first, as `bran tag` does. Documents that cannot be read are left out and
    named on stderr; the exit code is then 6.

    Examples: bran extract samples/*.txt; bran extract abstracts.xml.gz -o relations.parquet
    """
    from bran.extraction.predictor import Predictor
    from bran.workflows.bundled import model_folder
    from bran.workflows.extract import extract as run
    from bran.workflows.inputs import read_inputs
    from bran.workflows.tag import TaggingSettings, tag_bare

    predictor = Predictor.load(model or model_folder(), device=device, evidence=True)
    log, table = ErrorLog(), _table()
    on_error = Strict() if strict else log
    schema = predictor.model.description.relation_schema
    documents = read_inputs(
        inputs,
        schema,
        input_format=input_format,
        options=reader_options(field or ()),
        max_characters=max_characters,
        on_error=on_error,
    )
    settings = TaggingSettings(ner=ner, labels=parse_labels(label or ()), lexicon=lexicon, retag=retag)
    tagged = tag_bare(documents, settings, workers=workers)
    show = None if output else partial(_add, table)
    counts = run(predictor, tagged, output=output, threshold=threshold, on_error=on_error, show=show)
    if table.rows:
        console = Console()
        if not console.is_terminal:
            console.width = _WIDTH
        console.print(table)
    if not quiet:
        left_out = ", ".join(f"{count} {name}" for name, count in predictor.notes.items() if count)
        typer.echo(f"{counts.documents} documents, {counts.relations} relations", err=True)
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
