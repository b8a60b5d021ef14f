from __future__ import annotations

import numpy as np
import pytest

from bran.evaluation.scores import score_totals, slice_names, types_present

# two types, two spans: (tp, fp, fn)
TOTALS = np.array([[[6, 2, 0], [0, 2, 2]], [[1, 0, 1], [1, 0, 1]]])


def test_every_slice_by_hand():
    scores = dict(zip(slice_names(("A", "B")), score_totals(TOTALS, types_present(TOTALS)).tolist(), strict=True))
    assert scores["micro"] == pytest.approx([8 / 12, 8 / 12, 16 / 24])
    assert scores["intra"] == pytest.approx([7 / 9, 7 / 8, 14 / 17])
    assert scores["inter"] == pytest.approx([1 / 3, 1 / 4, 2 / 7])
    assert scores["type:A"] == pytest.approx([6 / 10, 6 / 8, 12 / 18])
    assert scores["type:B"] == pytest.approx([1.0, 0.5, 2 / 3])
    assert scores["macro"] == pytest.approx([0.8, 0.625, 2 / 3])


def test_macro_leaves_out_types_that_never_occur():
    totals = np.concatenate([TOTALS, np.zeros((1, 2, 3), dtype=np.int64)])
    assert types_present(totals).tolist() == [True, True, False]
    macro = slice_names(("A", "B", "C")).index("macro")
    assert score_totals(totals, types_present(totals))[macro].tolist() == pytest.approx([0.8, 0.625, 2 / 3])


def test_nothing_at_all_scores_zero():
    totals = np.zeros((1, 2, 3), dtype=np.int64)
    assert not score_totals(totals, types_present(totals)).any()


def test_leading_axes_are_kept():
    stacked = np.stack([TOTALS, TOTALS[::-1]])
    present = types_present(TOTALS)
    assert np.array_equal(score_totals(stacked, present)[1], score_totals(TOTALS[::-1], present))
