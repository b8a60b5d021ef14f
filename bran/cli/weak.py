"""``bran corpus weak``: abstracts and a knowledge base in, a corpus with distant labels out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.cli.inputs import Field, InputFormat
from bran.cli.knowledge import parse_kinds
from bran.cli.reporting import report
from bran.corpus.exclusion import Excluded
from bran.corpus.readers import READERS, ErrorLog, read_documents, reader_options
from bran.corpus.readers.pubtator_format import FORMATS, pubtator_format
from bran.corpus.schema import load_schema
from bran.corpus.weak import WeakLabels
from bran.corpus.writers import SUFFIXES
from bran.errors import ConfigError
from bran.wording import counted


def weak(
    texts: Annotated[
        list[Path],
        typer.Argument(metavar="TEXTS...", help=f"Documents with mentions: {', '.join(READERS)}; - is stdin."),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=f"Its suffix tells the format: {', '.join(SUFFIXES)}; .gz may follow."),
    ],
    statements: Annotated[
        list[Path],
        typer.Option(help="Table of document, relation, head, tail, or with the columns of CTD; repeatable."),
    ],
    schema: Annotated[str, typer.Option(help="Of the corpus that is written.")] = "cdr",
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="RELATION=TYPE: a relation of the tables that counts, and its type in the schema; repeatable.",
            show_default="relations that are called as a type is",
        ),
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            help="What models are scored on: documents, the folder of a corpus, or a list of ids; left out by id and "
            "title; repeatable."
        ),
    ] = None,
    turned: Annotated[bool, typer.Option("--turned", help="Tables may have the tail before the head.")] = False,
    by_pair: Annotated[
        bool, typer.Option("--by-pair", help="A statement counts for every text that mentions both its ends.")
    ] = False,
    keep_unstated: Annotated[
        bool, typer.Option("--keep-unstated", help="Write texts without a stated pair too.")
    ] = False,
    read_as: Annotated[
        str | None, typer.Option("--from", help=f"pubtator: corpus that TEXTS are written like: {', '.join(FORMATS)}.")
    ] = None,
    input_format: InputFormat = None,
    field: Field = None,
) -> None:
    """Give texts the relations that a knowledge base states of them: distant supervision.

    By default a statement counts for the document that it names. A pair of which nothing is stated is unknown,
    not negative. Mentions of types that the schema does not have are dropped and counted.

    Example: bran corpus weak dev_abstracts.txt.gz --statements dev_relationships.tsv.gz --turned --kind
    chem_disease:marker/mechanism=CID --exclude BC5CDR --exclude test_pmids.txt -o weak.pubtator.gz

    Example: bran corpus weak tagged.jsonl --statements CTD_chemicals_diseases.tsv.gz --kind marker/mechanism=CID
    --exclude BC5CDR --by-pair -o weak.jsonl.gz
    """
    from bran.workflows.weak import WeakSupervision

    types = load_schema(schema)
    if read_as is not None and read_as not in FORMATS:
        raise ConfigError(f"corpus format {read_as!r}; expected one of {', '.join(FORMATS)}")
    options = reader_options(field or (), pubtator=FORMATS[read_as] if read_as else pubtator_format(types))
    supervision = WeakSupervision(
        types,
        statements,
        parse_kinds(kind or ()),
        Excluded.read(exclude or ()),
        turned=turned,
        by_pair=by_pair,
        keep_unstated=keep_unstated,
    )
    log = ErrorLog()
    documents = (
        document
        for path in texts
        for document in read_documents(path, schema=types, input_format=input_format, options=options, on_error=log)
    )
    labels = supervision.write(documents, output, on_error=log)
    _say(labels, excluded=bool(exclude))
    report(log)


def _say(labels: WeakLabels, *, excluded: bool) -> None:
    for name, count in labels.counts.rows():
        typer.echo(f"{name}: {count:,}", err=True)
    for table, count in labels.turned.items():
        typer.echo(f"{table}: {counted(count, 'statement', ',')} with the tail before the head", err=True)
    if not excluded:
        typer.echo("nothing was excluded; --exclude names what models are scored on", err=True)
