"""What is made of the death of a worker: which documents are suspected, and when one is left out, or not read."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import dataclass, field, replace

from bran.workflows.batch.engine import Task
from bran.workflows.batch.journal import Journal
from bran.workflows.batch.shards import Caution, Piece

BLIND, ALONE, MOST = 3, 2, 50
"""Deaths that end a shard when nothing tells their place; that convict a document; that end a shard in any case."""


@dataclass(slots=True)
class _Case:
    """What is known of one shard.

    Attributes:
        deaths: of its workers.
        blind: those of them that left no journal.
        alone: those that one document alone was there at, by its number.
        reading: those that came while a piece was read, by whether records were read apart.
    """

    deaths: int = 0
    blind: int = 0
    alone: Counter[int] = field(default_factory=Counter)
    reading: Counter[tuple[bool, Piece]] = field(default_factory=Counter)


class Deaths:
    """Narrows the deaths of workers down to documents.

    A chunk at which a worker died is gone through document by document; a document at which workers die twice is
    left out. All that was once suspected stays so, so that every death tells something new. Where workers die twice
    while they read, records are read one by one, and one at which they die twice again is passed over.

    Attributes:
        count: of deaths so far.
        blind: how many of them left no journal.
    """

    def __init__(self) -> None:
        self.count = self.blind = 0
        self._cases: dict[str, _Case] = {}

    def next_task(self, task: Task, how: str) -> Task | str:
        """What is tried after the worker of ``task`` has died: another task, or why there is none.

        Args:
            task: the one that died; what it has left in its folder is still there.
            how: it died, in words.
        """
        self.count += 1
        case, journal = self._cases.setdefault(task.shard.key, _Case()), Journal.read(task.work)
        case.deaths += 1
        again = replace(task, attempt=secrets.token_hex(4))
        if case.deaths >= MOST:
            return f"{case.deaths} workers died of it, the last with {how}; expected documents that can be worked on"
        if journal is None:
            case.blind += 1
            self.blind += 1
            return again if case.blind < BLIND else f"{case.blind} workers died before its first document ({how})"
        if journal.reading is not None:
            return replace(again, caution=_caution(task, journal, journal.reading, case, how))
        if not journal.alone:
            return replace(again, suspects=_hull(task.suspects, (journal.start, journal.stop)))
        if journal.start in task.leave_out:
            return f"workers die at document {journal.start + 1} though it is left out ({how})"
        case.alone[journal.start] += 1
        again = replace(again, suspects=_hull(task.suspects, (journal.start, journal.stop)))
        if case.alone[journal.start] < ALONE:
            return again
        reason = _reason(task, journal, how, "worked on")
        return replace(again, leave_out={**task.leave_out, journal.start: reason})


def _caution(task: Task, journal: Journal, piece: Piece, case: _Case, how: str) -> Caution:
    """How the shard is read after one more worker has died while it read ``piece``."""
    caution = task.caution
    case.reading[caution.apart, piece] += 1
    if case.reading[caution.apart, piece] < ALONE:
        return caution
    if not caution.apart:
        return replace(caution, apart=True)
    return replace(caution, unreadable={**caution.unreadable, piece: _reason(task, journal, how, "read")})


def _hull(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The least range that has both; an empty one counts for nothing."""
    if one[0] == one[1]:
        return other
    return min(one[0], other[0]), max(one[1], other[1])


def _reason(task: Task, journal: Journal, how: str, what: str) -> str:
    limit = task.settings.max_seconds
    if time.time() - journal.began >= limit:
        return f"took more than {limit:g} s, {ALONE} times; expected less (--max-seconds)"
    return f"ended its worker with {how}, {ALONE} times; expected a document that can be {what}"
