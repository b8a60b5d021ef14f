"""What every command says of documents that it had to leave out."""

from __future__ import annotations

import typer

from bran.corpus.readers import ErrorLog
from bran.errors import EXIT_SKIPPED


def tell(log: ErrorLog) -> None:
    """Say on stderr what was left out."""
    for error in log.skipped:
        typer.echo(f"skipped: {error}", err=True)
    for message, count in log.dropped.most_common():
        typer.echo(f"dropped rows: {count}; first {log.places[message]}: {message}", err=True)
    if log.skipped:
        typer.echo(f"documents skipped: {len(log.skipped)}", err=True)


def report(log: ErrorLog) -> None:
    """Say on stderr what was left out.

    Raises:
        typer.Exit: with code 6, when a document was.
    """
    tell(log)
    if log.skipped:
        raise typer.Exit(EXIT_SKIPPED)
