"""``bran tagging``: train what recognises mentions, and score tagged documents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bran.cli.inputs import LexiconFolder
from bran.cli.reporting import report
from bran.cli.train import ProgressDisplay
from bran.corpus.readers import ErrorLog
from bran.errors import ConfigError
from bran.wording import counted

if TYPE_CHECKING:
    from bran.workflows.recognition import RecognitionConfig

app = typer.Typer(
    help="Train the recogniser of mentions, and score tagged documents.",
    no_args_is_help=True,
)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the recogniser.")],
    corpus: Annotated[
        list[str], typer.Option("--corpus", metavar="NAME=FILE", help="A corpus of CONFIG; repeat for each file.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; started again, it goes on.")],
    validation: Annotated[
        str | None, typer.Option(metavar="NAME=FILE", help="Documents that each epoch is scored on.")
    ] = None,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="File of document ids, one a line, to learn nothing from; repeatable.")
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Folder of the lexicon.", show_default="the one that ships")
    ] = None,
    folds: Annotated[
        Path | None, typer.Option(help="Lexicons without a part of the documents each: bran lexicon build --folds.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: what torch chooses.")] = 0,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log to MLflow.")] = True,
) -> None:
    """Train a recogniser on annotated corpora.

    A document that stands in several corpora counts for the first of them in CONFIG.

    Example: bran tagging train pipelines/tagging/configs/recogniser.yaml --corpus bc5cdr=CDR_TrainingSet.PubTator.txt
    -o runs/mentions
    """
    import torch

    from bran.config import load_config
    from bran.workflows.fitting import Machine
    from bran.workflows.recognition import RecognitionConfig, RecognitionRun
    from bran.workflows.recognition_data import load_names, read_corpora
    from bran.workflows.texts import read_ids
    from bran.workflows.tracking import TrackingConfig

    if threads:
        torch.set_num_threads(threads)
    settings, log, console = load_config(RecognitionConfig, config, set_ or ()), ErrorLog(), Console()
    held_out = _named([validation], settings) if validation else {}
    excluded = read_ids(exclude or ())
    scored = [
        doc
        for documents in read_corpora(settings, held_out, exclude=excluded, on_error=log).values()
        for doc in documents
    ]
    corpora = read_corpora(
        settings, _named(corpus, settings), exclude=excluded | {document.id for document in scored}, on_error=log
    )
    for name, documents in corpora.items():
        console.print(f"{name}: {counted(len(documents), 'document')}", highlight=False)
    run = RecognitionRun(
        settings, corpora, validation=scored, names=load_names(lexicon, folds), folder=output, machine=Machine("cpu")
    )
    run.run(tracker=TrackingConfig(enabled=track).build(), display=ProgressDisplay(console))
    console.print(f"model: {output / 'model'}", highlight=False, soft_wrap=True)
    report(log)


@app.command()
def evaluate(
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="Documents with all mentions, and relations if any.")],
    predicted: Annotated[Path, typer.Argument(metavar="PREDICTED", help="The same texts as `bran tag` wrote them.")],
    schema: Annotated[str, typer.Option("--schema", help="Of both files.")] = "cdr",
    lexicon: LexiconFolder = None,
    losses: Annotated[
        Path | None, typer.Option(help="Table of every missed and wrong relation with its cause, as .tsv.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not tables.")] = False,
) -> None:
    """Score mentions (exact span and type), concepts of documents and, where there are any, relations from raw text.

    Relations are counted over (document, type, head, tail), without hypernym filter; each that was missed or is wrong
    is put down to the stage that caused it. Where GOLD has concept ids that the lexicon's MeSH has replaced, all is
    scored once more with those brought up to date by their names.

    Example: bran tagging evaluate CDR_DevelopmentSet.PubTator.txt tagged.pubtator

    Example: bran extract abstracts.txt --retag -o found.pubtator && bran tagging evaluate gold.txt found.pubtator
    """
    from bran.corpus.schema import load_schema
    from bran.tagging.lexicon import Lexicon
    from bran.workflows.tagging_report import read_pair, reports, write_losses

    log = ErrorLog()
    wanted, answers = read_pair(gold, predicted, schema=load_schema(schema), on_error=log)
    scored = reports(wanted, answers, Lexicon.load(lexicon))
    if losses:
        write_losses(scored[-1].losses, losses)
    if as_json:
        typer.echo(json.dumps([each.to_dict() for each in scored], indent=2))
    else:
        for table in (table for each in scored for table in each.tables()):
            Console().print(table)
    report(log)


def _named(items: Iterable[str], config: RecognitionConfig) -> dict[str, list[Path]]:
    """The files of each corpus, from ``NAME=FILE``."""
    files: dict[str, list[Path]] = {}
    for item in items:
        name, separator, path = item.partition("=")
        if not separator or name not in config.corpora:
            raise ConfigError(f"corpus {item!r}: expected NAME=FILE, with a name of {', '.join(config.corpora)}")
        files.setdefault(name, []).append(Path(path))
    return files
