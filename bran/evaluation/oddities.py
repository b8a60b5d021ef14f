"""What is odd about a set of predictions: nothing that scores pass over goes untold."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions


@dataclass(frozen=True, slots=True)
class Oddities:
    """How often predictions and gold do not fit together.

    Attributes:
        foreign_documents: predicted documents that are not in gold; they are not scored.
        foreign_relations: the relations predicted for them.
        silent_documents: gold documents for which nothing was predicted.
        repeated_relations: predicted relations that stand more than once in their document; they count once.
        unknown_ends: predicted relations whose head or tail the document does not mention; they count as false.
        gold_unknown_ends: gold relations whose head or tail the document does not mention; recall counts them.
    """

    foreign_documents: int = 0
    foreign_relations: int = 0
    silent_documents: int = 0
    repeated_relations: int = 0
    unknown_ends: int = 0
    gold_unknown_ends: int = 0

    @classmethod
    def of(cls, gold: GoldStandard, predictions: Predictions) -> Oddities:
        """Count them."""
        ids = {document.id for document in gold.documents}
        foreign = {id_: relations for id_, relations in predictions.relations.items() if id_ not in ids}
        silent = repeated = unknown = gold_unknown = 0
        for document in gold.documents:
            relations = predictions.relations.get(document.id, ())
            keys = frozenset(map(document.key, relations))
            silent += not relations
            repeated += len(relations) - len(keys)
            unknown += sum(not document.mentions_both(key) for key in keys)
            gold_unknown += sum(not document.mentions_both(key) for key in document.relations)
        return cls(len(foreign), sum(map(len, foreign.values())), silent, repeated, unknown, gold_unknown)

    def to_dict(self) -> dict[str, int]:
        """Every count by its name."""
        return asdict(self)

    def lines(self) -> list[str]:
        """One line for each count that is not zero."""
        return [_MESSAGES[name].format(count) for name, count in self.to_dict().items() if count]


_MESSAGES = {
    "foreign_documents": "predicted documents that are not in gold (not scored): {}",
    "foreign_relations": "relations predicted for documents that are not in gold (not scored): {}",
    "silent_documents": "gold documents for which nothing was predicted: {}",
    "repeated_relations": "predicted relations that repeat another of their document (counted once): {}",
    "unknown_ends": "predicted relations with an end that the document does not mention (counted as false; "
    "ids carry their namespace, as in MESH:D003693): {}",
    "gold_unknown_ends": "gold relations with an end that the document does not mention (counted in recall): {}",
}
