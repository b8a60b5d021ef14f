"""How well the tokenizers fit the mentions of corpora.

``python -m benchmarks.alignment bc5cdr --schema cdr`` prints a table; what begins or ends inside a token is lost to
a recogniser, however well it learns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bran.corpus.load import load_corpus
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.tagging.tokenizers import TOKENIZERS, Alignment, blank_pipeline


def alignment(
    corpora: Annotated[list[Path], typer.Argument(help="Files, or folders that hold a corpus as published.")],
    schema: Annotated[str, typer.Option(help="A schema that ships, or a YAML file; that of all corpora.")] = "cdr",
) -> None:
    """Print the share of mentions that each tokenizer misaligns."""
    table = Table("corpus", "tokenizer", "tokens", "mentions", "misaligned", "%")
    types = load_schema(schema)
    for path in corpora:
        documents = load_corpus(path, types).documents if path.is_dir() else tuple(read_documents(path, schema=types))
        for name in TOKENIZERS:
            found = Alignment.measure(blank_pipeline(name), documents)
            counts = (f"{count:,}" for count in (found.tokens, found.mentions, found.misaligned))
            table.add_row(path.name, name, *counts, f"{100 * found.share:.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(alignment)
