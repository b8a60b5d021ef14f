"""What ``bran tag`` does, and ``bran extract`` before it extracts: text in, documents with linked mentions out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler
from bran.corpus.schema import Schema, load_schema
from bran.corpus.writers import open_document_writer, write_documents
from bran.errors import ConfigError
from bran.workflows.bundled import recogniser_folder
from bran.workflows.workers import process_documents

if TYPE_CHECKING:
    from bran.tagging.lexicon import Lexicon
    from bran.tagging.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class TaggingSettings:
    """How documents are tagged; builds the function that does it, in whatever process it is called.

    Attributes:
        ner: a recogniser's folder, or a spaCy pipeline by name or folder; ``None``: the recogniser that ships.
        labels: entity types by label of a spaCy pipeline, beside those that are told by their names.
        lexicon: folder of the lexicon; ``None``: the one that ships.
        relation_schema: whose entity types are looked for.
        retag: replace the mentions that documents come with.
        unlinked: what becomes of mentions that no concept is found for.
    """

    ner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    lexicon: Path | None = None
    relation_schema: str = "cdr"
    retag: bool = False
    unlinked: Literal["keep", "text"] = "keep"

    def __call__(self) -> Callable[[Iterable[Document]], Iterator[Document]]:
        """Load the models.

        Raises:
            ModelError: when one of them cannot be read.
            ConfigError: when labels are given for a recogniser that has none.
        """
        from bran.tagging.abbreviations import Abbreviations
        from bran.tagging.lexicon import Lexicon
        from bran.tagging.linker import Linker
        from bran.tagging.tagger import Tagger

        lexicon = Lexicon.load(self.lexicon)
        return Tagger(
            self._recogniser(lexicon),
            Linker(lexicon, unlinked=self.unlinked),
            abbreviations=Abbreviations(),
            retag=self.retag,
        ).tag

    def _recogniser(self, lexicon: Lexicon) -> Recogniser:
        folder = Path(self.ner) if self.ner else recogniser_folder()
        if self.ner is None or (folder / "model.json").exists():
            from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserModel

            if self.labels:
                raise ConfigError(f"label {next(iter(self.labels))!r}: labels are those of a spaCy pipeline (--ner)")
            return NetworkRecogniser(RecogniserModel.load(folder, find_names=lexicon.longest_matches))
        from bran.tagging.spacy_recogniser import SpacyRecogniser

        return SpacyRecogniser.load(self.ner, schema=load_schema(self.relation_schema), labels=self.labels)


def tag_bare(documents: Iterable[Document], settings: TaggingSettings, *, workers: int = 1) -> Iterator[Document]:
    """``documents``, of which those that need it are tagged; nothing is loaded before the first of those comes.

    Documents that come with linked mentions pass, unless ``settings.retag``; in the order of input.
    """
    stream = iter(documents)
    for document in stream:
        if not settings.retag and document.is_linked:
            yield document
            continue
        yield from process_documents(chain([document], stream), settings, workers=workers)


@dataclass(slots=True)
class TagCounts:
    """What a tagging has found."""

    documents: int = 0
    mentions: int = 0
    linked: int = 0


def tag_documents(
    documents: Iterable[Document],
    settings: TaggingSettings,
    *,
    output: Path,
    output_format: str | None = None,
    schema: Schema,
    workers: int = 1,
    on_error: ErrorHandler,
) -> TagCounts:
    """Tag ``documents`` and write them.

    Args:
        documents: text, or documents with mentions.
        settings: how they are tagged.
        output: a file that appears when all is done.
        output_format: a name of :data:`bran.corpus.writers.WRITERS`; by default told from the suffix.
        schema: for the namespaces of ids.
        workers: processes.
        on_error: is told of documents that the format cannot hold; they are left out.
    """
    counts = TagCounts()

    def counted() -> Iterator[Document]:
        for document in process_documents(documents, settings, workers=workers):
            counts.mentions += len(document.mentions)
            counts.linked += sum(bool(mention.concepts) for mention in document.mentions)
            yield document

    with open_document_writer(output, schema=schema, format=output_format) as writer:
        counts.documents = write_documents(counted(), writer, on_error=on_error)
    return counts
