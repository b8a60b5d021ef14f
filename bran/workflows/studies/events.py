"""What is heard of the runs of a study while they go on."""

from __future__ import annotations

from typing import Protocol

from bran.workflows.studies.plan import PlannedRun
from bran.workflows.studies.results import Epoch, RunResult


class Observer(Protocol):
    """Hears of every run, in the process that leads the study."""

    def started(self, run: PlannedRun) -> None:
        """``run`` is being worked on."""

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        """An epoch of ``run`` has ended."""

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        """``run`` is done."""

    def failed(self, run: PlannedRun, error: str) -> None:
        """``run`` has failed."""


class Observers:
    """Several observers as one.

    Args:
        observers: told one after the other.
    """

    def __init__(self, *observers: Observer) -> None:
        self.observers = observers

    def started(self, run: PlannedRun) -> None:
        """``run`` is being worked on."""
        for observer in self.observers:
            observer.started(run)

    def epoch(self, run: PlannedRun, epoch: Epoch) -> None:
        """An epoch of ``run`` has ended."""
        for observer in self.observers:
            observer.epoch(run, epoch)

    def finished(self, run: PlannedRun, result: RunResult) -> None:
        """``run`` is done."""
        for observer in self.observers:
            observer.finished(run, result)

    def failed(self, run: PlannedRun, error: str) -> None:
        """``run`` has failed."""
        for observer in self.observers:
            observer.failed(run, error)
