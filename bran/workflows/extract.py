"""What ``bran extract`` does: files of documents in, predicted relations out, broken documents told and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler
from bran.errors import FormatError, Place
from bran.export.writers import open_writer
from bran.extraction.predictor import Predictor


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
    show: Callable[[Document], None] | None = None,
) -> Counts:
    """Predict and write the relations of each document.

    Args:
        predictor: the model.
        documents: with mentions.
        output: a file that appears when all is done, its format told by its suffix; ``None``: nothing is written.
        threshold: the model's own when ``None``.
        on_error: is told of documents that the format of ``output`` cannot hold; they are left out.
        show: takes each document with its relations.
    """
    description, counts = predictor.model.description, Counts()
    version = description.bran_version
    opened = open_writer(output, schema=description.relation_schema, model_version=version) if output else nullcontext()
    with opened as writer:
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
