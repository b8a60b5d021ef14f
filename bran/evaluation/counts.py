"""Counts per document: what every score, interval and significance test is computed from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bran.errors import ConfigError

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

SPANS = ("intra", "inter")
"""Whether some mention pair of a relation shares a sentence (``intra``) or none does (``inter``)."""

OUTCOMES = ("tp", "fp", "fn")
"""True positives, false positives, false negatives: the last axis of the counts."""


@dataclass(frozen=True, eq=False)
class DocumentCounts:
    """True positives, false positives and false negatives of each document.

    Attributes:
        documents: document ids, sorted, so that resampling does not depend on the order of a file.
        types: relation types.
        values: shape ``(documents, types, spans, outcomes)``.

    Raises:
        ConfigError: when the shape is another.
    """

    documents: tuple[str, ...]
    types: tuple[str, ...]
    values: IntArray

    def __post_init__(self) -> None:
        expected = (len(self.documents), len(self.types), len(SPANS), len(OUTCOMES))
        if self.values.shape != expected:
            raise ConfigError(f"counts of shape {self.values.shape}; expected {expected}")

    @property
    def tp(self) -> IntArray:
        """True positives, shape ``(documents, types, spans)``."""
        return self.values[..., 0]

    @property
    def fp(self) -> IntArray:
        """False positives, shape ``(documents, types, spans)``."""
        return self.values[..., 1]

    @property
    def fn(self) -> IntArray:
        """False negatives, shape ``(documents, types, spans)``."""
        return self.values[..., 2]

    @property
    def totals(self) -> IntArray:
        """Sums over the documents, shape ``(types, spans, outcomes)``."""
        totals: IntArray = self.values.sum(axis=0)
        return totals

    def rows(self) -> Iterator[tuple[str, str, str, int, int, int]]:
        """``(document, type, span, tp, fp, fn)``, every combination, zeros too."""
        for document, by_type in zip(self.documents, self.values.tolist(), strict=True):
            for type_, by_span in zip(self.types, by_type, strict=True):
                for span, (tp, fp, fn) in zip(SPANS, by_span, strict=True):
                    yield document, type_, span, tp, fp, fn
