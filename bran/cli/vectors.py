"""``bran vectors``: subword vectors from plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bran.cli.reporting import report
from bran.config import override, parse_config
from bran.corpus.readers import ErrorLog
from bran.errors import DataError
from bran.wording import counted


def vectors(
    texts: Annotated[
        list[Path], typer.Argument(metavar="TEXT...", help="JSON lines with title and abstract, or PubTator files.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the vocabulary and its vectors.")],
    vocabulary: Annotated[int, typer.Option("--vocabulary", help="Number of subwords.")] = 8000,
    dim: Annotated[int, typer.Option("--dim", help="Size of the vectors.")] = 128,
    method: Annotated[
        str, typer.Option("--method", help="ppmi: mutual information, factorised; skipgram: word2vec's, slower.")
    ] = "ppmi",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override another key: skip_gram.epochs=3.")
    ] = None,
    exclude: Annotated[
        list[Path] | None,
        typer.Option(
            "--exclude", help="Documents to leave out: a file of ids, one a line, or of documents; repeatable."
        ),
    ] = None,
) -> None:
    """Learn a subword vocabulary and vectors from plain text, for training to start from (`vectors:` in its config).

    Example: bran vectors pubmed.jsonl.gz -o vectors --exclude test_pmids.txt
    """
    from bran.encoding.vectors import SubwordVectors, VectorConfig
    from bran.workflows.texts import read_ids, read_texts

    given: dict[str, Any] = {"method": method, "subwords": {"vocabulary": vocabulary}, "dim": dim}
    config = parse_config(VectorConfig, override(given, set_ or ()), source="vectors")
    log = ErrorLog()
    read = list(read_texts(texts, exclude=read_ids(exclude or ()), on_error=log))
    if not read:
        nothing = DataError("no text is left to learn from; expected documents with a title or an abstract")
        raise log.skipped[0] if log.skipped else nothing
    learned = SubwordVectors.learn(read, config)
    learned.save(output)
    number, size = learned.vectors.shape
    shape = f"{counted(number, 'subword')} of {counted(size, 'dimension')}"
    typer.echo(f"{output}: {shape}, from {counted(len(read), 'text')}", err=True)
    report(log)
