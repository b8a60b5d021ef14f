from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.load import Corpus
from bran.errors import TrainingError
from bran.workflows.studies.estimate import Speed, measure
from tests.studies import bench, small_plan


def test_time_is_documents_by_speed(tmp_path: Path) -> None:
    run = small_plan(tmp_path, changes={"training.epochs": 10}).runs[0]  # trains on 4, validates on 2, tests on 6
    assert Speed(training=2.0, prediction=4.0).seconds(run) == 10 * 4 / 2 + (11 * 2 + 6) / 4


def test_a_short_measurement(tmp_path: Path) -> None:
    speed = measure(small_plan(tmp_path).runs[0], bench())
    assert speed.training > 0
    assert speed.prediction > 0


def test_documents_that_teach_nothing_are_named(tmp_path: Path) -> None:
    shared = bench()
    bare = Corpus(tuple(document.with_relations(()) for document in shared.corpus.documents))
    object.__setattr__(shared, "corpus", bare)
    with pytest.raises(TrainingError, match="related pair to learn from"):
        measure(small_plan(tmp_path).runs[0], shared)
