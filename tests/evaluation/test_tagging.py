from __future__ import annotations

import pytest

from bran.errors import DataError
from bran.evaluation.tagging import (
    LinkingScores,
    Scores,
    candidate_recall,
    concept_scores,
    linking_scores,
    mention_scores,
)
from tests.builders import document

GOLD = [
    document("1", "{Velorin|Chemical|C1} gave {tremor|Disease|D1} and {gout|Disease|D2;D3}; {velorin|Chemical|C1}."),
    document("2", "{Brinol|Chemical|}."),
]
FOUND = [
    document("1", "{Velorin|Chemical|C1} gave {tremor|Disease|D9} and {gout|Disease|D3;D2}; {velorin|Chemical|}."),
    document("2", "{Brinol|Chemical|}."),
]


def test_linking_is_right_with_exactly_the_concepts_of_gold() -> None:
    scores = linking_scores(GOLD, FOUND)
    assert scores == {"Chemical": LinkingScores(3, 2, 2, 1), "Disease": LinkingScores(2, 1, 2, 1)}
    assert (scores["Chemical"].accuracy, scores["Chemical"].linkable_accuracy) == (2 / 3, 0.5)


def test_a_concept_counts_once_per_document() -> None:
    assert concept_scores(GOLD, FOUND) == {"Chemical": Scores(1, 0, 0), "Disease": Scores(2, 1, 1)}


def test_a_mention_needs_its_exact_place_and_type() -> None:
    found = [
        document("1", "{Velorin|Disease|} gave {tremor|Disease|} and {gout; velorin|Disease|}."),
        document("2", "{Brinol|Chemical|}."),
    ]
    assert mention_scores(GOLD, found) == {"Chemical": Scores(1, 0, 2), "Disease": Scores(1, 2, 1)}


def test_precision_recall_and_f1() -> None:
    scores = Scores(tp=3, fp=1, fn=2)
    assert (scores.precision, scores.recall, scores.f1) == (0.75, 0.6, pytest.approx(2 / 3))
    assert (Scores(0, 0, 0).precision, Scores(0, 0, 0).recall, Scores(0, 0, 0).f1) == (0, 0, 0)
    assert LinkingScores(0, 0, 0, 0).accuracy == LinkingScores(0, 0, 0, 0).linkable_accuracy == 0


def test_candidates_must_hold_every_concept() -> None:
    candidates = [[["C9", "C1"], ["D1"], ["D2", "D3"], []], [["C1"]]]
    assert candidate_recall(GOLD, candidates, k=1) == {"Chemical": 0, "Disease": 0.5}
    assert candidate_recall(GOLD, candidates, k=2) == {"Chemical": 0.5, "Disease": 1}


def test_other_documents_or_mentions_are_refused() -> None:
    with pytest.raises(DataError, match="1 predicted document; expected the 2 gold ones"):
        mention_scores(GOLD, FOUND[:1])
    with pytest.raises(DataError, match=r"\(document 2\): mentions differ"):
        linking_scores(GOLD, [FOUND[0], document("2", "Brinol.")])
