"""What ``bran tagging evaluate`` does: tagged documents against gold ones, from mentions to relations."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

import bran
from bran.corpus.document import Document
from bran.corpus.load import content_hash
from bran.corpus.readers import ErrorHandler, read_documents
from bran.corpus.schema import Schema
from bran.errors import DataError
from bran.evaluation.stages import Loss, loss_table, relation_losses, relation_scores
from bran.evaluation.tagging import Scores, concept_scores, mention_scores, total_scores
from bran.files import atomic_write
from bran.tagging.lexicon import Lexicon
from bran.tagging.superseded import renewed, superseded_ids


@dataclass(frozen=True)
class TaggingReport:
    """Scores of tagged documents.

    Attributes:
        mentions: recognition, exact span and type, by type; ``all`` together.
        concepts: concepts of documents, likewise.
        relations: over (document, type, head, tail); ``None`` where gold has none.
        losses: every missed and every wrong relation.
        signature: what was scored, and by what.
    """

    mentions: Mapping[str, Scores]
    concepts: Mapping[str, Scores]
    relations: Scores | None
    losses: tuple[Loss, ...]
    signature: str

    @classmethod
    def of(cls, wanted: Sequence[Document], answers: Sequence[Document], *, ids: str = "as annotated") -> TaggingReport:
        """Score ``answers``, the same texts as ``wanted`` in the same order; ``ids`` is for the signature."""
        by_id = {document.id: document for document in answers}
        scored = any(document.relations for document in wanted)
        return cls(
            mentions=_with_sum(mention_scores(wanted, answers)),
            concepts=_with_sum(concept_scores(wanted, answers)),
            relations=relation_scores(wanted, by_id) if scored else None,
            losses=tuple(relation_losses(wanted, by_id)) if scored else (),
            signature=f"corpus:{content_hash(wanted)}|documents:{len(wanted)}|protocol:raw|ids:{ids}"
            f"|version:{bran.__version__}",
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it but the single losses, as plain values."""
        scores = {"mentions": self.mentions, "concepts": self.concepts}
        result: dict[str, Any] = {name: {t: _plain(s) for t, s in table.items()} for name, table in scores.items()}
        if self.relations is not None:
            result["relations"] = _plain(self.relations)
            result["losses"] = {" ".join(key).strip(): value for key, value in loss_table(self.losses).items()}
        return {**result, "signature": self.signature}

    def tables(self) -> Iterator[Table]:
        """For a terminal."""
        scores = Table("", "type", "P", "R", "F1", "gold", title=self.signature, title_justify="left")
        for name, table in (("mentions", self.mentions), ("concepts of documents", self.concepts)):
            for type_, value in table.items():
                scores.add_row(name, type_, *_cells(value))
        if self.relations is not None:
            scores.add_row("relations", "", *_cells(self.relations))
        yield scores
        if self.losses:
            causes = Table("lost at", "type", "missed", "wrong")
            for (stage, type_), counts in loss_table(self.losses).items():
                causes.add_row(stage, type_, str(counts["missed"]), str(counts["wrong"]))
            yield causes


def read_pair(
    gold: Path, predicted: Path, *, schema: Schema, on_error: ErrorHandler
) -> tuple[list[Document], list[Document]]:
    """The gold documents, and for each of them the predicted one.

    A gold document that ``predicted`` lacks counts as one in which nothing was found.

    Raises:
        DataError: when a text differs between the two.
    """
    wanted = list(read_documents(gold, schema=schema, on_error=on_error))
    found = {document.id: document for document in read_documents(predicted, schema=schema, on_error=on_error)}
    return wanted, [_answer(document, found.get(document.id)) for document in wanted]


def reports(wanted: Sequence[Document], answers: Sequence[Document], lexicon: Lexicon) -> list[TaggingReport]:
    """The scores with ids as they are and, where gold has ids that ``lexicon`` no longer has, with those updated."""
    first = TaggingReport.of(wanted, answers)
    current = superseded_ids(wanted, lexicon)
    if not current:
        return [first]
    both = ([renewed(document, current) for document in side] for side in (wanted, answers))
    return [first, TaggingReport.of(*both, ids=f"{len(current)} renewed")]


def write_losses(losses: Iterable[Loss], path: Path) -> None:
    """Every loss as a row of a TSV file."""
    with atomic_write(path) as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(["document", "relation", "head", "tail", "outcome", "stage", "type", "words", "instead"])
        for loss in losses:
            outcome = "missed" if loss.missed else "wrong"
            writer.writerow([loss.document, *loss.relation, outcome, loss.stage, loss.type, loss.words, loss.instead])


def _answer(gold: Document, found: Document | None) -> Document:
    if found is None:
        return gold.with_mentions(()).with_relations(())
    if found.text != gold.text:
        raise DataError(f"document {gold.id}: its text is not that of the gold document; expected the same")
    return found


def _with_sum(scores: Mapping[str, Scores]) -> dict[str, Scores]:
    return {**scores, "all": total_scores(scores)}


def _plain(scores: Scores) -> dict[str, float]:
    return {**asdict(scores), "precision": scores.precision, "recall": scores.recall, "f1": scores.f1}


def _cells(scores: Scores) -> tuple[str, str, str, str]:
    percent = (f"{100 * value:.1f}" for value in (scores.precision, scores.recall, scores.f1))
    return (*percent, str(scores.tp + scores.fn))  # type: ignore[return-value]
