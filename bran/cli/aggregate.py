"""``bran aggregate``: tables of documents in, one row per relation out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.cli.inputs import Quiet
from bran.wording import counted

_Probability = Annotated[
    float | None,
    typer.Option("--min-probability", min=0, max=1, help="Least probability of a document that counts."),
]


def aggregate(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="TABLE|DIR...", help="Relation tables (.parquet, .tsv, .csv, .jsonl) and folders of `bran extract`."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Table, by suffix: .parquet, .tsv, .csv or .jsonl (text also .gz).")
    ],
    min_documents: Annotated[
        int, typer.Option("--min-documents", min=1, help="Least number of documents of a relation.")
    ] = 1,
    min_probability: _Probability = None,
    min_score: Annotated[
        float | None, typer.Option("--min-score", help="Least score of a document that counts.")
    ] = None,
    known: Annotated[
        Path | None, typer.Option("--known", help="Pairs already known: your table, or CTD's chemicals_diseases.")
    ] = None,
    known_columns: Annotated[
        str | None,
        typer.Option(
            "--known-columns",
            metavar="HEAD,TAIL[,TYPE[,REFERENCES]]",
            help="Columns of --known: names, or numbers from 1 where it has no header.",
            show_default="told from the header",
        ),
    ] = None,
    ids: Annotated[
        int | None, typer.Option("--ids", min=0, help="List so many documents, the best.", show_default="all")
    ] = None,
    memory_limit: Annotated[
        str | None, typer.Option("--memory-limit", help="Such as 4GB.", show_default="80 % of the machine's")
    ] = None,
    temp_directory: Annotated[
        Path | None,
        typer.Option("--temp-directory", help="For what memory does not hold.", show_default="the system's"),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Count relations over documents: how many state each, how sure they are together, and the best evidence.

    A document counts once for each relation, by its most probable row. Without probabilities, scores order
    the documents; without either, they are counted alone.
    """
    if known_columns and not known:
        raise typer.BadParameter("--known-columns: expected --known TABLE too")
    from bran.export.aggregate import Aggregation, Resources
    from bran.export.aggregate import aggregate as run

    columns = tuple(name.strip() for name in known_columns.split(",")) if known_columns else ()
    settings = Aggregation(min_documents, min_probability, min_score, ids, known, columns)
    done = run(inputs, output, settings, Resources(memory_limit, temp_directory))
    if not quiet:
        known_too = "" if done.known is None else f", {done.known} of them known"
        typer.echo(
            f"{counted(done.relations, 'relation')}{known_too}, from {counted(done.rows, 'row')} of "
            f"{counted(done.documents, 'document')}",
            err=True,
        )
