"""What a recogniser is trained on: documents of several corpora, and the lexicons that they are read by."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from bran.corpus.document import Document
from bran.corpus.readers import ErrorHandler, read_documents
from bran.corpus.schema import load_schema
from bran.encoding.tagging import FindNames, Names
from bran.errors import FormatError, Place
from bran.tagging.lexicon import Lexicon
from bran.workflows.texts import read_ids

if TYPE_CHECKING:
    from bran.workflows.recognition import RecognitionConfig


def read_corpora(
    config: RecognitionConfig,
    files: Mapping[str, Sequence[Path]],
    *,
    exclude: Collection[str],
    on_error: ErrorHandler,
) -> dict[str, list[Document]]:
    """The documents of each corpus, in the config's order.

    Args:
        config: says how each corpus is read.
        files: of each corpus.
        exclude: ids that are left out.
        on_error: is told of what cannot be read.

    A document that stands in several corpora is one of the first. Within a corpus an id may repeat with another text
    (passages of one article).
    """
    corpora: dict[str, list[Document]] = {}
    taken: set[tuple[str, str]] = set()
    for name, style in config.corpora.items():
        schema, others = load_schema(style.relation_schema), {id_ for id_, _ in taken} | set(exclude)
        documents: list[Document] = []
        for document in chain.from_iterable(
            read_documents(path, schema=schema, on_error=on_error) for path in files.get(name, ())
        ):
            if document.id not in others and (document.id, document.text) not in taken:
                taken.add((document.id, document.text))
                documents.append(document)
        if documents:
            corpora[name] = documents
    return corpora


def load_names(lexicon: Path | None, folds: Path | None) -> Names:
    """The lexicon in ``lexicon`` (``None``: the bundled), and those in ``folds`` for the documents that taught it.

    Args:
        lexicon: a folder that ``bran lexicon build`` wrote.
        folds: holds folders ``0``, ``1``, ... of lexicons, and beside each a file of the document ids that it was
            compiled without (``0.txt``), one a line.

    Raises:
        DataError, ModelError: when a file cannot be read.
    """
    without: dict[str, FindNames] = {}
    lists = sorted(folds.glob("*.txt")) if folds else []
    if folds and not lists:
        raise FormatError("holds no list of documents; expected 0.txt beside a lexicon 0, ...", Place(str(folds)))
    for ids in lists:
        names = Lexicon.load(ids.with_suffix("")).longest_matches
        without.update(dict.fromkeys(read_ids([ids]), names))
    return Names(Lexicon.load(lexicon).longest_matches, without)
