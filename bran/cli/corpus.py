"""``bran corpus``: count, split and convert annotated documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from bran.cli.reporting import report
from bran.cli.weak import weak
from bran.config import parse_config
from bran.corpus.load import load_corpus
from bran.corpus.mesh import DISEASE_BRANCHES, MeshTree
from bran.corpus.readers import READERS, ErrorLog, PubTatorFormat, Strict, read_documents, reader_options
from bran.corpus.readers.pubtator_format import FORMATS, pubtator_format
from bran.corpus.schema import Schema, load_schema
from bran.corpus.splits import GivenConfig, KFoldConfig, SplitConfig, TemporalConfig
from bran.corpus.statistics import CorpusStatistics, split_statistics
from bran.corpus.writers import (
    FOLDER_WRITERS,
    SUFFIXES,
    WRITERS,
    document_format,
    open_document_writer,
    write_documents,
)
from bran.errors import ConfigError
from bran.files import atomic_write
from bran.wording import counted

app = typer.Typer(help="Count, split and convert annotated documents.", no_args_is_help=True)
app.command()(weak)

CorpusPath = Annotated[
    Path,
    typer.Argument(
        metavar="CORPUS", help="A file of documents, the folder of a published corpus, or a folder of brat."
    ),
]
SchemaName = Annotated[str, typer.Option("--schema", help="A schema that ships (cdr, biored, ...), or a YAML file.")]


class SplitKind(StrEnum):
    """How a corpus is split."""

    kfold = "kfold"
    temporal = "temporal"
    given = "given"


_SPLITS: dict[SplitKind, type[KFoldConfig | TemporalConfig | GivenConfig]] = {
    SplitKind.kfold: KFoldConfig,
    SplitKind.temporal: TemporalConfig,
    SplitKind.given: GivenConfig,
}


@app.command()
def stats(
    path: CorpusPath,
    schema: SchemaName = "cdr",
    mesh: Annotated[
        Path | None,
        typer.Option(help="MeSH table of the hypernym filter.", show_default="MeSH 2020, bundled"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Count documents, mentions, entities, relations and candidate pairs, per split.

    Example: bran corpus stats BC5CDR

    Example: bran corpus stats abstracts.pubtator.gz --schema chemdisgene --json
    """
    loaded = load_schema(schema)
    corpus = load_corpus(path, loaded)
    for notice in corpus.notices:
        typer.echo(notice, err=True)
    tree = MeshTree.read(mesh) if mesh else MeshTree.bundled()
    counted = split_statistics(corpus, loaded, mesh=tree)
    if as_json:
        typer.echo(json.dumps({"corpus": corpus.hash, "splits": {k: asdict(v) for k, v in counted.items()}}, indent=2))
    else:
        Console().print(_table(corpus.hash, counted))


@app.command()
def split(
    path: CorpusPath,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for one JSON file per split; made if absent.")],
    kind: Annotated[SplitKind, typer.Option(help="Random folds, newest documents held out, or as published.")],
    schema: SchemaName = "cdr",
    folds: Annotated[int | None, typer.Option(help="kfold: how many.")] = None,
    seed: Annotated[int | None, typer.Option(help="kfold, given: of the random choice.")] = None,
    cuts: Annotated[int | None, typer.Option(help="temporal: how many test parts, each older than the last.")] = None,
    test_size: Annotated[int | None, typer.Option(help="temporal: documents in a test part.")] = None,
    validation: Annotated[float | None, typer.Option(help="Share of the other documents that validates.")] = None,
) -> None:
    """Write which documents train, validate and test; none, by id or title, is on two sides.

    Example: bran corpus split BC5CDR --kind kfold --folds 5 --seed 1 -o splits

    Example: bran corpus split BC5CDR --kind temporal --cuts 3 -o splits
    """
    options = {"folds": folds, "seed": seed, "cuts": cuts, "test_size": test_size, "validation": validation}
    config = _split_config(kind, options)
    corpus = load_corpus(path, load_schema(schema))
    splits = config.build(corpus)
    output.mkdir(parents=True, exist_ok=True)
    for part in splits:
        content = {"corpus": corpus.hash, "config": config.model_dump(), **asdict(part)}
        with atomic_write(output / f"{part.name}.json") as stream:
            json.dump(content, stream, indent=1)
            stream.write("\n")
        typer.echo(
            f"{part.name}: {len(part.train)} train, {len(part.validation)} validation, {len(part.test)} test", err=True
        )


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help=f"A file of {', '.join(READERS)}; - is stdin; a folder of brat.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=f"Its suffix tells the format: {', '.join(SUFFIXES)}; .gz may follow."),
    ],
    schema: Annotated[
        str | None, typer.Option(help="Gives types their spelling and ids their namespace; else both stay as they are.")
    ] = None,
    input_format: Annotated[
        str | None, typer.Option(help="Format of IN.", show_default="told from its content, then its name")
    ] = None,
    output_format: Annotated[
        str | None, typer.Option(help=f"{', '.join((*WRITERS, *FOLDER_WRITERS))}.", show_default="the suffix")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="jsonl: the key that holds id, title, abstract, text, ..., as in id=PMID.")
    ] = None,
    read_as: Annotated[
        str | None, typer.Option("--from", help=f"pubtator: corpus that IN is written like: {', '.join(FORMATS)}.")
    ] = None,
    write_as: Annotated[
        str | None, typer.Option("--to", help="pubtator: corpus that the new file is written like.")
    ] = None,
    separator: Annotated[str | None, typer.Option(help="pubtator: joins the ids of a composite mention.")] = None,
    prefix: Annotated[
        list[str] | None, typer.Option(help="pubtator: namespace to write before ids, as in MESH:D003693.")
    ] = None,
    unlinked: Annotated[str | None, typer.Option(help="pubtator: written for a mention without id.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first document that cannot be read.")] = False,
) -> None:
    """Rewrite documents in another format, or in PubTator with other id separators or prefixes.

    Documents that cannot be read or written are left out and named on stderr; the exit code is then 6.

    Example: bran corpus convert pubmed24n0001.xml.gz -o abstracts.jsonl.gz

    Example: bran corpus convert train.pubtator -o train.spacy --schema cdr

    Example: bran corpus convert tagged.jsonl -o review --output-format brat --schema cdr

    Example: bran corpus convert old.txt -o new.txt.gz --schema cdr --prefix MESH

    Example: bran corpus convert train.pubtator -o train.txt --from biored --separator ';'
    """
    types = load_schema(schema) if schema else None
    target = document_format(output, output_format)
    log = ErrorLog()
    reading = _format(read_as, types)
    changes = {"separators": separator, "prefixes": prefix and tuple(prefix), "unlinked": unlinked}
    writing = _changed(_format(write_as, types) if write_as else reading, changes)
    if target != "pubtator" and (write_as or any(changes.values())):
        raise ConfigError(f"--to, --separator, --prefix and --unlinked are for PubTator; the output is {target}")
    options, on_error = reader_options(field or (), pubtator=reading), Strict() if strict else log
    documents = read_documents(source, schema=types, input_format=input_format, options=options, on_error=on_error)
    with open_document_writer(output, schema=types, format=target, pubtator=writing) as writer:
        count = write_documents(documents, writer, on_error=on_error)
    typer.echo(f"{output}: {counted(count, 'document')}", err=True)
    report(log)


@app.command()
def mesh(
    descriptors: Annotated[
        Path, typer.Argument(metavar="TABLE", help="Tab-separated: id, name, synonyms, tree numbers; no header.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The tree; gzipped when it ends in .gz.")],
) -> None:
    """Compile the tree of diseases, which the hypernym filter needs, from a table of MeSH descriptors.

    Example: bran corpus mesh descriptors.tsv.gz -o diseases-2020.tsv.gz
    """
    tree = MeshTree.read(descriptors).branches(DISEASE_BRANCHES)
    tree.write(output)
    typer.echo(f"{output}: {len(tree.tree_numbers)} descriptors", err=True)


def _table(corpus_hash: str, counted: Mapping[str, CorpusStatistics]) -> Table:
    table = Table(title=f"corpus {corpus_hash}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    rows: dict[str, dict[str, str]] = {}
    for name, counts in counted.items():
        table.add_column(name, justify="right")
        for label, value in counts.rows():
            rows.setdefault(label, {})[name] = value
    for label, values in rows.items():
        table.add_row(label, *(values.get(name, "0") for name in counted))
    return table


def _split_config(kind: SplitKind, options: Mapping[str, Any]) -> SplitConfig:
    named = {key: value for key, value in options.items() if value is not None}
    return parse_config(_SPLITS[kind], named, source=f"split {kind.value}")


def _format(name: str | None, schema: Schema | None) -> PubTatorFormat:
    if name is None:
        return pubtator_format(schema)
    if name not in FORMATS:
        raise ConfigError(f"corpus format {name!r}; expected one of {', '.join(FORMATS)}")
    return FORMATS[name]


def _changed(format: PubTatorFormat, changes: Mapping[str, Any]) -> PubTatorFormat:
    named = {key: value for key, value in changes.items() if value is not None}
    return parse_config(PubTatorFormat, {**format.model_dump(), **named}, source="output format")
