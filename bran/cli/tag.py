"""``bran tag``: text in, documents with linked mentions out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bran.cli.groups import grouped
from bran.cli.inputs import Inputs, Quiet, ReadingOptions, TaggingOptions, Unlinked, Workers
from bran.cli.reporting import report
from bran.corpus.readers import ErrorLog
from bran.corpus.writers import FOLDER_WRITERS, SUFFIXES, WRITERS, document_format
from bran.wording import counted


@grouped
def tag(
    inputs: Inputs,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help=f"Its suffix tells the format: {', '.join(SUFFIXES)}; .gz may follow."),
    ],
    *,
    tagging: TaggingOptions,
    schema: Annotated[str, typer.Option("--schema", help="Whose entity types are looked for.")] = "cdr",
    unlinked: Annotated[
        Unlinked, typer.Option("--unlinked", help="keep: mentions without concept; text: one concept per wording.")
    ] = Unlinked.keep,
    workers: Workers = 1,
    output_format: Annotated[
        str | None,
        typer.Option("--output-format", help=f"{', '.join((*WRITERS, *FOLDER_WRITERS))}.", show_default="the suffix"),
    ] = None,
    reading: ReadingOptions,
    quiet: Quiet = False,
) -> None:
    """Find chemicals and diseases in texts and link them to MeSH.

    Documents that come with mentions keep them. Documents that cannot be read are left out and named on stderr; the
    exit code is then 6.

    Examples: bran tag abstracts.xml.gz -o tagged.pubtator.gz; bran tag notes.jsonl -o tagged.jsonl --workers 2
    """
    from bran.corpus.schema import load_schema
    from bran.workflows.tag import tag_documents

    target, types = document_format(output, output_format), load_schema(schema)
    settings = replace(tagging.settings(), relation_schema=schema, unlinked=unlinked.value)
    log = ErrorLog()
    on_error = reading.on_error(log)
    counts = tag_documents(
        reading.read(inputs, types, on_error),
        settings,
        output=output,
        output_format=target,
        schema=types,
        workers=workers,
        on_error=on_error,
    )
    if not quiet:
        found = f"{counted(counts.documents, 'document')}, {counted(counts.mentions, 'mention')}"
        typer.echo(f"{found}, {counts.linked} of them linked", err=True)
    report(log)
