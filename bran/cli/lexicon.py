"""``bran lexicon``: compile the names of MeSH for tagging, and look words up in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated

import typer

from bran.cli.inputs import LexiconFolder
from bran.cli.reporting import report
from bran.corpus.document import Document
from bran.corpus.readers import ErrorLog, read_documents
from bran.corpus.schema import load_schema
from bran.errors import ConfigError
from bran.wording import counted

app = typer.Typer(help="Compile the names of MeSH for tagging, and look words up.", no_args_is_help=True)

_CORPUS_HELP = "SCHEMA=FILE, such as cdr=train.txt; may be repeated."


@app.command()
def build(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the lexicon; made if absent.")],
    descriptors: Annotated[Path, typer.Option(help="MeSH descriptors: a table, NLM's XML or ASCII, plain or gzipped.")],
    supplementary: Annotated[
        Path | None, typer.Option(help="MeSH supplementary concepts: a table, NLM's XML or ASCII.")
    ] = None,
    aliases: Annotated[
        list[str] | None, typer.Option(help=f"Corpus annotated by people, to learn names from. {_CORPUS_HELP}")
    ] = None,
    automatic: Annotated[
        list[str] | None, typer.Option(help=f"The same, annotated by a program: counts less. {_CORPUS_HELP}")
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Documents to learn nothing from: a file of ids, one a line, or of documents; repeatable."),
    ] = None,
    folds: Annotated[
        int,
        typer.Option(min=0, help="Also compile so many lexicons without a part of the documents each: FOLDER-folds."),
    ] = 0,
) -> None:
    """Compile chemicals and diseases of MeSH, and what corpora call them, into a folder.

    A recogniser that learns from the same corpora is to read each document by a lexicon that has not: with --folds 5,
    OUTPUT-folds/0 is compiled without the documents that OUTPUT-folds/0.txt lists, and so on.

    Without NLM's own supplementary file, whose records carry a class, the type of a supplementary concept
    is told by its use in the corpora and by its name.

    Example: bran lexicon build --descriptors desc2020.xml.gz --supplementary supp2020.xml.gz -o lexicon

    Example: bran lexicon build --descriptors descriptors.tsv.gz --aliases cdr=CDR_TrainingSet.PubTator.txt -o lexicon

    Example: bran lexicon build --descriptors descriptors.tsv.gz --aliases cdr=train.txt -o lexicon --folds 5
    """
    from bran.tagging.lexicon_build import build_folds, build_lexicon
    from bran.tagging.lexicon_uses import AnnotatedCorpus
    from bran.tagging.mesh_files import read_mesh
    from bran.workflows.texts import read_ids

    log = ErrorLog()
    left_out = read_ids(exclude or ())
    corpora = [
        AnnotatedCorpus(list(_documents(named, left_out, log)), gold=gold)
        for gold, group in ((True, aliases), (False, automatic))
        for named in group or ()
    ]
    records = [record for path in (descriptors, supplementary) if path for record in read_mesh(path)]
    counts = build_lexicon(records, corpora, output)
    build_folds(records, corpora, output.with_name(f"{output.name}-folds"), folds=folds)
    for type_, count in counts.concepts.items():
        typer.echo(f"{type_}: {counted(count, 'concept')}")
    typer.echo(
        f"keys: {counts.keys} light, {counts.strong_keys} strong, {counts.aliases} from corpora only -> {output}"
    )
    report(log)


@app.command()
def lookup(
    surface: Annotated[str, typer.Argument(metavar="WORDS", help="As they stand in a text.")],
    entity_type: Annotated[str | None, typer.Option("--type", help="Only Chemical or only Disease.")] = None,
    folder: LexiconFolder = None,
) -> None:
    """Show the concepts that words may name, likeliest first.

    Example: bran lexicon lookup "5-FU"
    """
    from bran.tagging.lexicon import Lexicon
    from bran.tagging.lexicon_tables import TYPES

    if entity_type not in (None, *TYPES):
        raise ConfigError(f"type {entity_type!r}; expected one of {', '.join(TYPES)}")
    lexicon = Lexicon.load(folder)
    candidates = lexicon.lookup(surface, type=entity_type)
    if not candidates:
        typer.echo(f"no concept is named {surface!r}", err=True)
    for found in candidates:
        uses = f"{found.firm} firm, {found.weak} weak uses"
        typer.echo(f"{found.concept}\t{found.type}\t{lexicon.name(found.concept)}\t{found.key} {found.source}\t{uses}")


def _documents(named: str, left_out: Collection[str], log: ErrorLog) -> Iterator[Document]:
    """The documents of ``SCHEMA=FILE``, but for those with an id in ``left_out``."""
    schema, separator, path = named.partition("=")
    if not separator:
        raise ConfigError(f"corpus {named!r}: expected SCHEMA=FILE, such as cdr=train.txt")
    for document in read_documents(path, schema=load_schema(schema), on_error=log):
        if document.id not in left_out:
            yield document
