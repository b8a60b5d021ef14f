"""The recogniser that ships: BRAN's encoder over subwords, what the lexicon knows of them, and a chain of tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field

import bran
from bran.corpus.document import Document, Mention
from bran.encoding.batches import pack
from bran.encoding.subwords import Ints, Subwords
from bran.encoding.tagging import (
    FindNames,
    TaggingEncoder,
    TaggingExample,
    WindowConfig,
    collate_tagging,
    tagged_mentions,
)
from bran.errors import ConfigError, ModelError
from bran.nn.devices import autocast
from bran.nn.model_folder import DESCRIPTION, FORMAT_VERSION, SUBWORDS, load_weights, parse_description, write_folder
from bran.nn.precision import Precision
from bran.nn.recogniser import RecogniserConfig, RecogniserNetwork


class RecogniserDescription(WindowConfig):
    """All of a recogniser that is not weights or vocabulary: the content of ``model.json``."""

    format_version: int = FORMAT_VERSION
    bran_version: str = bran.__version__
    name: str
    types: tuple[str, ...]
    """Entity types, in the order of their tags."""
    styles: tuple[str, ...]
    """Corpora it learned from; texts are tagged in the style of the first."""
    model: RecogniserConfig
    training: dict[str, Any] = Field(default_factory=dict)
    """How it was made."""


@dataclass
class RecogniserModel:
    """A recogniser's network with all that is needed to run it.

    Attributes:
        description: its settings and history.
        subwords: its vocabulary.
        network: in evaluation mode.
        find_names: the lexicon it reads by.
        encoder: turns documents into its examples.
    """

    description: RecogniserDescription
    subwords: Subwords
    network: RecogniserNetwork
    find_names: FindNames
    encoder: TaggingEncoder = field(init=False)

    def __post_init__(self) -> None:
        self.network.eval()
        self.encoder = TaggingEncoder(
            self.subwords,
            self.description.types,
            self.find_names,
            window=self.description.window,
            overlap=self.description.overlap,
        )

    def save(self, folder: Path, *, card: str) -> None:
        """Write the folder; the lexicon has one of its own."""
        write_folder(folder, description=self.description, network=self.network, subwords=self.subwords, card=card)

    @classmethod
    def load(cls, folder: Path, *, find_names: FindNames, device: torch.device | None = None) -> RecogniserModel:
        """Read the folder.

        Raises:
            ModelError: when a file is missing or damaged, or was written by another format version.
        """
        description = parse_description(folder, RecogniserDescription, writer="bran tagging train")
        subwords = Subwords.load(folder / SUBWORDS)
        sizes = TaggingEncoder(subwords, description.types, find_names).sizes(len(description.styles))
        try:
            network = description.model.build(sizes=sizes, types=len(description.types))
        except ConfigError as error:
            raise ModelError(f"{folder / DESCRIPTION}: {error}") from None
        load_weights(folder, network)
        return cls(description, subwords, network.to(device or torch.device("cpu")), find_names)


class NetworkRecogniser:
    """Runs a recogniser over a stream of documents, in constant memory.

    Args:
        model: what to run.
        precision: number format of matrix products.
        max_tokens: padded subwords of a batch.
        chunk: documents that are read ahead and sorted by length together.
    """

    def __init__(
        self, model: RecogniserModel, *, precision: Precision = "auto", max_tokens: int = 8192, chunk: int = 256
    ) -> None:
        self.model = model
        self.precision: Precision = precision
        self.max_tokens, self.chunk = max_tokens, chunk
        self.device = model.network.emit.weight.device

    def recognise(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Each document with the mentions that were found, without concepts, in the order of input."""
        stream = iter(documents)
        while chunk := list(islice(stream, self.chunk)):
            examples = self.model.encoder(chunk)
            for example, mentions in zip(examples, self._mentions(examples), strict=True):
                yield example.document.with_mentions(tuple(mentions))

    def _mentions(self, examples: Sequence[TaggingExample]) -> list[list[Mention]]:
        """The mentions of each example, whose windows are run in batches of like length."""
        windows = [(index, window) for index, example in enumerate(examples) for window in example.windows]
        pieces = [TaggingExample(examples[index].document, (window,)) for index, window in windows]
        tags: list[Ints] = [np.zeros(0, dtype=np.int64)] * len(pieces)
        for batch in pack(pieces, max_tokens=self.max_tokens):
            for position, row in zip(batch, self._tags([pieces[position] for position in batch]), strict=True):
                tags[position] = row
        rows: list[list[Ints]] = [[] for _ in examples]
        for (index, _), row in zip(windows, tags, strict=True):
            rows[index].append(row)
        types = self.model.description.types
        return [tagged_mentions(example, found, types) for example, found in zip(examples, rows, strict=True)]

    @torch.inference_mode()
    def _tags(self, pieces: Sequence[TaggingExample]) -> Ints:
        """The tags of the one window of each piece, padding included, shape ``(pieces, tokens)``."""
        batch = collate_tagging(pieces).to(self.device)
        with autocast(self.device, self.precision):
            tags: Ints = self.model.network.tag(batch).cpu().numpy()
        return tags
