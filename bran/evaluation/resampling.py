"""Bootstrap intervals and the comparison of two systems, from counts per document.

Efron: *Bootstrap methods: another look at the jackknife*, Annals of Statistics 1979. Koehn: *Statistical
significance tests for machine translation evaluation*, EMNLP 2004 (paired bootstrap). Yeh: *More accurate
tests for the statistical significance of result differences*, COLING 2000 (approximate randomisation).
Holm: *A simple sequentially rejective multiple test procedure*, Scandinavian Journal of Statistics 1979.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bran.errors import ConfigError
from bran.evaluation.counts import DocumentCounts, FloatArray, IntArray
from bran.evaluation.scores import METRICS, score_totals, slice_names, types_present
from bran.wording import counted

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


@dataclass(frozen=True, eq=False)
class Replicates:
    """Two systems on the same documents, each trained several times: run ``i`` of one beside run ``i`` of the other.

    Attributes:
        a: counts of each run of the first system.
        b: counts of each run of the second system.

    Raises:
        ConfigError: when there are not as many runs of both, or not all are of the same documents and types.
    """

    a: tuple[DocumentCounts, ...]
    b: tuple[DocumentCounts, ...]

    def __post_init__(self) -> None:
        if not self.a or len(self.a) != len(self.b):
            raise ConfigError(f"{len(self.a)} and {counted(len(self.b), 'run')}; expected as many of both systems")
        first = self.a[0]
        for other in (*self.a[1:], *self.b):
            if other.documents != first.documents or other.types != first.types:
                counts = f"{len(first.documents)} and {counted(len(other.documents), 'document')}"
                raise ConfigError(f"counts of {counts}; expected the same documents and types")

    @property
    def values(self) -> IntArray:
        """Counts of both, shape ``(documents, systems, runs, types, spans, outcomes)``."""
        systems = (np.stack([run.values for run in runs], axis=1) for runs in (self.a, self.b))
        return np.stack(list(systems), axis=1)


def compare_counts(a: DocumentCounts, b: DocumentCounts, *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compare two systems that were scored on the same gold documents: see :func:`compare_replicates`.

    Args:
        a: counts of the first system.
        b: counts of the second system.
        resamples: how many corpora are drawn, for interval and p-value each.
        seed: the same seed gives the same result.

    Raises:
        ConfigError: when the two were not scored on the same documents and types, there is no document,
            or no resample is asked for.
    """
    return compare_replicates([Replicates((a,), (b,))], resamples=resamples, seed=seed)


def compare_replicates(parts: Sequence[Replicates], *, resamples: int = 1000, seed: int = 0) -> Comparison:
    """Compare two systems by their mean scores over runs.

    Each part has its own documents, as each fold has its test documents. The interval comes from resampling
    the documents of each part, the same ones for all runs of both systems. For the p-value the outputs of a
    document are swapped between the systems or not, at random, in all runs at once; it is the share of such
    corpora, the real one among them, whose difference is at least as large as the real one.

    Args:
        parts: sets of documents, with the runs on each; every run weighs the same.
        resamples: how many corpora are drawn, for interval and p-value each.
        seed: the same seed gives the same result.

    Raises:
        ConfigError: when there is no part, a part has no document, or no resample is asked for.
    """
    if not parts:
        raise ConfigError("no runs to compare; expected at least one of each system")
    runs, types = sum(len(part.a) for part in parts), parts[0].a[0].types
    summed = [_compare_part(part, resamples, seed + number) for number, part in enumerate(parts)]
    difference, drawn, swapped = (sum(arrays[1:], start=arrays[0]) / runs for arrays in zip(*summed, strict=True))
    extreme = (np.abs(swapped) >= np.abs(difference) - _TIE).sum(axis=0)
    return Comparison(slice_names(types), difference[0], _percentiles(drawn), (extreme + 1) / (resamples + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """``p_values`` corrected for their number, so that any false alarm among them is as rare as one alone would be."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = highest
    return corrected


def _compare_part(part: Replicates, resamples: int, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Differences of one part, summed over its runs: the real one, those of resampled and of swapped corpora.

    Each has shape ``(resamples, slices, metrics)``; the real one a single resample.
    """
    values = part.values
    present = types_present(values.sum(axis=(0, 1, 2)))
    real = values.sum(axis=0)[None]
    drawn, swapped = _resampled_totals(values, resamples, seed), _swapped_totals(values, resamples, seed)
    return _difference(real, present), _difference(drawn, present), _difference(swapped, present)


def _difference(totals: IntArray, present: NDArray[np.bool_]) -> FloatArray:
    """B less A summed over runs, shape ``(resamples, slices, metrics)``.

    Args:
        totals: shape ``(resamples, systems, runs, types, spans, outcomes)``.
        present: the types that the macro mean is over.
    """
    scores = score_totals(totals, present)
    difference: FloatArray = (scores[:, 1] - scores[:, 0]).sum(axis=1)
    return difference


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
        found = f"{counted(resamples, 'resample')} of {counted(documents, 'document')}"
        raise ConfigError(f"{found}; expected at least 1 of each")
    rng = np.random.default_rng(seed)
    flat = values.reshape(documents, -1).astype(np.float64)  # float products are fast, and exact up to 2**53
    at_a_time = max(1, _CELLS // documents)
    sizes = [min(at_a_time, resamples - start) for start in range(0, resamples, at_a_time)]
    totals = np.concatenate([draw(rng, size).astype(np.float64) @ flat for size in sizes])
    shaped: IntArray = np.rint(totals).astype(np.int64).reshape(resamples, *values.shape[1:])
    return shaped
