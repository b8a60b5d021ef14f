from __future__ import annotations

import pytest

from bran.corpus.document import Relation
from bran.errors import ConfigError, DataError
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.scored import ScoredCandidates
from tests.builders import several_types_documents, several_types_schema


def test_every_candidate_stands_beside_its_answer(gold, make_predictions):
    predictions = make_predictions({"1": {"D2": 0.9, "D3": 0.8}, "2": {"D1": 0.4}, "elsewhere": {"D1": 0.1}})
    scored = ScoredCandidates.of(gold, predictions, protocol="raw")
    assert len(scored) == 3
    assert scored.scores.tolist() == [0.9, 0.8, 0.4]
    assert scored.correct.tolist() == [True, False, False]
    assert scored.documents.tolist() == [0, 0, 1]
    assert scored.types.tolist() == [0, 0, 0]


def test_what_the_filter_ignores_is_left_out(gold, make_predictions):
    predictions = make_predictions({"1": {"D2": 0.9, "D3": 0.8}})
    assert ScoredCandidates.of(gold, predictions).scores.tolist() == [0.9]


def test_of_a_relation_that_stands_twice_the_higher_score_counts():
    gold = GoldStandard(several_types_documents(), several_types_schema())
    twice = (Relation("binds", "G1", "G2", score=0.3), Relation("binds", "G2", "G1", score=0.6))
    scored = ScoredCandidates.of(gold, Predictions("any", {"21": twice}), protocol="raw")
    assert (scored.scores.tolist(), scored.correct.tolist(), scored.types.tolist()) == ([0.6], [True], [3])


def test_no_candidates(gold, make_predictions):
    scored = ScoredCandidates.of(gold, make_predictions({}))
    assert len(scored) == 0
    with pytest.raises(DataError, match="all of 0 scored relations are wrong"):
        scored.check_kinds()


def test_a_selection_keeps_columns_together(gold, make_predictions):
    scored = ScoredCandidates.of(gold, make_predictions({"1": {"D2": 0.9}, "2": {"D1": 0.4}}), protocol="raw")
    chosen = scored.select(scored.documents == 1)
    assert (chosen.scores.tolist(), chosen.correct.tolist(), chosen.documents.tolist()) == ([0.4], [False], [1])


def test_missing_scores_and_protocols_are_refused(gold, documents, schema, make_predictions):
    with pytest.raises(DataError, match="has no score"):
        ScoredCandidates.of(gold, make_predictions({"1": ["D1"]}))
    with pytest.raises(ConfigError, match="'filtered'; expected one of raw"):
        ScoredCandidates.of(GoldStandard(documents, schema), make_predictions({}))
