"""``nlp.add_pipe("bran")``: relations between the entities of a spaCy pipeline, as ``doc._.relations``.

The pipeline must give entities concept ids: as ``ent.kb_id_`` (spaCy's linker), as ``ent.ent_id_`` (its rulers), or
as ``ent._.kb_ents`` (scispaCy's linker). spaCy finds this module by an entry point of the package, at every start of
a pipeline: it imports the network only when a component is made.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from bran.corpus.document import Document, Evidence, Mention, Passage, Relation
from bran.corpus.readers.docbin_format import ID_KEYS, JOINED, USER_DATA
from bran.corpus.readers.pubtator_format import ConceptIds, PubTatorFormat
from bran.corpus.readers.records import RelationRecord
from bran.corpus.schema import Schema
from bran.corpus.writers.records import mention_record, relation_record
from bran.errors import ConfigError
from bran.tagging.spacy_recogniser import type_labels

if TYPE_CHECKING:
    from bran.extraction.predictor import Predictor

_NIL = "NIL"
"""What spaCy's linker says of an entity that it cannot link."""


@Language.factory(
    "bran",
    assigns=["doc._.relations"],
    requires=["doc.ents"],
    default_config={"model": "cdr", "threshold": None, "labels": {}, "evidence": False, "device": "cpu"},
)
def make_bran(
    nlp: Language,
    name: str,
    model: str,
    threshold: float | None,
    labels: dict[str, str],
    evidence: bool,
    device: str,
) -> RelationsComponent:
    """The component ``bran``.

    Args:
        nlp: the pipeline; spaCy gives it.
        name: of the component; spaCy gives it.
        model: name of a model that ships, or a model folder.
        threshold: score from which a relation is told; the model's own when ``None``.
        labels: entity types of the model by the pipeline's labels, beside the names of these types in any case.
        evidence: whether relations carry the mention pairs behind them.
        device: where the model runs (``cpu``, ``cuda``, ``auto``).

    Raises:
        ModelError: when the model cannot be read.
        ConfigError: when ``labels`` names a type that the model does not have.
    """
    from bran.extraction.predictor import Predictor

    shipped = Path(str(resources.files("bran.assets") / "models" / model))
    if threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold {threshold!r}; expected a number between 0 and 1")
    predictor = Predictor.load(shipped if shipped.is_dir() else Path(model), device=device, evidence=evidence)
    return RelationsComponent(predictor, labels=labels, threshold=threshold)


class RelationsComponent:
    """Sets ``doc._.relations``: a list of :class:`~bran.corpus.document.Relation`, best score first.

    The mentions of their evidence are spans of the ``Doc``: ``doc.char_span(mention.start, mention.end)``. Relations
    are kept as plain values in ``doc.user_data``, so that documents can be sent between processes and be stored.
    The component has no state but its config, which spaCy keeps.

    Args:
        predictor: relates entities.
        labels: entity types by label, beside those that the model's schema has.
        threshold: score from which a relation is told; the model's own when ``None``.
    """

    def __init__(self, predictor: Predictor, *, labels: Mapping[str, str], threshold: float | None) -> None:
        self._predictor = predictor
        self._threshold = threshold
        self._process = os.getpid()
        self._reader = DocReader(predictor.model.description.relation_schema, labels)
        Doc.set_extension("relations", getter=doc_relations, force=True)

    def __call__(self, doc: Doc) -> Doc:
        """``doc`` with its relations."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Each document of ``stream`` with its relations; the model runs over ``batch_size`` of them at once."""
        self._alone_on_its_thread()
        docs_left = iter(stream)
        while docs := list(islice(docs_left, batch_size)):
            documents = [self._reader(doc) for doc in docs]
            for doc, document in zip(docs, self._predictor.predict(documents, threshold=self._threshold), strict=True):
                kept = {"id": document.id, **doc.user_data.get(USER_DATA, {})}
                ranked = sorted(document.relations, key=lambda relation: -(relation.score or 0))
                doc.user_data[USER_DATA] = kept | {"relations": [_plain(relation) for relation in ranked]}
                yield doc

    def _alone_on_its_thread(self) -> None:
        """In a worker of ``nlp.pipe``: one thread, since those of the process that it was forked from are not there."""
        if os.getpid() != self._process:
            import torch

            torch.set_num_threads(1)
            self._process = os.getpid()


class DocReader:
    """Makes documents of spaCy's.

    Args:
        schema: the types that are wanted, with their namespaces.
        labels: entity types by label, beside the types' own names.

    Raises:
        ConfigError: when ``labels`` names a type that the schema does not have.
    """

    def __init__(self, schema: Schema, labels: Mapping[str, str]) -> None:
        self._types = type_labels(schema, labels)
        self._ids = ConceptIds(PubTatorFormat(separators=JOINED), schema)
        self._warned = False

    def __call__(self, doc: Doc) -> Document:
        """``doc`` with those of its entities that have a type of the schema and an id, as mentions."""
        typed = [(ent, self._types[label]) for ent in doc.ents if (label := ent.label_.casefold()) in self._types]
        linked = [(ent, type_, self._ids.read(_concept(ent), type_)) for ent, type_ in typed]
        mentions = tuple(Mention(ent.start_char, ent.end_char, type_, ids) for ent, type_, ids in linked if ids)
        if typed and not mentions and not self._warned:
            self._warned = True
            warnings.warn(
                f"the component 'bran' finds no id on entities such as {typed[0][0].text!r}: nothing is related; "
                "expected a component before it that sets ent.kb_id_, ent.ent_id_ or ent._.kb_ents",
                stacklevel=2,
            )
        return Document(_id(doc), _passages(doc), mentions)


def doc_relations(doc: Doc) -> list[Relation]:
    """What :class:`RelationsComponent` has found in ``doc``."""
    return [_relation(record) for record in doc.user_data.get(USER_DATA, {}).get("relations", ())]


def _concept(ent: Span) -> str:
    """The ids of an entity, joined; the best one where a linker gives a choice."""
    concept = ent.kb_id_ or ent.ent_id_
    if not concept and Span.has_extension("kb_ents") and ent._.kb_ents:
        concept = ent._.kb_ents[0][0]
    return "" if concept == _NIL else concept


def _id(doc: Doc) -> str:
    """The document's id where it has one; else a hash of its text."""
    kept = doc.user_data.get(USER_DATA, {}).get("id")
    user_data: dict[Any, Any] = doc.user_data
    known = (user_data[key] for key in ID_KEYS if user_data.get(key))
    return str(kept or next(known, None) or hashlib.sha256(doc.text.encode(errors="replace")).hexdigest()[:12])


def _passages(doc: Doc) -> tuple[Passage, ...]:
    """The passages that bran kept in ``doc``; else the first line as title and the rest, or one passage."""
    passages, start = [], 0
    for kind, length in doc.user_data.get(USER_DATA, {}).get("passages", ()):
        passages.append(Passage(kind, doc.text[start : start + length]))
        start += length + 1
    if passages and start == len(doc.text) + 1:
        return tuple(passages)
    title, separator, rest = doc.text.partition("\n")
    return (Passage("title", title), Passage("abstract", rest)) if separator else (Passage("abstract", doc.text),)


def _plain(relation: Relation) -> dict[str, Any]:
    pairs = [[mention_record(pair.head), mention_record(pair.tail), pair.share] for pair in relation.evidence]
    return relation_record(relation) | {"evidence": pairs}


def _relation(record: Mapping[str, Any]) -> Relation:
    pairs = record.get("evidence", ())
    evidence = tuple(Evidence(_mention(head), _mention(tail), share) for head, tail, share in pairs)
    return Relation(**RelationRecord.model_validate(record).model_dump(), evidence=evidence)


def _mention(record: Mapping[str, Any]) -> Mention:
    return Mention(record["start"], record["end"], record["type"], tuple(record["concepts"]))
