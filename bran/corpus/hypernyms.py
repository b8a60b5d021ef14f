"""The hypernym filter: negatives that say less than a positive of the same document.

BC5CDR annotates the most specific disease only. When (chemical, "hepatitis") is a relation,
(chemical, "liver diseases") is no true negative; so training leaves such pairs out, and filtered scores
do not count them as false. The filter reads gold labels: it is never used in prediction.
Verga et al. 2018, section 4.1.
"""

from __future__ import annotations

from collections.abc import Collection

from bran.corpus.document import Document
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import Schema

Ends = tuple[str, str]
"""The concept ids of a pair: (head, tail)."""


class HypernymFilter:
    """Tells which negatives are hypernyms of a positive.

    Args:
        mesh: the tree in which tails are compared.
    """

    def __init__(self, mesh: MeshTree) -> None:
        self.mesh = mesh

    def ignores(self, pair: Ends, positives: Collection[Ends]) -> bool:
        """Whether ``pair`` is a negative whose tail is an ancestor of a positive's tail, with the same head.

        Args:
            pair: any pair, predicted or candidate.
            positives: the gold pairs of the same document.
        """
        head, tail = pair
        return pair not in positives and any(
            head == positive_head and self.mesh.is_ancestor(tail, positive_tail)
            for positive_head, positive_tail in positives
        )

    def ignored(self, document: Document, schema: Schema) -> frozenset[Ends]:
        """The candidates of ``document`` that the filter leaves out."""
        positives = {(relation.head, relation.tail) for relation in document.relations}
        candidates = ((pair.head.id, pair.tail.id) for pair in schema.candidates(document))
        return frozenset(ends for ends in candidates if self.ignores(ends, positives))
