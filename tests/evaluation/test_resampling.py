from __future__ import annotations

import numpy as np
import pytest

from bran.errors import ConfigError
from bran.evaluation import resampling
from bran.evaluation.counts import DocumentCounts
from bran.evaluation.resampling import bootstrap_interval, compare_counts
from bran.evaluation.scores import score_totals, types_present

MICRO, F1 = 0, 2


def counts(rows, types=("A",)):
    """Of documents with these (tp, fp, fn), all of the first type and within a sentence."""
    values = np.zeros((len(rows), len(types), 2, 3), dtype=np.int64)
    values[:, 0, 0] = rows
    return DocumentCounts(tuple(f"{i:04}" for i in range(len(rows))), types, values)


def random_counts(seed, documents=60):
    rng = np.random.default_rng(seed)
    return DocumentCounts(
        tuple(f"{i:04}" for i in range(documents)), ("A", "B"), rng.integers(0, 4, (documents, 2, 2, 3))
    )


def test_equal_documents_leave_no_doubt():
    interval = bootstrap_interval(counts([(1, 1, 0)] * 20), resamples=50)
    assert interval[MICRO].tolist() == [[0.5, 0.5], [1.0, 1.0], [2 / 3, 2 / 3]]


def test_the_interval_is_that_of_a_plain_loop():
    data = random_counts(0)
    rng = np.random.default_rng(1)
    weights = rng.multinomial(60, np.full(60, 1 / 60), 200)
    present = types_present(data.totals)
    drawn = [score_totals(np.repeat(data.values, weight, axis=0).sum(axis=0), present) for weight in weights]
    expected = np.percentile(np.array(drawn), (2.5, 97.5), axis=0)
    interval = bootstrap_interval(data, resamples=200, seed=1)
    assert np.allclose(interval, np.moveaxis(expected, 0, -1), atol=1e-12)


def test_drawing_in_parts_changes_nothing(monkeypatch):
    whole = bootstrap_interval(random_counts(0), resamples=100, seed=3)
    monkeypatch.setattr(resampling, "_CELLS", 60 * 7)
    assert np.array_equal(bootstrap_interval(random_counts(0), resamples=100, seed=3), whole)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    # recall of documents with one gold relation each, found with probability 0.7
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = rng.random(80) < 0.7
        interval = bootstrap_interval(counts([(int(hit), 0, int(not hit)) for hit in found]), resamples=200)
        covered += interval[MICRO, 1, 0] <= 0.7 <= interval[MICRO, 1, 1]
    assert 178 <= covered <= 199


def test_a_system_does_not_differ_from_itself():
    comparison = compare_counts(random_counts(0), random_counts(0), resamples=50)
    assert not comparison.difference.any()
    assert not comparison.interval.any()
    assert (comparison.p_value == 1).all()


def test_the_p_value_counts_every_swap():
    # Two documents that A misses and B finds: of the 4 swaps, 2 have as large a difference.
    a, b = counts([(0, 0, 1), (0, 0, 1)]), counts([(1, 0, 0), (1, 0, 0)])
    comparison = compare_counts(a, b, resamples=4000)
    assert comparison.difference[MICRO, F1] == 1
    assert comparison.p_value[MICRO, F1] == pytest.approx(0.5, abs=0.03)


def test_a_clear_difference_is_significant_and_a_faint_one_is_not():
    base = [(1, 0, 1)] * 100
    clear = compare_counts(counts(base), counts([(2, 0, 0)] * 40 + base[40:]), resamples=999)
    faint = compare_counts(counts(base), counts([(2, 0, 0), (0, 0, 2), *base[2:]]), resamples=999)
    assert clear.p_value[MICRO, F1] == pytest.approx(0.001)
    assert clear.interval[MICRO, F1, 0] > 0
    assert faint.p_value[MICRO, F1] > 0.5


def test_the_p_value_is_uniform_where_there_is_no_difference():
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(200):
        a, b = (counts([(int(x), 0, int(not x)) for x in rng.random(40) < 0.5]) for _ in range(2))
        p_values.append(compare_counts(a, b, resamples=99).p_value[MICRO, F1])
    assert np.mean(np.array(p_values) <= 0.05) < 0.09


def test_swapping_the_systems_turns_the_sign():
    a, b = random_counts(0), random_counts(1)
    there, back = compare_counts(a, b, resamples=200, seed=5), compare_counts(b, a, resamples=200, seed=5)
    assert np.allclose(there.difference, -back.difference)
    assert np.allclose(there.interval, -back.interval[..., ::-1])
    assert np.allclose(there.p_value, back.p_value)


def test_systems_on_other_documents_are_refused():
    with pytest.raises(ConfigError, match="2 and 3 documents; expected the same"):
        compare_counts(counts([(1, 0, 0)] * 2), counts([(1, 0, 0)] * 3))


@pytest.mark.parametrize(("documents", "resamples"), [(0, 10), (3, 0)])
def test_nothing_to_draw_is_refused(documents, resamples):
    with pytest.raises(ConfigError, match=f"{resamples} resamples of {documents} documents"):
        bootstrap_interval(counts(np.zeros((documents, 3), dtype=np.int64)), resamples=resamples)
