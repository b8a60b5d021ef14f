"""Recognition by a spaCy pipeline: any that finds entities, installed or in a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from bran.corpus.document import Document, Mention
from bran.corpus.schema import Schema
from bran.errors import ConfigError, ModelError
from bran.tagging import tokenizers  # noqa: F401 - registers those that pipelines of ours are stored with

UNNEEDED = ("tagger", "morphologizer", "parser", "senter", "attribute_ruler", "lemmatizer")
"""Components that entities do not need, and that take most of the time where a pipeline has them."""
SCISPACY_MODELS = "https://allenai.github.io/scispacy"
_DOCUMENTS = 256
"""Documents that are read ahead by one process: spaCy forgets the words of each such chunk at its end."""
_DOCUMENTS_OF_A_WORKER = 2048
"""As above; workers are started anew for each chunk, so it is larger."""
_MAX_PIECE = 4000
"""Characters of a passage that are recognised at once: the network needs some 8 kB for each token of a batch."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class SpacyRecogniser:
    """Finds mentions with a spaCy pipeline, in constant memory over a stream.

    Passages are recognised one by one, so that no mention reaches over two of them.

    Args:
        nlp: sets ``doc.ents``.
        labels: entity type of each of the pipeline's labels, in any case.
        processes: workers that run ``nlp``; with one, it runs in this process.
        batch_size: passages that a worker gets at once.

    Attributes:
        notes: how many entities were left out because no type belongs to their label, by label.
    """

    def __init__(self, nlp: Language, labels: Mapping[str, str], *, processes: int = 1, batch_size: int = 32) -> None:
        self._nlp = nlp
        self._labels = {label.casefold(): type_ for label, type_ in labels.items()}
        self._processes = processes
        self._batch_size = batch_size
        self._chunk = _DOCUMENTS if processes == 1 else _DOCUMENTS_OF_A_WORKER * processes
        self.notes: Counter[str] = Counter()

    @classmethod
    def load(
        cls,
        name_or_path: str | Path,
        *,
        schema: Schema,
        labels: Mapping[str, str] | None = None,
        exclude: Collection[str] = UNNEEDED,
        processes: int = 1,
        batch_size: int = 32,
    ) -> SpacyRecogniser:
        """A recogniser with an installed pipeline (``en_ner_bc5cdr_md``), or one that stands in a folder.

        Args:
            name_or_path: of the pipeline.
            schema: the entity types that are wanted.
            labels: types by label; see :func:`type_labels`.
            exclude: components of the pipeline that are not loaded.
            processes: as above.
            batch_size: as above.

        Raises:
            ModelError: when there is no such pipeline, or it cannot be loaded.
            ConfigError: when ``labels`` names a type that the schema does not have.
        """
        types = type_labels(schema, labels or {})
        return cls(load_pipeline(name_or_path, exclude=exclude), types, processes=processes, batch_size=batch_size)

    def recognise(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Each document with the mentions found in it, without concepts, in place of those that it had."""
        stream = iter(documents)
        while chunk := list(islice(stream, self._chunk)):
            yield from self._recognised(chunk)

    def _recognised(self, documents: list[Document]) -> list[Document]:
        found: list[list[Mention]] = [[] for _ in documents]
        pieces = (
            (text, (index, offset)) for index, document in enumerate(documents) for offset, text in _pieces(document)
        )
        with self._nlp.memory_zone():
            docs = self._nlp.pipe(pieces, as_tuples=True, batch_size=self._batch_size, n_process=self._processes)
            for doc, (index, offset) in docs:
                found[index].extend(self._mentions(doc, offset))
        return [document.with_mentions(tuple(mentions)) for document, mentions in zip(documents, found, strict=True)]

    def _mentions(self, doc: Doc, offset: int) -> Iterator[Mention]:
        for ent in doc.ents:
            type_ = self._labels.get(ent.label_.casefold())
            if type_ is None:
                self.notes[ent.label_] += 1
            else:
                yield Mention(offset + ent.start_char, offset + ent.end_char, type_)


def type_labels(schema: Schema, labels: Mapping[str, str]) -> dict[str, str]:
    """The entity types of ``schema`` by label, in lower case: by their names, their aliases, and as ``labels`` says.

    Raises:
        ConfigError: when ``labels`` names a type that the schema does not have.
    """
    names = ((name, type_) for type_, about in schema.entity_types.items() for name in (type_, *about.aliases))
    types = {name.casefold(): type_ for name, type_ in names}
    for label, type_ in labels.items():
        if type_ not in schema.entity_types:
            known = ", ".join(schema.entity_types)
            raise ConfigError(f"label {label!r}: entity type {type_!r}; expected one of {known}")
        types[label.casefold()] = type_
    return types


def load_pipeline(name_or_path: str | Path, *, exclude: Collection[str] = ()) -> Language:
    """An installed spaCy pipeline, or one that stands in a folder.

    Raises:
        ModelError: when there is no such pipeline, it cannot be loaded, or has no components.
    """
    try:
        nlp = spacy.load(name_or_path, exclude=exclude)
    except OSError:
        missing = f"spaCy pipeline {str(name_or_path)!r}: neither installed nor a folder with a pipeline"
        raise ModelError(f"{missing}; scispaCy's are installed from the addresses at {SCISPACY_MODELS}") from None
    except (ValueError, ImportError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"spaCy pipeline {str(name_or_path)!r}: cannot be loaded ({reason})") from None
    if not nlp.pipe_names:
        raise ModelError(f"spaCy pipeline {str(name_or_path)!r}: has no components; expected one that finds entities")
    return nlp


def _pieces(document: Document) -> Iterator[tuple[int, str]]:
    """The passages of ``document`` with their first characters in its text; long ones are cut at white space."""
    start = 0
    for passage in document.passages:
        text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", passage.text)
        yield from ((start + first, text[first:last]) for first, last in _cut(text))
        start += len(passage.text) + 1


def _cut(text: str) -> Iterator[tuple[int, int]]:
    first = 0
    while len(text) - first > _MAX_PIECE:
        last = text.rfind(" ", first + 1, first + _MAX_PIECE)
        last = first + _MAX_PIECE if last < 0 else last
        yield first, last
        first = last
    if first < len(text):
        yield first, len(text)
