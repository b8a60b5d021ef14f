"""What ``bran explain`` does: one document and a model in, attention and what scores depend on out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bran.corpus.document import Document, Entity, Relation
from bran.encoding.examples import Example
from bran.errors import ConfigError, FormatError, Place
from bran.export.table import ordered
from bran.extraction.attention_maps import MOST_WEIGHTS, attention_maps, check_attention
from bran.extraction.explanation import Influence
from bran.extraction.influence import STEPS, gradients_available, influence
from bran.extraction.predictor import Predictor
from bran.extraction.text_units import text_units
from bran.extraction.trained_model import TrainedModel
from bran.view.explain.explanation import Explanation

_LISTED = 6
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A relation to explain, as a user names it.

    Attributes:
        head: id of the head, or how the document writes it, in any case.
        tail: the same of the tail.
        type: relation type; ``None``: the one that scores highest.
    """

    head: str
    tail: str
    type: str | None = None


def explain(
    model: TrainedModel | Predictor,
    document: Document,
    *,
    relations: Sequence[Wanted | tuple[str, str]] = (),
    top: int = 1,
    gradients: bool | None = None,
    steps: int = STEPS,
) -> Explanation:
    """Explain what ``model`` says of ``document``.

    Args:
        model: with attention.
        document: with mentions and concepts.
        relations: those to explain: heads and tails by id or name.
        top: when none is named, how many of the highest score, whether they reach the threshold or not.
        gradients: whether integrated gradients are taken; ``None``: when captum is installed.
        steps: points at which gradients are taken.

    Raises:
        ConfigError: when the model has no attention, or ``relations`` names what is no candidate.
        FormatError: when the document has no pair to score.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(model, evidence=True)
    trained, description = predictor.model, predictor.model.description
    check_attention(trained)
    (example,) = trained.encoder([document])
    if not example.pairs:
        types = " or ".join(f"{head}-{tail}" for head, tail in description.relation_schema.type_pairs)
        raise FormatError(f"has no pair to score; expected concepts that relate: {types}", Place(document=document.id))
    (predicted,) = predictor.predict([document], threshold=0)
    scored = ordered(predicted.relations)
    named = dict.fromkeys(_find(each, scored, example) for each in relations)
    chosen = ordered(named) if named else scored[:top]
    units = text_units(document, trained.subwords.encode([document])[0], description.relation_schema)
    wanted = gradients_available() if gradients is None else gradients
    influences = tuple(influence(trained, example, units, each, gradients=wanted, steps=steps) for each in chosen)
    windows = _windows(influences)
    maps = attention_maps(trained, example, windows)
    return Explanation(
        model=description.name,
        document=document.with_relations(tuple(chosen)),
        threshold=description.threshold,
        units=units,
        attention=maps,
        influences=influences,
        notes=tuple(_notes(len(example.windows), len(windows), len(maps), wanted)),
    )


def choose_document(documents: Iterable[Document], id_: str | None) -> Document:
    """The document of ``documents`` with the id ``id_``; the only one when ``None``.

    Raises:
        ConfigError: when it is not there, or there are several and none is named.
    """
    seen: list[str] = []
    first: Document | None = None
    for document in documents:
        if document.id == id_:
            return document
        seen.append(document.id)
        if id_ is None and first is not None:
            raise ConfigError(f"INPUT has several documents ({', '.join(seen)}, ...); expected --document with an id")
        first = first or document
    if id_ is None and first is not None:
        return first
    told = _list(seen) or "none"
    raise ConfigError(f"document {id_!r}: not in INPUT, which has {told}" if id_ else "INPUT has no document")


def _find(wanted: Wanted | tuple[str, str], scored: Sequence[Relation], example: Example) -> Relation:
    """The relation that is ``wanted``; of several types the one that scores highest."""
    if not isinstance(wanted, Wanted):
        wanted = Wanted(*wanted)
    heads = _ids(wanted.head, [pair.head for pair in example.pairs], "head", example)
    tails = _ids(wanted.tail, [pair.tail for pair in example.pairs], "tail", example)
    for relation in scored:
        if relation.head in heads and relation.tail in tails and wanted.type in (None, relation.type):
            return relation
    kind = f" of type {wanted.type}" if wanted.type else ""
    raise ConfigError(
        f"relation {wanted.head!r} {wanted.tail!r}{kind}: no candidate that the model scores in document "
        f"{example.document.id}; expected one of {_list(f'{each.head} {each.tail}' for each in scored)}"
    )


def _ids(name: str, entities: Iterable[Entity], end: str, example: Example) -> set[str]:
    """The ids of the ``entities`` that ``name`` is the id of, or else a mention's words."""
    known = {entity.id: entity for entity in entities}
    if name in known:
        return {name}
    words = name.casefold()
    surface = example.document.surface
    found = {id_ for id_, entity in known.items() if any(surface(m).casefold() == words for m in entity.mentions)}
    if not found:
        raise ConfigError(f"{end} {name!r}: not in document {example.document.id}; expected one of {_list(known)}")
    return found


def _list(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_LISTED]) + (", ..." if len(every) > _LISTED else "")


def _windows(influences: Sequence[Influence]) -> list[int]:
    """The windows that relations are scored in, in text order."""
    return sorted({number for each in influences for number in each.windows})


def _notes(windows: int, scored: int, mapped: int, gradients: bool) -> Iterable[str]:
    if scored < windows:
        yield f"The text is read in {windows} windows; attention is shown in the {scored} that hold these relations."
    if mapped < scored:
        yield f"Attention is kept of the first {mapped} of {scored} windows: {MOST_WEIGHTS:,} weights at most."
    if not gradients:
        lack = "" if gradients_available() else ": they need captum, which bran-relations[explain] installs"
        yield f"Integrated gradients were not taken{lack}."
