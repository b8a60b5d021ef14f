"""Means and deviations over splits, computed by hand."""

from __future__ import annotations

import json

import pytest

from bran.corpus.document import Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.schema import load_schema
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport, evaluate
from bran.workflows.summary import Summary
from tests.runs import TREE, abstracts


def report(split: str, *tails: str) -> EvaluationReport:
    """Of the two oldest abstracts, in which D1 is right; ``tails`` are predicted in the older one."""
    relations = tuple(Relation("CID", "MESH:C1", f"MESH:{tail}", score=0.9) for tail in tails)
    predictions = Predictions("hand", {"1000": relations}, config="0123456789ab", seed=7, threshold=0.25)
    gold = GoldStandard(abstracts(2), load_schema("cdr"), HypernymFilter(TREE), split=split, mesh="tiny")
    return evaluate(gold, predictions, resamples=0)


@pytest.fixture
def summary() -> Summary:
    folds = {
        "fold-1": report("fold-1", "D1"),  # P 1, R 1/2, F1 2/3
        "fold-2": report("fold-2", "D1", "D2"),  # P 1/2, R 1/2, F1 1/2
        "fold-3": report("fold-3", "D1", "D8"),  # as the second; D8 is a hypernym, filtered as the first
    }
    return Summary.of([folds, {"cut-1": report("cut-1", "D2")}, {}])


def test_means_and_sample_deviations(summary: Summary) -> None:
    fold = summary.groups["fold"]
    assert fold.values("raw", "precision") == pytest.approx([100, 50, 50])
    assert fold.mean("raw", "precision") == pytest.approx(200 / 3)
    assert fold.deviation("raw", "precision") == pytest.approx(28.867513)  # sqrt((100/3)^2 + 2 (50/3)^2) / sqrt(2)
    assert fold.values("raw", "f1") == pytest.approx([200 / 3, 50, 50])
    assert fold.mean("filtered", "f1") == pytest.approx((200 / 3 + 50 + 200 / 3) / 3)
    assert fold.deviation("raw", "recall") == 0


def test_a_single_split_has_no_deviation(summary: Summary) -> None:
    cut = summary.groups["cut"]
    assert (cut.mean("raw", "f1"), cut.deviation("raw", "f1"), cut.cell("raw", "f1")) == (0, 0, "0.0")


def test_rows_of_the_table(summary: Summary) -> None:
    assert summary.rows == [
        ["fold x 3", "raw", "66.7 ± 28.9", "50.0 ± 0.0", "55.6 ± 9.6", "66.7 50.0 50.0"],
        ["fold x 3", "filtered", "83.3 ± 28.9", "50.0 ± 0.0", "61.1 ± 9.6", "66.7 50.0 66.7"],
        ["cut x 1", "raw", "0.0", "0.0", "0.0", "0.0"],
        ["cut x 1", "filtered", "0.0", "0.0", "0.0", "0.0"],
    ]


def test_flat_metrics(summary: Summary) -> None:
    assert summary.metrics["fold_raw_f1_mean"] == pytest.approx(500 / 9)
    assert summary.metrics["fold_raw_f1_deviation"] == pytest.approx(9.622504)
    assert len(summary.metrics) == 2 * 2 * 3 * 2


def test_the_dictionary_is_json_with_the_signature_of_each_split(summary: Summary) -> None:
    data = json.loads(json.dumps(summary.to_dict()))
    assert data["fold"]["raw"]["f1"] == pytest.approx([55.5556, 9.6225], abs=1e-3)
    second = data["fold"]["filtered"]["splits"]["fold-2"]
    assert second["f1"] == 50
    assert "split:fold-2|documents:2|relations:2|protocol:filtered|mesh:tiny" in second["signature"]
    assert "config:0123456789ab|seed:7|threshold:0.25" in second["signature"]


def test_markdown_has_the_table_and_every_split(summary: Summary) -> None:
    lines = summary.to_markdown().splitlines()
    assert lines[2] == "| fold x 3 | raw | 66.7 ± 28.9 | 50.0 ± 0.0 | 55.6 ± 9.6 | 66.7 50.0 50.0 |"
    assert [line for line in lines if line.startswith("## ")] == ["## fold-1", "## fold-2", "## fold-3", "## cut-1"]
    assert sum("protocol:raw" in line for line in lines) == 4


def test_nothing_to_summarise() -> None:
    empty = Summary.of([{}, {}])
    assert (empty.rows, empty.metrics, empty.to_dict()) == ([], {}, {})
