"""``bran distil``: one small model that has learned what several others say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bran.cli.groups import grouped
from bran.cli.reporting import tell
from bran.cli.run_options import ConfigPath, CorpusPath, Init, Only, Overrides, RunFolder, RunOptions, read_corpus
from bran.cli.train import start, training_run
from bran.corpus.readers import ErrorLog

if TYPE_CHECKING:
    from bran.corpus.load import Corpus
    from bran.corpus.schema import Schema
    from bran.corpus.unlabelled import Unlabelled


@grouped
def distil(
    config: ConfigPath,
    corpus: CorpusPath,
    teachers: Annotated[
        list[Path],
        typer.Option("--teachers", metavar="RUN", help="Run of `bran train` on the same splits; repeatable."),
    ],
    output: RunFolder,
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option("--unlabelled", help="Documents with mentions, whose relations nobody knows; repeatable."),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            "--exclude",
            help="What else models are scored on: documents, the folder of a corpus, or a list of ids; left out of "
            "--unlabelled by id and title, as the documents of --corpus are; repeatable.",
        ),
    ] = None,
    set_: Overrides = None,
    only: Only = None,
    init: Init = None,
    *,
    options: RunOptions,
) -> None:
    """Train one student on the mean scores of several teachers: for every split that CONFIG names, and the refit.

    A student of a split learns from the models that the runs have of the same split, none of which has seen its test
    part; a refit from theirs. `distillation` in CONFIG says how.

    Example: bran distil student.yaml --corpus bc5cdr --teachers runs/seed-0 --teachers runs/seed-1 --unlabelled
    tagged.pubtator.gz -o runs/student
    """
    from bran.config import load_config
    from bran.corpus.schema import load_schema
    from bran.nn.devices import choose_device, join_processes
    from bran.workflows.distil import DistilledData, Teachers, student_config
    from bran.workflows.run_config import RunConfig
    from bran.workflows.trained_run import TrainedRun

    options.prepare()
    settings = student_config(load_config(RunConfig, config, set_ or ()))
    schema = load_schema(settings.relation_schema)
    documents = read_corpus(corpus, settings)
    runs = [TrainedRun.read(folder) for folder in teachers]
    log = ErrorLog()
    further = _read_unlabelled(unlabelled or (), schema, documents, exclude or (), log)
    device = choose_device(options.device)
    with join_processes(device) as processes:
        data = partial(
            DistilledData,
            teachers=Teachers(runs, schema, device),
            unlabelled=further.documents,
            folder=output,
            only=only or (),
            processes=processes,
        )
        if unlabelled and processes.rank == 0:
            typer.echo(f"unlabelled: {further}", err=True)
            tell(log)
        run = training_run(settings, documents, output, options=options, processes=processes, init=init, data=data)
        start(run, source=corpus, only=only or ())


def _read_unlabelled(
    paths: Sequence[Path], schema: Schema, corpus: Corpus, exclude: Sequence[Path], log: ErrorLog
) -> Unlabelled:
    """The documents at ``paths`` that are neither in ``corpus`` nor in what else is scored on."""
    from bran.corpus.exclusion import Excluded
    from bran.corpus.readers import read_documents
    from bran.corpus.unlabelled import Unlabelled

    excluded = Excluded.of(corpus.documents) | Excluded.read(exclude)
    documents = (document for path in paths for document in read_documents(path, schema=schema, on_error=log))
    return Unlabelled.of(documents, schema, exclude=excluded)
