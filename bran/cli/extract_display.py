"""How ``bran extract -o FOLDER`` shows on stderr what it does: one line that changes, plain lines, or JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from bran.wording import counted

if TYPE_CHECKING:
    from bran.workflows.batch.progress import Observer, Progress

PLAIN_SECONDS, JSON_SECONDS = 10.0, 1.0
"""Least time between two lines."""


class QuietDisplay:
    """Shows nothing."""

    def progress(self, progress: Progress) -> None:
        """Pass over how far it is."""

    def note(self, line: str) -> None:
        """Pass over ``line``."""


class PlainDisplay:
    """A line from time to time: for logs."""

    def __init__(self, seconds: float = PLAIN_SECONDS) -> None:
        self._pace = _Pace(seconds)

    def progress(self, progress: Progress) -> None:
        """Print how far it is, when it is time."""
        if self._pace.is_time():
            typer.echo(progress_line(progress), err=True)

    def note(self, line: str) -> None:
        """Print ``line``."""
        typer.echo(line, err=True)


class JsonDisplay:
    """An object per line: for programs."""

    def __init__(self, seconds: float = JSON_SECONDS) -> None:
        self._pace = _Pace(seconds)

    def progress(self, progress: Progress) -> None:
        """Print how far it is, when it is time, and when all is done."""
        if self._pace.is_time() or progress.shards_done == progress.shards:
            self._print(asdict(progress))

    def note(self, line: str) -> None:
        """Print ``line`` under the key ``note``."""
        self._print({"note": line})

    def _print(self, values: dict[str, object]) -> None:
        rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in values.items()}
        typer.echo(json.dumps(rounded, ensure_ascii=False), err=True)


class LiveDisplay:
    """A line that is kept up to date, notes above it: for terminals."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def progress(self, progress: Progress) -> None:
        """Show how far it is."""
        self._live.update(Text(progress_line(progress)))

    def note(self, line: str) -> None:
        """Print ``line``."""
        self._live.console.print(Text(line), soft_wrap=True)


def display(*, quiet: bool, as_json: bool) -> AbstractContextManager[Observer]:
    """What shows a run while the block lasts.

    Args:
        quiet: show nothing.
        as_json: an object per line.
    """
    return _display(quiet, as_json, Console(stderr=True))


@contextmanager
def _display(quiet: bool, as_json: bool, console: Console) -> Iterator[Observer]:
    if as_json:
        yield JsonDisplay()
    elif quiet:
        yield QuietDisplay()
    elif console.is_terminal:
        with Live(Text(), console=console, refresh_per_second=2, transient=True) as live:
            yield LiveDisplay(live)
    else:
        yield PlainDisplay()


def progress_line(progress: Progress) -> str:
    """How far a run is, in words."""
    parts = [
        f"{progress.shards_done}/{progress.shards} shards",
        counted(progress.documents, "document"),
        counted(progress.relations, "relation"),
        f"{progress.errors} left out",
        f"{counted(round(progress.documents_per_second), 'document')}/s",
    ]
    if progress.eta_seconds is not None:
        parts.append(f"about {timedelta(seconds=round(progress.eta_seconds))} left")
    return ", ".join(parts)


class _Pace:
    """Says yes at most every so many seconds, first after as many."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
