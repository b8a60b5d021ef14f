"""Precision, recall and F1 of every slice, from total counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bran.evaluation.counts import SPANS, FloatArray, IntArray

METRICS = ("precision", "recall", "f1")
"""The last axis of scores."""

MICRO, MACRO = "micro", "macro"


def slice_names(types: Sequence[str]) -> tuple[str, ...]:
    """The slices that are scored: all relations pooled, the mean over types, either span, each type."""
    return (MICRO, MACRO, *SPANS, *(f"type:{type_}" for type_ in types))


def types_present(totals: IntArray) -> NDArray[np.bool_]:
    """Which types have a gold or predicted relation: those that the macro mean is over.

    Args:
        totals: shape ``(types, spans, outcomes)``.

    Returns:
        shape ``(types,)``.
    """
    present: NDArray[np.bool_] = totals.sum(axis=(1, 2)) > 0
    return present


def slice_totals(totals: IntArray) -> IntArray:
    """Counts of the slices that are plain sums: micro, either span, each type.

    Args:
        totals: shape ``(..., types, spans, outcomes)``.

    Returns:
        shape ``(..., 1 + spans + types, outcomes)``.
    """
    by_type = totals.sum(axis=-2)
    by_span = totals.sum(axis=-3)
    micro = by_type.sum(axis=-2, keepdims=True)
    return np.concatenate([micro, by_span, by_type], axis=-2)


def score_totals(totals: IntArray, present: NDArray[np.bool_]) -> FloatArray:
    """Score the slices of :func:`slice_names`; a quotient without denominator is 0.

    Macro scores are means over types of precision, recall and F1 each.

    Args:
        totals: shape ``(..., types, spans, outcomes)``.
        present: the types that the macro mean is over, shape ``(types,)``.

    Returns:
        shape ``(..., slices, metrics)``.
    """
    scores = precision_recall_f1(slice_totals(totals))
    by_type = scores[..., 1 + len(SPANS) :, :][..., present, :]
    macro = by_type.sum(axis=-2, keepdims=True) / max(int(present.sum()), 1)
    return np.concatenate([scores[..., :1, :], macro, scores[..., 1:, :]], axis=-2)


def precision_recall_f1(counts: IntArray) -> FloatArray:
    """Score counts of shape ``(..., outcomes)``; the result has shape ``(..., metrics)``."""
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    return np.stack([_ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn)], axis=-1)


def _ratio(part: IntArray, whole: IntArray) -> FloatArray:
    return np.divide(part, whole, out=np.zeros(whole.shape, dtype=np.float64), where=whole > 0)
