"""How fast the relation stage and training are, as ratios within one run.

``python -m benchmarks.speed --corpus bc5cdr`` prints them; docs/benchmarks.md says what they mean.
"""

from __future__ import annotations

import json
import resource
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.arithmetic import Peak, operations
from benchmarks.peers import BERT_WINDOW, BertForward, PairPasses
from benchmarks.setting import Format, Setting
from benchmarks.stage import RelationStage
from benchmarks.timing import CLOCKS, in_turns
from benchmarks.training import TrainingEpoch

PARTS = ("subwords", "examples", "collate", "encoder", "scorer")


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has measured. Milliseconds are per document; a ratio is cost of the peer over cost of ours.

    Attributes:
        setting: precision, threads, clock, documents, weights.
        per_document: subwords, padded subwords, pairs, 10^9 operations of matrix products.
        milliseconds: of the stage and its parts, of the peers, of training.
        peak: 10^9 operations per second of the best large matrix product and of the best convolution.
        ratios: of the peers to the stage and to training; and the share of the stage that its matrix products would
            take at either peak.
        memory: largest resident MiB with the model loaded, after the stage, after the peers.
    """

    setting: dict[str, str | int]
    per_document: dict[str, float]
    milliseconds: dict[str, float]
    peak: dict[str, float]
    ratios: dict[str, float]
    memory: dict[str, float]


class SpeedRun:
    """Measures a setting.

    Args:
        setting: what is measured.
        rounds: how often; medians count.
        clock: name of one of the clocks.
        peer_documents: how many of the documents the peers read; their cost is scaled to all.
    """

    def __init__(self, setting: Setting, *, rounds: int, clock: str, peer_documents: int) -> None:
        self.setting, self.rounds, self.clock = setting, rounds, clock
        self.stage: RelationStage = setting.build()
        self.memory = {"loaded": _resident()}
        self.stage.whole(CLOCKS[clock])
        self.memory["stage"] = _resident()
        self.examples = self.stage.examples()
        self.batches = self.stage.batches()
        self.sample = self.examples[:: max(1, len(self.examples) // peer_documents)]

    def measure(self) -> Report:
        """Run all measures in turns."""
        precision, network = self.setting.precision, self.stage.model.network
        peak = Peak(precision.dtype)
        bert = BertForward([example.length for example in self.sample], precision.dtype)
        pairs = PairPasses(network, self.sample, precision=precision.value)
        training = TrainingEpoch(network, self.examples, precision=precision.value)
        measures = [self.stage.whole, self.stage.parts, peak.measure, bert.measure]
        measures += [pairs.predict, training.measure, pairs.train]
        seconds = in_turns(measures, rounds=self.rounds, clock=CLOCKS[self.clock])
        self.memory["peers"] = _resident()
        return self._report(seconds, Peak.rates(seconds), pair_subwords=pairs.subwords)

    def _report(self, seconds: dict[str, float], peak: dict[str, float], *, pair_subwords: int) -> Report:
        count = len(self.examples)
        cost = {name: 1000 * seconds[name] / count for name in ("stage", *PARTS)}
        cost["rest"] = cost["stage"] - sum(cost[name] for name in PARTS)
        read = [sum(min(example.length, BERT_WINDOW) for example in part) for part in (self.sample, self.examples)]
        cost["BERT-base"] = 1000 * seconds["BERT-base"] / read[0] * read[1] / count
        # Longer documents have more pairs: what is encoded once per pair is subwords x pairs.
        encoded = fmean(example.length * len(example.pairs) for example in self.examples)
        cost["once per pair"] = 1000 * seconds["once per pair"] / pair_subwords * encoded
        cost["training"] = 1000 * seconds["training"] / count
        cost["training once per pair"] = 1000 * seconds["training once per pair"] / pair_subwords * encoded
        work = operations(self.stage.model.network, self.batches) / count
        return Report(
            setting=self._setting(),
            per_document={
                "subwords": fmean(example.length for example in self.examples),
                "padded subwords": sum(batch.token_ids.numel() for batch in self.batches) / count,
                "pairs": fmean(len(example.pairs) for example in self.examples),
                "GFLOP": work / 1e9,
            },
            milliseconds=cost,
            peak={name: rate / 1e9 for name, rate in peak.items()},
            ratios={
                "stage: BERT-base": cost["BERT-base"] / cost["stage"],
                "encoder: BERT-base": cost["BERT-base"] / cost["encoder"],
                "stage: once per pair": cost["once per pair"] / cost["stage"],
                **{f"stage: products at the {kind} peak": 1000 * work / peak[kind] / cost["stage"] for kind in peak},
                "training: once per pair": cost["training once per pair"] / cost["training"],
            },
            memory=self.memory,
        )

    def _setting(self) -> dict[str, str | int]:
        model = self.stage.model
        return {
            "model": model.description.name,
            "dim": model.description.model.encoder.dim,
            "weights": model.parameters,
            "documents": len(self.examples),
            "precision": self.setting.precision.value,
            "threads": self.setting.threads,
            "clock": self.clock,
            "rounds": self.rounds,
        }


def speed(
    corpus: Annotated[Path, typer.Option(help="A corpus, as `bran train` takes it.")],
    documents: Annotated[int, typer.Option(min=8, help="Documents to measure on.")] = 512,
    model: Annotated[Path | None, typer.Option(help="A model folder.", show_default="random weights")] = None,
    precision: Annotated[Format, typer.Option(help="Number format of matrix products.")] = Format.fp32,
    threads: Annotated[int, typer.Option(min=1)] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 5,
    clock: Annotated[Literal["wall", "cpu"], typer.Option(help="cpu: where others use the machine, too.")] = "wall",
    peer_documents: Annotated[int, typer.Option(min=1, help="Documents that the peers read.")] = 16,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not tables.")] = False,
) -> None:
    """Measure the relation stage, training, and what they are compared with."""
    setting = Setting(corpus, documents, model, precision, threads)
    report = SpeedRun(setting, rounds=rounds, clock=clock, peer_documents=peer_documents).measure()
    if as_json:
        print(json.dumps(asdict(report), indent=2))
    else:
        _show(report)


def _show(report: Report) -> None:
    console = Console()
    console.print(", ".join(f"{key} {value}" for key, value in report.setting.items()))
    for title in ("per_document", "milliseconds", "peak", "ratios", "memory"):
        table = Table("", "", title=title.replace("_", " "), show_header=False, title_justify="left")
        for name, value in getattr(report, title).items():
            table.add_row(name, f"{value:,.3f}" if value < 100 else f"{value:,.0f}")
        console.print(table)


def _resident() -> float:
    """Largest memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    typer.run(speed)
