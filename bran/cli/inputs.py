"""The options that commands on documents share: what is read, how it is tagged, and by which model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bran.corpus.document import Document
from bran.corpus.readers import READERS, ErrorHandler, ErrorLog, ReaderOptions, Strict, reader_options
from bran.corpus.schema import Schema
from bran.errors import ConfigError
from bran.evaluation.thresholds import THRESHOLD_HELP
from bran.workflows.inputs import MAX_CHARACTERS, read_inputs
from bran.workflows.tag import TaggingSettings

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
Model = Annotated[Path | None, typer.Option("--model", help="Model folder.", show_default="the one that ships")]
Threshold = Annotated[str | None, typer.Option("--threshold", help=THRESHOLD_HELP, show_default="the model's")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


@dataclass(frozen=True, slots=True)
class TaggingOptions:
    """How bare documents are tagged."""

    ner: Ner = None
    label: Label = None
    lexicon: LexiconFolder = None
    retag: Retag = False

    def settings(self) -> TaggingSettings:
        """The same for those who tag.

        Raises:
            ConfigError: when a label is not written as it must be.
        """
        labels = parse_labels(self.label or ())
        return TaggingSettings(ner=self.ner, labels=labels, lexicon=self.lexicon, retag=self.retag)


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How files are read, and what becomes of documents that cannot be."""

    input_format: InputFormat = None
    field: Field = None
    max_characters: MaxCharacters = MAX_CHARACTERS
    strict: StrictFlag = False

    def settings(self) -> ReaderOptions:
        """The options of single formats."""
        return reader_options(self.field or ())

    def on_error(self, log: ErrorLog) -> ErrorHandler:
        """``log``, unless the first document that cannot be read is to end the command."""
        return Strict() if self.strict else log

    def read(self, paths: Sequence[Path], schema: Schema, on_error: ErrorHandler) -> Iterator[Document]:
        """The documents of all ``paths``; see :func:`bran.workflows.inputs.read_inputs`."""
        return read_inputs(
            paths,
            schema,
            input_format=self.input_format,
            options=self.settings(),
            max_characters=self.max_characters,
            on_error=on_error,
        )


class Unlinked(StrEnum):
    """What becomes of mentions that no concept is found for."""

    keep = "keep"
    text = "text"


def parse_labels(items: Sequence[str]) -> dict[str, str]:
    """The types by label, from ``LABEL=TYPE``.

    Raises:
        ConfigError: when there is no ``=``.
    """
    pairs = [item.partition("=") for item in items]
    for (label, separator, type_), item in zip(pairs, items, strict=True):
        if not (label and separator and type_):
            raise ConfigError(f"label {item!r}: expected LABEL=TYPE, such as DRUG=Chemical")
    return {label: type_ for label, _, type_ in pairs}
