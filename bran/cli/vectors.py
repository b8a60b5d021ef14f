"""``bran vectors``: subword vectors from plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def vectors(
    texts: Annotated[
        list[Path], typer.Argument(metavar="TEXT...", help="JSON lines with title and abstract, or PubTator files.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the vocabulary and its vectors.")],
    vocabulary: Annotated[int, typer.Option("--vocabulary", help="Number of subwords.")] = 8000,
    dim: Annotated[int, typer.Option("--dim", help="Size of the vectors.")] = 128,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            "--exclude", help="Documents to leave out: a file of ids, one a line, or a PubTator file; repeatable."
        ),
    ] = None,
) -> None:
    """Learn a subword vocabulary and vectors from plain text, for training to start from (`vectors:` in its config).

    Example: bran vectors pubmed.jsonl.gz -o vectors --exclude test_pmids.txt
    """
    from bran.encoding.subwords import SubwordConfig
    from bran.encoding.vectors import SubwordVectors, VectorConfig
    from bran.errors import ConfigError
    from bran.workflows.texts import read_ids, read_texts

    read = list(read_texts(texts, exclude=read_ids(exclude or ())))
    if not read:
        raise ConfigError("no text is left to learn from; expected documents with a title or an abstract")
    learned = SubwordVectors.learn(read, VectorConfig(subwords=SubwordConfig(vocabulary=vocabulary), dim=dim))
    learned.save(output)
    shape = "{} subwords of {} dimensions".format(*learned.vectors.shape)
    typer.echo(f"{output}: {shape}, from {len(read)} texts", err=True)
