"""``bran pretrain``: an encoder from unlabelled text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bran.cli.reporting import report
from bran.cli.train import ProgressDisplay
from bran.corpus.readers import ErrorLog
from bran.errors import DataError
from bran.wording import counted


def pretrain(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="YAML file of the run.")],
    text: Annotated[
        list[Path],
        typer.Option(
            "--text", help="JSON lines with title and abstract or text, any file of documents, or a folder; repeatable."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the run; started again, it goes on.")],
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            "--exclude", help="Documents to leave out: a file of ids, one a line, or of documents; repeatable."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: next_sentence=true.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1, ...")] = "auto",
    threads: Annotated[int, typer.Option("--threads", min=0, help="CPU threads; 0: what torch chooses.")] = 0,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log to MLflow.")] = True,
    experiment: Annotated[str, typer.Option("--experiment", help="MLflow experiment.")] = "bran",
) -> None:
    """Teach an encoder to tell hidden subwords of unlabelled text, for `bran train --init RUN/model` to start from.

    Leave out what models will be tested on: --exclude.

    Example: bran pretrain pipelines/cdr/configs/pretrain.yaml --text pubmed.jsonl.gz --exclude test_ids.txt -o run
    """
    import torch

    from bran.config import load_config
    from bran.extraction.model_card import fact_text
    from bran.workflows.fitting import Machine
    from bran.workflows.pretrain import PretrainConfig, PretrainingRun
    from bran.workflows.texts import find_texts, read_ids, read_text_documents, usable
    from bran.workflows.tracking import TrackingConfig

    if threads:
        torch.set_num_threads(threads)
    settings, log, console = load_config(PretrainConfig, config, set_ or ()), ErrorLog(), Console()
    files, passed = find_texts(text)
    if passed:
        typer.echo(f"passed over, no documents: {', '.join(map(str, passed))}", err=True)
    texts = list(usable(read_text_documents(files, exclude=read_ids(exclude or ()), on_error=log)))
    if not texts:
        nothing = DataError("no text is left to learn from; expected documents with a title or an abstract")
        raise log.skipped[0] if log.skipped else nothing
    run = PretrainingRun(settings, texts, output, machine=Machine(device))
    tracker = TrackingConfig(enabled=track, experiment=experiment).build()
    encoder = run.run(tracker=tracker, display=ProgressDisplay(console), sources=text)
    if held_out := encoder.description.training.get("held_out"):
        console.print(f"held out: {fact_text(held_out)}", highlight=False, soft_wrap=True)
    told = f"encoder: {output / 'model'}, from {counted(len(texts), 'text')}"
    console.print(told, highlight=False, soft_wrap=True)
    report(log)
