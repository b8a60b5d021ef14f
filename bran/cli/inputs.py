"""The options that ``bran tag`` and ``bran extract`` share: what is read, and how it is tagged."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bran.corpus.readers import READERS
from bran.errors import ConfigError

Inputs = Annotated[
    list[Path], typer.Argument(metavar="INPUT...", help=f"Files of {', '.join(READERS)}, plain or gzipped; - is stdin.")
]
InputFormat = Annotated[
    str | None,
    typer.Option("--input-format", help="Format of INPUT.", show_default="told from the content, then the name"),
]
Field = Annotated[
    list[str] | None,
    typer.Option("--field", help="jsonl: the key that holds id, title, abstract or text, as in id=PMID."),
]
Ner = Annotated[
    str | None,
    typer.Option(
        "--ner",
        help="A spaCy pipeline (en_ner_bc5cdr_md, a folder) or a folder of `bran tagging train`.",
        show_default="the recogniser that ships",
    ),
]
Label = Annotated[
    list[str] | None,
    typer.Option("--label", help="Entity type of a label of the spaCy pipeline, as in DRUG=Chemical; repeatable."),
]
LexiconFolder = Annotated[
    Path | None, typer.Option("--lexicon", help="Folder of `bran lexicon build`.", show_default="the one that ships")
]
Retag = Annotated[bool, typer.Option("--retag", help="Replace the mentions that documents come with.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that tag.")]
MaxCharacters = Annotated[int, typer.Option("--max-characters", min=1, help="Longer documents are left out.")]
StrictFlag = Annotated[bool, typer.Option("--strict", help="Stop at the first document that cannot be read.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No counts on stderr.")]


class Unlinked(StrEnum):
    """What becomes of mentions that no concept is found for."""

    keep = "keep"
    text = "text"


def parse_labels(items: Iterable[str]) -> dict[str, str]:
    """The types by label, from ``LABEL=TYPE``.

    Raises:
        ConfigError: when there is no ``=``.
    """
    pairs = [item.partition("=") for item in items]
    for (label, separator, type_), item in zip(pairs, items, strict=True):
        if not (label and separator and type_):
            raise ConfigError(f"label {item!r}: expected LABEL=TYPE, such as DRUG=Chemical")
    return {label: type_ for label, _, type_ in pairs}
