"""``bran knowledge``: compile what documents state of pairs, for relation models to be told, and look pairs up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bran.errors import ConfigError
from bran.wording import counted

app = typer.Typer(
    help="Compile what documents state of pairs of concepts, and look pairs up.",
    no_args_is_help=True,
)


@app.command()
def build(
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="TABLE...", help="Document, relation, head, tail, or with the columns of CTD."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the knowledge base; made if absent.")],
    kind: Annotated[
        list[str],
        typer.Option("--kind", help="RELATION=NAME: a relation that counts, and what it is to be called; repeatable."),
    ],
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            help="Documents whose statements do not count: a file of ids, one a line, or of documents; repeatable."
        ),
    ] = None,
    turned: Annotated[bool, typer.Option("--turned", help="The tables have the tail before the head.")] = False,
) -> None:
    """Compile statements into a folder that `knowledge:` in the config of a training names.

    Leave out what a model is to be scored on. A document is never told its own statements, but those of one
    test document tell of another.

    Example: bran knowledge build train_relationships.tsv.gz --turned --kind chem_disease:marker/mechanism=causes
    --kind chem_disease:therapeutic=treats --exclude test_pmids.txt -o knowledge
    """
    from bran.workflows.knowledge import build_knowledge
    from bran.workflows.texts import read_ids

    kinds = parse_kinds(kind)
    counts = build_knowledge(tables, output, kinds=kinds, exclude=read_ids(exclude or ()), turned=turned)
    of = f"{counted(counts.pairs, 'pair')} in {counted(counts.documents, 'document')}"
    typer.echo(f"{output}: {counted(counts.statements, 'statement')} of {of}", err=True)


@app.command()
def lookup(
    head: Annotated[str, typer.Argument(metavar="HEAD", help="Concept id, such as MESH:D008012.")],
    tail: Annotated[str, typer.Argument(metavar="TAIL", help="Concept id, such as MESH:D012640.")],
    folder: Annotated[
        Path | None, typer.Option("--knowledge", help="Folder of `bran knowledge build`.", show_default="what ships")
    ] = None,
) -> None:
    """Which documents state a relation of HEAD and TAIL: a line for each kind of statement."""
    from bran.encoding.knowledge import KNOWLEDGE, Knowledge
    from bran.workflows.bundled import knowledge_folder

    knowledge = Knowledge.load((folder or knowledge_folder()) / KNOWLEDGE)
    stating = {kind: knowledge.documents(kind, head, tail) for kind in knowledge.kinds}
    for kind, documents in stating.items():
        typer.echo(f"{kind}\t{' '.join(documents) or '-'}")
    if not any(stating.values()):
        typer.echo(f"nothing is stated of {head} and {tail}; ids are as in the tables, such as MESH:D008012", err=True)


def parse_kinds(items: Sequence[str]) -> dict[str, str]:
    """What each relation is to be called, from ``RELATION=NAME``.

    Raises:
        ConfigError: when there is no ``=``.
    """
    pairs = [item.rpartition("=") for item in items]
    for item, parts in zip(items, pairs, strict=True):
        if not all(parts):
            raise ConfigError(f"kind {item!r}: expected RELATION=NAME, such as marker/mechanism=causes")
    return {relation: name for relation, _, name in pairs}
