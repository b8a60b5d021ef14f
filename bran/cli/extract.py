"""``bran extract``: documents in, a relation table out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bran.cli.extract_folder import EngineName, EngineOptions, PrecisionName, extract_folder, is_folder, show_report
from bran.cli.inputs import (
    Field,
    InputFormat,
    Label,
    LexiconFolder,
    MaxCharacters,
    Ner,
    Quiet,
    Retag,
    StrictFlag,
    parse_labels,
)
from bran.cli.reporting import report as report_left_out
from bran.corpus.document import Document
from bran.corpus.readers import READERS, ErrorLog, Strict, reader_options
from bran.errors import ConfigError
from bran.evaluation.thresholds import THRESHOLD_HELP
from bran.export.table import rows
from bran.workflows.batch.settings import CHUNK, MAX_SECONDS, BatchSettings
from bran.workflows.inputs import MAX_CHARACTERS
from bran.workflows.tag import TaggingSettings

_WIDTH = 120
"""Of tables that do not go to a terminal."""


def extract(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="INPUT...",
            help=f"Files of {', '.join(READERS)}, plain or gzipped; - is stdin. Into a folder, also folders and "
            "quoted patterns.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A table, by suffix: .tsv, .csv, .parquet, .jsonl or .pubtator. Without suffix: the folder of a run, "
            "which goes on when it is started again.",
            show_default="the terminal",
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="Model folder.", show_default="the one that ships")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", help=THRESHOLD_HELP, show_default="the model's")
    ] = None,
    ner: Ner = None,
    label: Label = None,
    lexicon: LexiconFolder = None,
    retag: Retag = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes.", show_default="1 that tags; into a folder: the cores"),
    ] = None,
    input_format: InputFormat = None,
    field: Field = None,
    max_characters: MaxCharacters = MAX_CHARACTERS,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "cpu",
    strict: StrictFlag = False,
    quiet: Quiet = False,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="Into a folder: this machine, or a Ray cluster.")
    ] = EngineName.local,
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="Of a running Ray cluster: auto, HOST:PORT.", show_default="a new one"),
    ] = None,
    precision: Annotated[
        PrecisionName,
        typer.Option("--precision", help="Into a folder: of matrix products; bf16 is faster, auto takes it if it can."),
    ] = PrecisionName.fp32,
    max_seconds: Annotated[
        float, typer.Option("--max-seconds", min=0.1, help="Into a folder: documents that take longer are left out.")
    ] = MAX_SECONDS,
    chunk: Annotated[int, typer.Option("--chunk", min=1, help="Into a folder: documents worked on together.")] = CHUNK,
    no_texts: Annotated[
        bool, typer.Option("--no-texts", help="Into a folder: keep no texts beside relations.")
    ] = False,
    json_progress: Annotated[
        bool, typer.Option("--json-progress", help="Into a folder: progress on stderr as JSON, an object per line.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="List what the run in this folder has left out; extracts nothing.")
    ] = None,
) -> None:
    """Find relations in abstracts, whether annotated or plain text.

    Documents without mentions are tagged first, as `bran tag` does. Documents that cannot be read are left out and
    named on stderr; the exit code is then 6.

    Examples: bran extract samples/*.txt; bran extract abstracts.xml.gz -o relations.parquet; bran extract pubmed -o run
    """
    from bran.workflows.bundled import model_folder

    if report:
        show_report(report)
        return
    if not inputs:
        raise typer.BadParameter("expected at least one", param_hint="INPUT...")
    settings = BatchSettings(
        model=model or model_folder(),
        tagging=TaggingSettings(ner=ner, labels=parse_labels(label or ()), lexicon=lexicon, retag=retag),
        input_format=input_format,
        reading=reader_options(field or ()),
        max_characters=max_characters,
        max_seconds=max_seconds,
        strict=strict,
        texts=not no_texts,
        device=device,
        precision=precision.value,
        chunk=chunk,
    )
    if output and is_folder(output):
        how = EngineOptions(engine, workers, ray_address)
        extract_folder(inputs, output, settings, how, threshold=threshold, quiet=quiet, json_progress=json_progress)
    elif engine is EngineName.ray:
        raise ConfigError(f"--engine ray with {output or 'no --output'}; expected a folder: --output without suffix")
    else:
        _extract_table(inputs, output, settings, threshold=threshold, workers=workers or 1, quiet=quiet)


def _extract_table(
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

    predictor = Predictor.load(settings.model, device=settings.device, evidence=True)
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
        typer.echo(f"{counts.documents} documents, {counts.relations} relations", err=True)
        if left_out:
            typer.echo(f"not scored: {left_out}", err=True)
    report_left_out(log)


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
