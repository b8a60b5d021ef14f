"""An explanation of one document: what a notebook holds, and what pages, figures and arrays are made from."""

from __future__ import annotations

from dataclasses import dataclass

from bran.corpus.document import Document
from bran.extraction.explanation import AttentionMap, Influence, TextUnits

CAUTION = (
    "Attention is not explanation: other weights can give the same score (Jain and Wallace 2019), and whether weights "
    "tell of reasons depends on what one asks of a reason (Wiegreffe and Pinter 2019). Integrated gradients and hidden "
    "words say what this score depends on, not what is true of the world."
)
"""What stands on every page beside the maps."""


@dataclass(frozen=True)
class Explanation:
    """Attention in one document, and what the scores of some of its relations depend on.

    Attributes:
        model: name of the model.
        document: with the relations that are explained, highest score first.
        threshold: score from which the model predicts a relation.
        units: subwords, words, mentions and entities of the document.
        attention: a map of each window that a relation is scored in, in text order.
        influences: one of each relation of ``document``, in the same order.
        notes: what was left out.
    """

    model: str
    document: Document
    threshold: float
    units: TextUnits
    attention: tuple[AttentionMap, ...]
    influences: tuple[Influence, ...]
    notes: tuple[str, ...] = ()

    def name(self, id_: str) -> str:
        """How the document writes the entity ``id_``."""
        return next((unit.name for unit in self.units.entities if unit.id == id_), id_)

    def title(self, influence: Influence) -> str:
        """A relation as one line: ``amiodarone → CID → hypothyroidism``."""
        relation = influence.relation
        return f"{self.name(relation.head)} → {relation.type} → {self.name(relation.tail)}"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from bran.view.explain.static import static_html

        return static_html(self)
