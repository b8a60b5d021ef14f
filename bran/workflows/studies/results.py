"""What is kept of a run: all that the tables and figures of a study are made from, in one JSON file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from bran.config import Config, parse_config
from bran.errors import ConfigError
from bran.evaluation.counts import DocumentCounts, FloatArray
from bran.evaluation.scores import METRICS, precision_recall_f1, score_totals, slice_names, types_present
from bran.workflows.epochs import Epoch as Epoch


class CountRecord(Config):
    """Counts per document under one protocol; ``values`` is of shape ``(documents, types, spans, outcomes)``."""

    documents: tuple[str, ...]
    types: tuple[str, ...]
    values: list[list[list[list[int]]]]
    signature: str

    @classmethod
    def of(cls, counts: DocumentCounts, signature: str) -> CountRecord:
        """The record of ``counts``; ``signature`` is that of the scores."""
        return cls(documents=counts.documents, types=counts.types, values=counts.values.tolist(), signature=signature)

    @property
    def counts(self) -> DocumentCounts:
        """The same as arrays."""
        return DocumentCounts(self.documents, self.types, np.array(self.values, dtype=np.int64))


class RunResult(Config):
    """A run that is done."""

    key: str
    seed: int
    split: str
    config: str
    """Hash of the config."""
    corpus: str
    """Hash of the corpus."""
    code: str
    """Hash of the code."""
    version: str
    """Of bran."""
    device: str
    threads: int
    parameters: int
    """Weights of the network."""
    documents: dict[str, int]
    """How many were trained, validated and tested on."""
    threshold: float
    seconds: float
    """Of training steps, all epochs together; validation is not in it."""
    epochs: tuple[Epoch, ...]
    counts: dict[str, CountRecord]
    """By protocol."""
    curve: list[list[int]] = Field(default_factory=list)
    """True positives, false positives and false negatives at each threshold, from the highest down."""

    @property
    def kind(self) -> str:
        """The kind of split: its name without the number."""
        return self.split.rsplit("-", 1)[0]

    def scores(self, protocol: str) -> dict[str, dict[str, float]]:
        """Precision, recall and F1 of every slice, in [0, 1]."""
        counts = self.counts[protocol].counts
        totals = counts.totals
        scores = score_totals(totals, types_present(totals))
        return {
            name: dict(zip(METRICS, row, strict=True))
            for name, row in zip(slice_names(counts.types), scores.tolist(), strict=True)
        }

    @property
    def metrics(self) -> dict[str, float]:
        """Every score as a flat metric: ``filtered_micro_f1``, ``raw_type:CID_recall``."""
        return {
            f"{protocol}_{name}_{metric}": value
            for protocol in self.counts
            for name, scores in self.scores(protocol).items()
            for metric, value in scores.items()
        }

    @property
    def precision_recall(self) -> FloatArray:
        """Points of the precision-recall curve, shape ``(thresholds, 2)``: precision, recall."""
        points: FloatArray = precision_recall_f1(np.array(self.curve, dtype=np.int64).reshape(-1, 3))[:, :2]
        return points


class RunName(Config):
    """Which run of the study has which key."""

    key: str
    row: str
    seed: int
    split: str

    @property
    def name(self) -> str:
        """``variant/seed/fold``."""
        return f"{self.row}/{self.seed}/{self.split}"


class StudyRecord(Config):
    """What is known of a study before its first run: the content of ``study.json``."""

    id: str
    """Tells it from other studies of the same name."""
    name: str
    base_name: str
    rows: dict[str, dict[str, Any]]
    """Differences of each row from the base."""
    protocol: str
    """What F1 chooses thresholds, and is what the figures show."""
    place: str
    """The study's file, as it was given."""
    corpus: str
    """The corpus, as it was given."""
    corpus_hash: str
    code: str
    device: str
    threads: int
    mesh: str | None
    """The table of the hypernym filter, as it was given."""
    settings: dict[str, Any]
    """The study's file, resolved."""
    environment: dict[str, str]
    """Versions of what runs are made with."""
    runs: tuple[RunName, ...]

    def command(self, name: str) -> str:
        """What repeats ``name`` (a row, or ``variant/seed/fold``) from nothing."""
        words = ["bran", "study", "run", self.place, "--corpus", self.corpus, "-o", "repeated", "--only", name]
        words += ["--device", self.device, "--threads", str(self.threads)]
        return shlex.join([*words, *(["--mesh", self.mesh] if self.mesh else [])])


@dataclass(frozen=True, slots=True)
class StudyResults:
    """What a store holds of a study.

    Attributes:
        record: what the study is.
        results: of finished runs, by key.
        failures: the one-line error of failed runs, by key.
    """

    record: StudyRecord
    results: Mapping[str, RunResult]
    failures: Mapping[str, str]

    def of_row(self, row: str, kind: str) -> dict[tuple[int, str], RunResult]:
        """The finished runs of a row on one kind of split, by seed and split."""
        found = (self.results.get(run.key) for run in self.record.runs if run.row == row)
        return {(result.seed, result.split): result for result in found if result and result.kind == kind}

    @property
    def kinds(self) -> list[str]:
        """Kinds of splits, in the order of the study."""
        return list(dict.fromkeys(run.split.rsplit("-", 1)[0] for run in self.record.runs))

    @property
    def failed(self) -> Sequence[tuple[str, str]]:
        """Names of failed runs with their errors."""
        return [(run.name, self.failures[run.key]) for run in self.record.runs if run.key in self.failures]


def parse_result(text: str, source: str) -> RunResult:
    """The result in the JSON ``text``.

    Raises:
        ConfigError: when it does not hold; names ``source``.
    """
    return parse_config(RunResult, _json(text, source), source=source)


def parse_record(text: str, source: str) -> StudyRecord:
    """The record in the JSON ``text``.

    Raises:
        ConfigError: when it does not hold; names ``source``.
    """
    return parse_config(StudyRecord, _json(text, source), source=source)


def _json(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{source}: damaged ({error}); expected what `bran study run` writes") from None
