"""The figures of a report are those of the evaluation and of the table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.schema import load_schema
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.reliability import Reliability
from bran.evaluation.report import evaluate
from bran.export.table import rows
from bran.view.document_data import document_data
from bran.view.report.summary import BINS, Tally
from tests.reports import judged_report, predicted
from tests.runs import TREE, abstracts


def test_scores_are_those_of_the_evaluation() -> None:
    report, found = judged_report()
    standard = GoldStandard(abstracts(12), load_schema("cdr"), HypernymFilter(TREE))
    evaluated = evaluate(standard, Predictions.of(found, system="invented"), resamples=0)
    scores = {score.protocol: score for score in report.summary().scores}
    assert scores.keys() == evaluated.cards.keys()
    for protocol, card in evaluated.cards.items():
        shown = scores[protocol]
        assert {"tp": shown.tp, "fp": shown.fp, "fn": shown.fn} == card.totals["micro"]
        for metric in ("precision", "recall", "f1"):
            assert getattr(shown, metric) == card.score(metric=metric)
    assert scores["raw"].fp > scores["filtered"].fp > 0


def test_counts_are_those_of_the_table() -> None:
    tally, table = Tally(), [row for doc in predicted() for row in rows(doc)]
    for doc in predicted():
        tally.add(document_data(doc))
    summary = tally.summary()
    assert (summary.documents, summary.relations) == (4, len(table))
    assert summary.documents_with_relations == len({row["document"] for row in table})
    assert summary.mentions == summary.linked == sum(len(doc.mentions) for doc in predicted())
    assert summary.cross_sentence == sum(row["cross_sentence"] for row in table)
    assert (summary.measure, summary.statuses, summary.scores, summary.reliability) == ("score", {}, (), None)
    assert summary.distinct == len({(row["type"], row["head"], row["tail"]) for row in table})


def test_distribution_and_reliability_are_over_what_was_predicted() -> None:
    report, found = judged_report()
    summary, relations = report.summary(), [relation for doc in found for relation in doc.relations]
    assert summary.measure == "probability"
    values = [round(relation.probability or 0, 6) for relation in relations]
    expected, _ = np.histogram(values, bins=BINS, range=(0, 1))
    assert [sum(bin.counts.values()) for bin in summary.distribution] == expected.tolist()
    totals = sum((Counter(bin.counts) for bin in summary.distribution), Counter())
    assert totals == Counter({name: count for name, count in summary.statuses.items() if name != "missed"})
    judged = [(round(r.probability or 0, 6), r.tail == "MESH:D1") for r in relations if r.tail != "MESH:D8"]
    probabilities, correct = map(np.array, zip(*judged, strict=True))
    wanted = Reliability.of(probabilities, correct)
    assert summary.reliability is not None
    assert (summary.reliability.brier, summary.reliability.ece) == (wanted.brier, wanted.ece_width)
    assert [bin.count for bin in summary.reliability.bins] == [bin.count for bin in wanted.bins]


def test_frequent_relations_count_documents() -> None:
    report, found = judged_report()
    counted = Counter((r.type, r.head, r.tail) for doc in found for r in doc.relations)
    frequent = report.summary().frequent
    assert {(f.type, f.head, f.tail): f.documents for f in frequent} == counted
    assert [f.documents for f in frequent] == sorted(counted.values(), reverse=True)
    assert (frequent[0].head_name, frequent[0].tail_name) == ("Velorin", "tremor")
    best = max(r.probability or 0 for doc in found for r in doc.relations if r.tail == "MESH:D1")
    assert frequent[0].best == pytest.approx(best, abs=5e-7)


def test_nothing_at_all() -> None:
    summary = Tally().summary()
    assert (summary.documents, summary.measure, summary.frequent, summary.distribution) == (0, None, (), ())
