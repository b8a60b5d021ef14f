"""Bootstrap intervals and the comparison of two systems, from counts per document.

Efron: *Bootstrap methods: another look at the jackknife*, Annals of Statistics 1979. Koehn: *Statistical
significance tests for machine translation evaluation*, EMNLP 2004 (paired bootstrap). Yeh: *More accurate
tests for the statistical significance of result differences*, COLING 2000 (approximate randomisation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bran.errors import ConfigError
from bran.evaluation.counts import DocumentCounts, FloatArray, IntArray
from bran.evaluation.scores import METRICS, score_totals, slice_names, types_present

Draw: TypeAlias = Callable[[np.random.Generator, int], IntArray]
"""Draws as many rows of weights, one weight per document, as it is asked for."""

PERCENTILES = (2.5, 97.5)
"""The ends of the 95 % intervals."""

_CELLS = 4_000_000
"""Weights (resamples x documents) that are drawn at a time: it bounds the memory, not the result."""

_TIE = 1e-12
"""Differences closer than this are equal: rounding must not make one swap more extreme than another."""


def bootstrap_interval(counts: DocumentCounts, *, resamples: int = 1000, seed: int = 0) -> FloatArray:
    """95 % percentile intervals of every score, documents drawn with replacement.

    Args:
        counts: counts per document.
        resamples: how many corpora of the same size are drawn.
        seed: the same seed gives the same interval.

    Returns:
        shape ``(slices, metrics, 2)``: lower and upper end.

    Raises:
        ConfigError: when there is no document, or no resample is asked for.
    """
    present = types_present(counts.totals)
    scores = score_totals(_resampled_totals(counts.values, resamples, seed), present)
    return _percentiles(scores)


@dataclass(frozen=True, eq=False)
class Comparison:
    """System B against system A on the same documents.

    Attributes:
        slices: names of the slices.
        difference: scores of B less those of A, shape ``(slices, metrics)``.
        interval: its 95 % paired bootstrap interval, shape ``(slices, metrics, 2)``.
        p_value: two-sided, by approximate randomisation, shape ``(slices, metrics)``.
    """

    slices: tuple[str, ...]
    difference: FloatArray
    interval: FloatArray
    p_value: FloatArray

    def to_dict(self) -> dict[str, dict[str, dict[str, float | list[float]]]]:
        """By slice and metric: ``difference``, ``interval`` and ``p_value``."""
        return {
            name: {
                metric: {
                    "difference": float(self.difference[i, j]),
                    "interval": self.interval[i, j].tolist(),
                    "p_value": float(self.p_value[i, j]),
                }
                for j, metric in enumerate(METRICS)
            }
            for i, name in enumerate(self.slices)
        }


def compare_counts(a: DocumentCounts, b: DocumentCounts, *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compare two systems that were scored on the same gold documents.

    The interval comes from resampling documents, the same ones for both systems. For the p-value the
    outputs of a document are swapped between the systems or not, at random; it is the share of such
    corpora, the real one among them, whose difference is at least as large as the real one.

    Args:
        a: counts of the first system.
        b: counts of the second system.
        resamples: how many corpora are drawn, for interval and p-value each.
        seed: the same seed gives the same result.

    Raises:
        ConfigError: when the two were not scored on the same documents and types, there is no document,
            or no resample is asked for.
    """
    if a.documents != b.documents or a.types != b.types:
        raise ConfigError(
            f"counts of {len(a.documents)} and {len(b.documents)} documents; expected the same documents and types"
        )
    present = types_present(a.totals + b.totals)
    both = np.stack([a.values, b.values], axis=1)  # (documents, systems, types, spans, outcomes)
    difference = _difference(both.sum(axis=0)[None], present)[0]
    drawn = _difference(_resampled_totals(both, resamples, seed), present)
    swapped = _difference(_swapped_totals(both, resamples, seed), present)
    extreme = (np.abs(swapped) >= np.abs(difference) - _TIE).sum(axis=0)
    return Comparison(slice_names(a.types), difference, _percentiles(drawn), (extreme + 1) / (resamples + 1))


def _difference(totals: IntArray, present: NDArray[np.bool_]) -> FloatArray:
    """B less A, shape ``(resamples, slices, metrics)``, from ``(resamples, systems, types, spans, outcomes)``."""
    scores = score_totals(totals, present)
    return scores[:, 1] - scores[:, 0]


def _percentiles(scores: FloatArray) -> FloatArray:
    return np.moveaxis(np.percentile(scores, PERCENTILES, axis=0), 0, -1)


def _resampled_totals(values: IntArray, resamples: int, seed: int) -> IntArray:
    """Totals of corpora drawn with replacement, shape ``(resamples, *values.shape[1:])``."""
    documents = len(values)
    shares = np.full(documents, 1 / max(documents, 1))
    return _weighted_totals(values, resamples, seed, lambda rng, size: rng.multinomial(documents, shares, size))


def _swapped_totals(both: IntArray, resamples: int, seed: int) -> IntArray:
    """Totals of two systems that swap the outputs of about half the documents, shaped as resampled ones."""
    documents = len(both)
    moved = _weighted_totals(
        both[:, 1] - both[:, 0], resamples, seed, lambda rng, size: rng.integers(2, size=(size, documents))
    )
    total = both.sum(axis=0)
    return np.stack([total[0] + moved, total[1] - moved], axis=1)


def _weighted_totals(values: IntArray, resamples: int, seed: int, draw: Draw) -> IntArray:
    """Sums of ``values`` over documents, each times the weight that ``draw`` gives it.

    Raises:
        ConfigError: when there is nothing to draw.
    """
    documents = len(values)
    if documents == 0 or resamples < 1:
        raise ConfigError(f"{resamples} resamples of {documents} documents; expected at least 1 of each")
    rng = np.random.default_rng(seed)
    flat = values.reshape(documents, -1).astype(np.float64)  # float products are fast, and exact up to 2**53
    at_a_time = max(1, _CELLS // documents)
    sizes = [min(at_a_time, resamples - start) for start in range(0, resamples, at_a_time)]
    totals = np.concatenate([draw(rng, size).astype(np.float64) @ flat for size in sizes])
    shaped: IntArray = np.rint(totals).astype(np.int64).reshape(resamples, *values.shape[1:])
    return shaped
