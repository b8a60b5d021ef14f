"""What cues say of pairs: sums of learned weights, and how they compare within a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bran.corpus.document import Document, Pair
from bran.encoding.cues import EDITION, CueConfig, CueReader, PairCues
from bran.encoding.packed_arrays import Packed, pack, unpacked
from bran.encoding.pair_groups import PairGroups
from bran.encoding.subwords import Floats

CUES = "cues.safetensors"
"""Name of the file in a model's folder."""
_ENTRY = "cues"

TYPE_FEATURES = ("score", "behind best of head", "behind best of tail", "behind best")
"""Numbers per pair and relation type."""


class CueScores(Packed):
    """A linear model of each relation type over the features of a pair.

    Args:
        config: which words count.
        types: relation types.
        weights: shape ``(types, buckets)``.
        bias: shape ``(types,)``.
    """

    def __init__(self, config: CueConfig, types: Sequence[str], weights: Floats, bias: Floats) -> None:
        self.config, self.types = config, tuple(types)
        self.weights, self.bias = weights.astype(np.float16), bias.astype(np.float32)
        self._reader = CueReader(config)

    @property
    def width(self) -> int:
        """Numbers per pair that :meth:`features` gives."""
        return len(TYPE_FEATURES) * len(self.types)

    def scores(self, cues: PairCues) -> Floats:
        """The log-odds of each relation type, shape ``(pairs, types)``."""
        columns = [
            np.bincount(cues.pairs, weights=weights[cues.buckets], minlength=cues.count) for weights in self.weights
        ]
        scores: Floats = np.stack(columns, axis=1) + self.bias
        return scores

    def features(self, document: Document, pairs: Sequence[Pair]) -> Floats:
        """What the words of ``document`` say of ``pairs``.

        Args:
            document: what the pairs are candidates of.
            pairs: at least one.

        Returns:
            ``TYPE_FEATURES`` of each relation type, one type after the other, shape ``(pairs, width)``.
        """
        scores, groups = self.scores(self._reader(document, pairs)), PairGroups(pairs)
        columns = [column for one in scores.T for column in (one, *groups.behind_best(one))]
        features: Floats = np.stack(columns, axis=1).astype(np.float32)
        return features

    def _bytes(self) -> bytes:
        said = {"edition": EDITION, "config": self.config.model_dump(), "types": self.types}
        return pack({"weights": self.weights, "bias": self.bias}, entry=_ENTRY, said=said)

    @classmethod
    def load(cls, path: Path) -> CueScores:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: when the file is missing or damaged, or its weights are of other features than are read here.
        """
        with unpacked(path, entry=_ENTRY, writer="bran train") as (said, array):
            if (edition := said.get("edition", 1)) != EDITION:
                raise ValueError(f"cues of edition {edition}, this version of bran reads {EDITION}")
            return cls(CueConfig.model_validate(said["config"]), said["types"], array("weights"), array("bias"))


@dataclass(frozen=True, slots=True)
class HeldOutScores:
    """Scores of documents that weights are learned on, each by weights that were learned on others.

    Attributes:
        of_all: for documents that none was learned on.
        by_document: for each that some were, by id.
    """

    of_all: CueScores
    by_document: Mapping[str, CueScores]

    @property
    def width(self) -> int:
        """As of :class:`CueScores`."""
        return self.of_all.width

    def features(self, document: Document, pairs: Sequence[Pair]) -> Floats:
        """As of :class:`CueScores`."""
        return self.by_document.get(document.id, self.of_all).features(document, pairs)
