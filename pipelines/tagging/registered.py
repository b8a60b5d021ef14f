"""What the config of the recogniser names: a reader of DocBins, and weights to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import DocBin, Span
from spacy.training import Corpus, Example
from spacy.util import registry
from spacy.vocab import Vocab

from bran.tagging import tokenizers  # noqa: F401 - registers them, where the package is not installed


def read_corpus(
    path: Path | None, labels: dict[str, str], every: int, validates: bool, without: list[str]
) -> Callable[[Language], Iterator[Example]]:
    """Documents of a ``.spacy`` file, or of all in a folder.

    Args:
        path: of the file or folder.
        labels: of entities, as the file has them, with the label that is learned; others are left out.
        every: each document of this number (the first, the eleventh, ... for 10) validates; with 0, none does.
        validates: whether to give these documents, or all others.
        without: files whose documents, by id, are left out.
    """
    left_out = {doc.user_data["bran"]["id"] for file in without for doc in DocBin().from_disk(file).get_docs(Vocab())}

    def read(nlp: Language) -> Iterator[Example]:
        for number, example in enumerate(Corpus(path)(nlp)):
            doc = example.reference
            if doc.user_data["bran"]["id"] in left_out or (every > 0 and number % every == 0) is not validates:
                continue
            doc.ents = [Span(doc, ent.start, ent.end, labels[ent.label_]) for ent in doc.ents if ent.label_ in labels]
            yield example

    return read


def load_weights(path: Path | None) -> Callable[[Language], Language]:
    """Start from the recogniser of the pipeline at ``path``, not from random weights."""

    def load(nlp: Language) -> Language:
        if path is not None:
            nlp.get_pipe("ner").from_disk(Path(path) / "ner", exclude=["vocab"])  # type: ignore[attr-defined]
        return nlp

    return load


registry.readers.register("tagging.Corpus.v1", func=read_corpus)
registry.callbacks.register("tagging.Weights.v1", func=load_weights)
