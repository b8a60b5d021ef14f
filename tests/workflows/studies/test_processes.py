"""Runs in processes of their own; each takes seconds to start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bran.workflows.studies.folder import StudyFolder
from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.processes import _Pool
from bran.workflows.studies.results import Epoch
from tests.studies import Diary, bench, execute, small_plan


class Killer(Diary):
    """Kills the process that works on a run as soon as its first epoch has ended."""

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        super().epoch(run, epoch)
        if run.name == "base/0/fold-1":
            (child,) = children()
            os.kill(child, signal.SIGKILL)


def children() -> list[int]:
    """Worker processes of this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and fields[0] != "Z" and "spawn_main" in command:
            found.append(int(path.parent.name))
    return found


@pytest.mark.slow
def test_processes_do_what_one_does(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    one = execute(plan, tmp_path / "one")
    diary = Diary()
    two = execute(plan, tmp_path / "two", diary, jobs=2)
    names = {run.name for run in plan.runs}
    assert set(diary.names("started")) == set(diary.names("epoch 1")) == set(diary.names("finished")) == names
    for key, result in one.results.items():
        assert two.results[key].counts == result.counts
        assert two.results[key].threshold == result.threshold
    assert not children()


@pytest.mark.slow
def test_a_process_that_dies_takes_one_run_with_it(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, variants={}, seeds=[0, 1], changes={"training.epochs": 40})
    diary = Killer()
    folder = StudyFolder(tmp_path)
    _Pool(folder, bench(), diary, jobs=1).run(plan.runs)  # one worker at a time, but not in this process
    error = "its process ended with signal 9 (SIGKILL), as one does for want of memory"
    assert diary.names(f"failed: {error}") == ["base/0/fold-1"]
    assert sorted(diary.names("finished")) == ["base/0/fold-2", "base/1/fold-1", "base/1/fold-2"]
    assert folder.failure(plan.runs[0].key) == error
