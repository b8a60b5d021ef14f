"""``bran export``: one file of a run's folder or of a relation table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.wording import counted


def export(
    source: Annotated[Path, typer.Argument(metavar="TABLE|DIR", help="Folder of `bran extract`, or a relation table.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write (neo4j: folder); its suffix tells the format.")
    ],
    format_name: Annotated[
        str | None,
        typer.Option("--as", help="Format, where the suffix does not tell it: ctd, kgx, neo4j, ...; see the docs."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option("--min-score", min=0, max=1, help="Leave out relations that score less.")
    ] = None,
    min_probability: Annotated[
        float | None, typer.Option("--min-probability", min=0, max=1, help="Leave out relations that are less likely.")
    ] = None,
    memory: Annotated[str, typer.Option("--memory", help="What is held in memory while rows are sorted.")] = "1GB",
    temp: Annotated[
        Path | None,
        typer.Option("--temp", help="Folder for what does not fit in memory.", show_default="beside the output"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No counts on stderr.")] = False,
) -> None:
    """Turn a run's folder, or a relation table, into one file of another format.

    Of several records of one document the newest counts, deletions apply; the same work gives the same bytes, in
    whatever order its parts were made.

    Examples: bran export run -o relations.tsv.gz; bran export run -o graph.tsv --as kgx --min-probability 0.5
    """
    from bran.export.formats import choose_format
    from bran.export.run_tables import Least, open_tables

    format_ = choose_format(output, format_name)
    least = Least(min_score, min_probability)
    with open_tables(source, least=least, temp=temp or output.absolute().parent, memory=memory) as tables:
        count = format_.export(tables, output)
        counts = tables.counts() if tables.has_documents and not quiet else None
    if quiet:
        return
    typer.echo(f"{output}: {counted(count, format_.counted)}", err=True)
    if counts and (counts.superseded or counts.deleted):
        typer.echo(f"records passed over: {counts.superseded} superseded, {counts.deleted} deleted", err=True)
