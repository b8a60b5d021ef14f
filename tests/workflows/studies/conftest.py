"""A small study that nothing disturbed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.workflows.studies.plan import Plan
from bran.workflows.studies.results import StudyResults
from tests.studies import execute, small_plan


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan, StudyResults]:
    """The folder of a finished study of three rows on two folds, its plan and its results. Only to be read."""
    folder = tmp_path_factory.mktemp("study")
    plan = small_plan(folder)
    return folder, plan, execute(plan, folder)
