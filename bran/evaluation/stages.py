"""Where a pipeline from raw text loses relations: each wrong or missed one is put down to the stage that caused it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bran.corpus.document import Document, Mention
from bran.evaluation.tagging import Scores

Stage = Literal["recognition", "boundary", "linking", "relation"]
STAGES: tuple[Stage, ...] = ("recognition", "boundary", "linking", "relation")
"""In the order of the pipeline: no mention where there is one (or one where there is none), a mention of other extent,
the right mention with another concept, and both concepts right but not the relation between them."""

Key = tuple[str, str, str]
"""Relation type, head and tail."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One relation that was missed, or found where there is none.

    Attributes:
        document: id.
        relation: type, head, tail.
        missed: whether the gold standard has it and the prediction not; else it is the other way round.
        stage: the earliest one that went wrong.
        type: entity type of the end that it went wrong with; empty for the relation stage.
        words: how that end stands in the text, in the document that has it.
        instead: what the other document has in its place, with its concepts; empty where there is nothing.
    """

    document: str
    relation: Key
    missed: bool
    stage: Stage
    type: str = ""
    words: str = ""
    instead: str = ""


def relation_scores(gold: Iterable[Document], predicted: Mapping[str, Document]) -> Scores:
    """Relations over (document, type, head, tail); arguments as in :func:`relation_losses`."""
    tp = fp = fn = 0
    for document in gold:
        wanted, found = _keys(document), _keys(predicted[document.id]) if document.id in predicted else set()
        tp, fp, fn = tp + len(wanted & found), fp + len(found - wanted), fn + len(wanted - found)
    return Scores(tp, fp, fn)


def relation_losses(gold: Iterable[Document], predicted: Mapping[str, Document]) -> Iterator[Loss]:
    """Every missed and every wrong relation of the documents of ``gold``, by document.

    Args:
        gold: documents with all mentions and relations.
        predicted: by id, the same texts with the mentions and relations of a pipeline; what is not there found nothing.
    """
    for document in gold:
        other = predicted.get(document.id, document.with_mentions(()).with_relations(()))
        for relation in sorted(_keys(document) - _keys(other)):
            yield _loss(relation, document, other, missed=True)
        for relation in sorted(_keys(other) - _keys(document)):
            yield _loss(relation, other, document, missed=False)


def _keys(document: Document) -> set[Key]:
    return {(relation.type, relation.head, relation.tail) for relation in document.relations}


def _loss(relation: Key, having: Document, lacking: Document, *, missed: bool) -> Loss:
    """Why ``lacking`` has not the relation that ``having`` has."""
    known = {concept for mention in lacking.mentions for concept in mention.concepts}
    absent = [_absence(concept, having, lacking) for concept in relation[1:] if concept not in known]
    if not absent:
        return Loss(having.id, relation, missed, "relation")
    stage, mention, others = min(absent, key=lambda found: STAGES.index(found[0]))
    return Loss(
        having.id,
        relation,
        missed,
        stage,
        type=mention.type if mention else "",
        words=having.surface(mention) if mention else "",
        instead="; ".join(f"{lacking.surface(other)} ({','.join(other.concepts) or '-'})" for other in others),
    )


def _absence(concept: str, having: Document, lacking: Document) -> tuple[Stage, Mention | None, Sequence[Mention]]:
    """How far ``lacking`` came with the mentions of ``concept``: the stage it failed at, a mention, what it has there.

    Of several mentions, the one with which it came farthest counts: one is enough for the concept to be there.
    """
    best: tuple[Stage, Mention | None, Sequence[Mention]] = ("recognition", None, ())
    for mention in (mention for mention in having.mentions if concept in mention.concepts):
        others = [
            other
            for other in lacking.mentions
            if other.type == mention.type and other.start < mention.end and mention.start < other.end
        ]
        exact = any((other.start, other.end) == (mention.start, mention.end) for other in others)
        stage: Stage = "linking" if exact else "boundary" if others else "recognition"
        if best[1] is None or STAGES.index(stage) > STAGES.index(best[0]):
            best = (stage, mention, others)
    return best


def loss_table(losses: Iterable[Loss]) -> dict[tuple[str, str], dict[str, int]]:
    """How many relations were missed, and how many are wrong, by stage and entity type."""
    table: dict[tuple[str, str], Counter[str]] = {}
    for loss in losses:
        table.setdefault((loss.stage, loss.type), Counter())["missed" if loss.missed else "wrong"] += 1
    order = sorted(table, key=lambda key: (STAGES.index(key[0]), key[1]))
    return {key: {"missed": table[key]["missed"], "wrong": table[key]["wrong"]} for key in order}
