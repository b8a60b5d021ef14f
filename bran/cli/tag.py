"""``bran tag``: text in, documents with linked mentions out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
    Unlinked,
    Workers,
    parse_labels,
)
from bran.cli.reporting import report
from bran.corpus.readers import ErrorLog, Strict, reader_options
from bran.corpus.writers import FOLDER_WRITERS, SUFFIXES, WRITERS, document_format
from bran.workflows.inputs import MAX_CHARACTERS


def tag(
    inputs: Inputs,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help=f"Its suffix tells the format: {', '.join(SUFFIXES)}; .gz may follow."),
    ],
    ner: Ner = None,
    label: Label = None,
    lexicon: LexiconFolder = None,
    schema: Annotated[str, typer.Option("--schema", help="Whose entity types are looked for.")] = "cdr",
    retag: Retag = False,
    unlinked: Annotated[
        Unlinked, typer.Option("--unlinked", help="keep: mentions without concept; text: one concept per wording.")
    ] = Unlinked.keep,
    workers: Workers = 1,
    input_format: InputFormat = None,
    output_format: Annotated[
        str | None,
        typer.Option("--output-format", help=f"{', '.join((*WRITERS, *FOLDER_WRITERS))}.", show_default="the suffix"),
    ] = None,
    field: Field = None,
    max_characters: MaxCharacters = MAX_CHARACTERS,
    strict: StrictFlag = False,
    quiet: Quiet = False,
) -> None:
    """Find chemicals and diseases in texts and link them to MeSH.

    Documents that come with mentions keep them. Documents that cannot be read are left out and named on stderr; the
    exit code is then 6.

    Examples: bran tag abstracts.xml.gz -o tagged.pubtator.gz; bran tag notes.jsonl -o tagged.jsonl --workers 2
    """
    from bran.corpus.schema import load_schema
    from bran.workflows.inputs import read_inputs
    from bran.workflows.tag import TaggingSettings, tag_documents

    target, types = document_format(output, output_format), load_schema(schema)
    settings = TaggingSettings(
        ner=ner,
        labels=parse_labels(label or ()),
        lexicon=lexicon,
        relation_schema=schema,
        retag=retag,
        unlinked=unlinked.value,
    )
    log = ErrorLog()
    on_error = Strict() if strict else log
    documents = read_inputs(
        inputs,
        types,
        input_format=input_format,
        options=reader_options(field or ()),
        max_characters=max_characters,
        on_error=on_error,
    )
    counts = tag_documents(
        documents, settings, output=output, output_format=target, schema=types, workers=workers, on_error=on_error
    )
    if not quiet:
        typer.echo(
            f"{counts.documents} documents, {counts.mentions} mentions, {counts.linked} of them linked", err=True
        )
    report(log)
