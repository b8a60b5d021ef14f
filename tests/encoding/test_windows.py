from __future__ import annotations

import itertools

import numpy as np
import pytest

from bran.encoding.windows import Span, assign, cut


def test_what_fits_is_one_window():
    assert cut(10, [0, 4, 8], size=10, overlap=3) == (Span(0, 10),)
    assert cut(0, [], size=10, overlap=3) == (Span(0, 0),)


def test_windows_start_and_end_at_sentences():
    # Sentences of 5: a window of 12 takes two of them; the next starts where 4 subwords are shared.
    assert cut(20, [0, 5, 10, 15], size=12, overlap=4) == (Span(0, 10), Span(5, 15), Span(10, 20))


def test_without_overlap_windows_follow_each_other():
    assert cut(20, [0, 5, 10, 15], size=12, overlap=0) == (Span(0, 10), Span(10, 20))


def test_a_sentence_longer_than_a_window_is_cut_anywhere():
    assert cut(25, [0], size=10, overlap=4) == (Span(0, 10), Span(6, 16), Span(12, 22), Span(18, 25))


@pytest.mark.parametrize("starts", [[0, 30, 60], [0, 18, 36, 54, 72, 90]])
def test_a_long_sentence_after_short_ones_makes_no_crumbs(starts: list[int]):
    spans = cut(200, starts, size=20, overlap=10)
    assert all(span.end - span.start > 10 for span in spans)
    assert all(after.start <= before.end - 10 for before, after in itertools.pairwise(spans))


def test_a_pair_goes_to_the_window_where_it_is_most_central():
    spans = (Span(0, 10), Span(5, 15), Span(10, 20))
    heads = np.array([[6, 7], [1, 3], [11, 12], [2, 3]])
    tails = np.array([[8, 9], [8, 10], [13, 14], [17, 18]])
    owner = assign(heads, tails, spans)
    assert owner.diagonal().tolist() == [0, 0, 1, -1]
    # The first row's middles are 7.5, 7.75, 10 and 12; the centres 5, 10 and 15. The earlier one takes a tie.
    assert owner[0].tolist() == [0, 1, 1, -1]


def test_a_mention_on_the_edge_of_a_window_belongs_to_no_part_of_it():
    assert assign(np.array([[4, 6]]), np.array([[1, 2]]), (Span(0, 5), Span(5, 10))).tolist() == [[-1]]


def test_no_mentions_no_pairs():
    empty = np.zeros((0, 2), dtype=np.int64)
    assert assign(empty, np.array([[1, 2]]), (Span(0, 5), Span(3, 8))).shape == (0, 1)
