"""What ``bran extract`` does: files of documents in, predicted relations out, broken documents told and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler
from bran.errors import FormatError, Place
from bran.export.table import Names
from bran.export.writers import open_writer
from bran.extraction.predictor import Predictor
from bran.tagging.lexicon import Lexicon


@dataclass(slots=True)
class Counts:
    """What an extraction has found."""

    documents: int = 0
    relations: int = 0


def extract(
    predictor: Predictor,
    documents: Iterable[Document],
    *,
    output: Path | None,
    threshold: float | None,
    on_error: ErrorHandler,
    model_hash: str | None = None,
    names: Names | None = None,
    show: Callable[[Document], None] | None = None,
) -> Counts:
    """Predict and write the relations of each document.

    Args:
        predictor: the model.
        documents: with mentions.
        output: a file that appears when all is done, its format told by its suffix; ``None``: nothing is written.
        threshold: the model's own when ``None``.
        on_error: is told of documents that the format of ``output`` cannot hold; they are left out.
        model_hash: what goes in that column of a table.
        names: gives concepts their preferred names in a table.
        show: takes each document with its relations.
    """
    description, counts = predictor.model.description, Counts()
    writing = partial(
        open_writer,
        schema=description.relation_schema,
        model_version=description.bran_version,
        model_hash=model_hash,
        names=names,
    )
    with writing(output) if output else nullcontext() as writer:
        for document in predictor.predict(documents, threshold=threshold):
            try:
                if writer is not None:
                    writer.write(document)
            except FormatError as error:
                on_error.skip(error.at(Place(str(output), document=document.id)))
                continue
            if show is not None:
                show(document)
            counts.documents += 1
            counts.relations += len(document.relations)
    return counts


def preferred_names(folder: Path | None) -> Names:
    """What the lexicon in ``folder`` (``None``: the one that ships) calls concepts; loaded when it is first asked."""
    load = cache(Lexicon.load)
    return lambda concept: load(folder).name(concept)
