from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Relation
from bran.errors import DataError
from bran.evaluation.averaging import Mean, mean_relations


def scored(**scores: float) -> tuple[Relation, ...]:
    """Candidates of one chemical with these diseases."""
    return tuple(Relation("CID", "C1", disease, score=score) for disease, score in scores.items())


def means(*members: tuple[Relation, ...], mean: Mean = "probabilities") -> dict[str, float]:
    found = mean_relations(members, document="1", model="both", mean=mean)
    return {relation.tail: relation.score for relation in found if relation.score is not None}


def test_scores_are_averaged_by_candidate() -> None:
    assert means(scored(D1=0.9, D2=0.1), scored(D2=0.3, D1=0.5)) == pytest.approx({"D1": 0.7, "D2": 0.2})


def test_a_candidate_that_a_member_does_not_score_counts_as_0() -> None:
    assert means(scored(D1=0.9), scored(D1=0.5, D2=0.4)) == pytest.approx({"D1": 0.7, "D2": 0.2})
    assert means((), scored(D1=0.4)) == pytest.approx({"D1": 0.2})


def test_directions_and_types_are_candidates_of_their_own() -> None:
    one = (Relation("a", "X", "Y", score=0.2), Relation("b", "X", "Y", score=0.4), Relation("a", "Y", "X", score=0.6))
    found = mean_relations([one, one], document="1", model="both")
    assert [(each.type, each.head, each.tail, each.score) for each in found] == [
        ("a", "X", "Y", pytest.approx(0.2)),
        ("a", "Y", "X", pytest.approx(0.6)),
        ("b", "X", "Y", pytest.approx(0.4)),
    ]
    assert {each.model for each in found} == {"both"}


def test_the_mean_of_logits_is_the_geometric_mean_of_odds() -> None:
    odds = math.sqrt((0.9 / 0.1) * (0.5 / 0.5))
    assert means(scored(D1=0.9), scored(D1=0.5), mean="logits") == pytest.approx({"D1": odds / (1 + odds)})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.sampled_from(["probabilities", "logits"]))
def test_a_mean_lies_between_the_members_whatever_their_order(scores: list[float], mean: Mean) -> None:
    (found,) = means(*(scored(D1=score) for score in scores), mean=mean).values()
    assert min(scores) - 1e-6 <= found <= max(scores) + 1e-6
    (turned,) = means(*(scored(D1=score) for score in reversed(scores)), mean=mean).values()
    assert turned == pytest.approx(found, abs=1e-12)


def test_a_relation_without_a_score_is_named() -> None:
    with pytest.raises(DataError, match=r"\(document 7\): relation CID C1 D1 has no score"):
        mean_relations([(Relation("CID", "C1", "D1"),)], document="7", model="both")
