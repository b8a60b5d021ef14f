"""What holds of scores whatever was predicted."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.evaluation.baselines import predict_all
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import evaluate
from bran.evaluation.resampling import compare_counts
from bran.evaluation.thresholds import best_threshold, score_curve

SCHEMA = load_schema("cdr")
HYPERNYMS = HypernymFilter(MeshTree({"D0": ("C1",), "D1": ("C1.1",), "D2": ("C1.1.1", "C2"), "D3": ("C2.1",)}))
HEADS, TAILS = ("C0", "C1"), ("D0", "D1", "D2", "D3")

ENDS = st.tuples(st.sampled_from(HEADS), st.sampled_from(TAILS))
SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.5000001, 0.75, 1.0])


@st.composite
def documents(draw: st.DrawFn) -> list[Document]:
    """One to four documents whose sentences are single words: mentions share a sentence or do not."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        words = draw(st.lists(st.sampled_from([*HEADS, *TAILS]), min_size=1, max_size=8))
        pieces = [word + draw(st.sampled_from([" ", ". "])) for word in words]
        starts = np.cumsum([0, *map(len, pieces[:-1])]).tolist()
        mentions = tuple(
            Mention(start, start + 2, "Chemical" if word in HEADS else "Disease", (word,))
            for start, word in zip(starts, words, strict=True)
        )
        relations = tuple(Relation("CID", *ends) for ends in draw(st.sets(ENDS, max_size=4)))
        found.append(Document(str(number), (Passage("abstract", "".join(pieces)),), mentions, relations))
    return found


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    """Relations for some documents, some of them repeated, some not in gold."""
    relations = {
        str(number): tuple(Relation("CID", *ends, score=draw(SCORES)) for ends in draw(st.lists(ENDS, max_size=6)))
        for number in draw(st.sets(st.integers(0, 5)))
    }
    return Predictions("any", relations)


def gold_of(found: list[Document]) -> GoldStandard:
    return GoldStandard(found, SCHEMA, HYPERNYMS)


@given(documents(), predictions())
@settings(deadline=None)
def test_scores_are_shares_and_f1_lies_between_precision_and_recall(found: list[Document], system: Predictions) -> None:
    for card in evaluate(gold_of(found), system, resamples=0).cards.values():
        assert ((card.scores >= 0) & (card.scores <= 1)).all()
        precision, recall, f1 = card.scores[0]
        assert min(precision, recall) - 1e-12 <= f1 <= max(precision, recall) + 1e-12


@given(documents(), predictions())
@settings(deadline=None)
def test_spans_and_types_add_up(found: list[Document], system: Predictions) -> None:
    gold = gold_of(found)
    for card in evaluate(gold, system, resamples=0).cards.values():
        totals = card.totals
        for outcome in ("tp", "fp", "fn"):
            assert totals["micro"][outcome] == totals["intra"][outcome] + totals["inter"][outcome]
            assert totals["micro"][outcome] == totals["type:CID"][outcome]
        assert totals["micro"]["tp"] + totals["micro"]["fn"] == gold.relations


@given(documents(), predictions())
@settings(deadline=None)
def test_the_filter_raises_precision_and_leaves_recall(found: list[Document], system: Predictions) -> None:
    cards = evaluate(gold_of(found), system, resamples=0).cards
    raw, filtered = cards["raw"].scores, cards["filtered"].scores
    assert (filtered[:, 0] >= raw[:, 0]).all()
    assert np.array_equal(filtered[:, 1], raw[:, 1])


@given(documents(), predictions(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_changes_nothing(found: list[Document], system: Predictions, rng: random.Random) -> None:
    def shuffle(items: tuple) -> tuple:
        return tuple(rng.sample(items, len(items)))

    mixed = [
        document.with_mentions(shuffle(document.mentions)).with_relations(shuffle(document.relations))
        for document in shuffle(tuple(found))
    ]
    other = Predictions("any", {key: shuffle(system.relations[key]) for key in shuffle(tuple(system.relations))})
    expected = evaluate(gold_of(found), system, resamples=20)
    assert evaluate(gold_of(mixed), other, resamples=20).to_dict() == expected.to_dict()
    candidates = [predict_all(order, SCHEMA) for order in (found, mixed)]
    assert evaluate(gold_of(found), candidates[0], resamples=0).rows == (
        evaluate(gold_of(mixed), candidates[1], resamples=0).rows
    )


@given(documents(), predictions(), predictions())
@settings(max_examples=50, deadline=None)
def test_intervals_and_p_values(found: list[Document], first: Predictions, second: Predictions) -> None:
    gold = gold_of(found)
    a, b = gold.count(first)["raw"], gold.count(second)["raw"]
    comparison = compare_counts(a, b, resamples=40)
    assert (comparison.interval[..., 0] <= comparison.interval[..., 1]).all()
    assert ((comparison.p_value > 0) & (comparison.p_value <= 1)).all()
    assert (comparison.p_value[comparison.difference == 0] == 1).all()
    same = compare_counts(a, a, resamples=40)
    assert not same.difference.any()
    assert not same.interval.any()
    assert (same.p_value == 1).all()


@given(documents(), predictions())
@settings(max_examples=50, deadline=None)
def test_the_interval_of_many_copies_holds_the_score(found: list[Document], system: Predictions) -> None:
    copies = [
        Document(f"{document.id}.{copy}", document.passages, document.mentions, document.relations)
        for document in found
        for copy in range(30)
    ]
    relations = {document.id: system.relations.get(document.id[0], ()) for document in copies}
    card = evaluate(gold_of(copies), Predictions("any", relations), resamples=100).cards["filtered"]
    assert card.interval is not None
    assert (card.interval[..., 0] <= card.scores + 1e-12).all()
    assert (card.interval[..., 1] >= card.scores - 1e-12).all()


@given(documents(), predictions(), st.sampled_from(["raw", "filtered"]))
@settings(deadline=None)
def test_no_threshold_beats_the_best_one(found: list[Document], system: Predictions, protocol: str) -> None:
    gold = gold_of(found)
    counts = gold.count(system)[protocol]
    assume(counts.tp.sum() + counts.fp.sum() > 0)
    curve = score_curve(gold, system, protocol=protocol)
    best = best_threshold(curve)
    reached = evaluate(gold, system.keep(best.value, gold.schema), resamples=0).cards[protocol].score()
    assert reached == best.f1
    for threshold in (0.0, 0.1, 0.3, 0.5, 0.6, 0.9):
        assert (
            evaluate(gold, system.keep(threshold, gold.schema), resamples=0).cards[protocol].score() <= reached + 1e-12
        )
    assert 0 <= curve.average_precision <= 1
