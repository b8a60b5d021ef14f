"""How fast a corpus goes through, on how much memory, from 1,000 abstracts to 100,000.

``python -m benchmarks.corpus -o FOLDER --annotated FILE --texts FILE`` measures it, part by part if so wanted;
docs/results/batch.md says what the figures mean.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.corpus_files import read_abstracts, write_corpus
from benchmarks.corpus_measures import Measure, Measures, against_bert, estimates, lines
from benchmarks.corpus_models import Model
from benchmarks.corpus_plots import plot
from benchmarks.observed import Observation, observe
from benchmarks.peers import BertForward
from benchmarks.setting import Format
from benchmarks.timing import CLOCKS
from bran.corpus.document import Document
from bran.extraction.trained_model import TrainedModel
from bran.workflows.batch.journal import Journal

_WIDTH = 140
"""Of tables that do not go to a terminal."""
SIZES, FORMATS = (1000, 10_000, 100_000), (".parquet", ".tsv.gz")


class Part(StrEnum):
    """What can be measured by itself; ``annotated`` comes with the export of its runs."""

    annotated = "annotated"
    raw = "raw"
    start = "start"
    bert = "bert"


@dataclass(frozen=True)
class Bench:
    """Measures the parts.

    Attributes:
        measures: take what is measured.
        scratch: for inputs and runs.
        annotated: abstracts with mentions.
        texts: bare ones.
        models: folders by name.
        precision: of matrix products.
    """

    measures: Measures
    scratch: Path
    annotated: Sequence[Document]
    texts: Sequence[Document]
    models: dict[Model, Path]
    precision: Format

    def documents(self, part: Part) -> Sequence[Document]:
        """What ``part`` reads."""
        return self.texts if part is Part.raw else self.annotated

    def _inputs(self, part: Part, size: int) -> Path:
        suffix = ".jsonl" if part is Part.raw else ".pubtator"
        return write_corpus(self.documents(part), size, self.scratch / "inputs", suffix)

    def extract(self, part: Part, model: Model, *, size: int, workers: int) -> Path:
        """Time ``bran extract`` on a corpus; returns the run's folder."""
        inputs = self._inputs(part, size)
        run = self.scratch / "runs" / f"{part}-{model}-{workers}-{size}"
        found = self._run(inputs, run, model, workers=workers, ready=lambda: _has_rows(run))
        self._add(found, part, model, workers=workers, size=size)
        return run

    def start(self, part: Part, model: Model) -> None:
        """Time ``bran extract`` to the first row, of a corpus that is one abstract long."""
        if not self.documents(part):
            return
        inputs = self._inputs(part, 1)
        run = self.scratch / "runs" / f"start-{part}-{model}"
        found = self._run(inputs, run, model, workers=1, ready=lambda: any(run.glob("parts/*/relations.parquet")))
        self._add(found, Part.start, f"{part}, {model}", workers=1, size=1)

    def export(self, run: Path, suffix: str, *, size: int) -> None:
        """Time ``bran export`` of the run of so many abstracts."""
        output = self.scratch / f"export{suffix}"
        found = observe(["export", str(run), "-o", str(output), "--quiet"])
        self._add(found, "export", suffix, workers=1, size=size)

    def bert(self, model: Model, documents: int) -> None:
        """Time the forward pass of a BERT-sized encoder over a sample, on one thread."""
        torch.set_num_threads(1)
        sample = self.annotated[:: max(1, len(self.annotated) // documents)][:documents]
        lengths = [example.length for example in TrainedModel.load(self.models[model]).encoder(list(sample))]
        peer = BertForward(lengths, self.precision.dtype)
        peer.measure(CLOCKS["cpu"])  # what is done once only is not of interest
        seconds = peer.measure(CLOCKS["cpu"])["BERT-base"]
        self._add(Observation(seconds, seconds, busy=1.0), Part.bert, model, workers=1, size=len(lengths))

    def _run(self, inputs: Path, run: Path, model: Model, *, workers: int, ready: Callable[[], bool]) -> Observation:
        shutil.rmtree(run, ignore_errors=True)
        arguments = ["extract", str(inputs), "-o", str(run), "--quiet", "--workers", str(workers)]
        arguments += ["--model", str(self.models[model]), "--precision", self.precision.value]
        return observe(arguments, ready)

    def _add(self, found: Observation, part: str, model: str, *, workers: int, size: int) -> None:
        measure = Measure(
            part=str(part),
            model=str(model),
            workers=workers,
            size=size,
            seconds=found.seconds,
            cpu_seconds=found.cpu_seconds,
            first=found.first,
            busy=found.busy,
            peak=found.peak,
            memory=found.memory,
        )
        self.measures.add(measure)
        print(f"{measure.name}: {size:,} abstracts in {found.seconds:.1f} s, {found.peak:,.0f} MiB", flush=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How often parts are measured.

    Attributes:
        sizes: numbers of abstracts.
        workers: numbers of processes.
        formats: suffixes of exports.
        peer_documents: abstracts that BERT reads.
    """

    sizes: tuple[int, ...]
    workers: tuple[int, ...]
    formats: tuple[str, ...]
    peer_documents: int

    def run(self, bench: Bench, part: Part) -> None:
        """Measure ``part``, as far as there are documents for it; one model is enough for texts and starts."""
        for model in bench.models:
            if part is Part.bert and bench.annotated:
                bench.bert(model, self.peer_documents)
            elif part is Part.start and model is Model.ships:
                for kind in (Part.annotated, Part.raw):
                    bench.start(kind, model)
            elif part is Part.annotated or (part is Part.raw and model is Model.ships):
                self._extract(bench, part, model)

    def _extract(self, bench: Bench, part: Part, model: Model) -> None:
        for size, count in product(self.sizes if bench.documents(part) else (), self.workers):
            run = bench.extract(part, model, size=size, workers=count)
            if part is Part.annotated and model is Model.ships and count == self.workers[0]:
                for suffix in self.formats:
                    bench.export(run, suffix, size=size)
            shutil.rmtree(run)


def corpus(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures and plots; they add up.")],
    annotated: Annotated[list[Path] | None, typer.Option(help="Files of abstracts with mentions.")] = None,
    texts: Annotated[list[Path] | None, typer.Option(help="Files of abstracts.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Of --texts, as of `bran extract`: id=pmid.")] = None,
    sizes: Annotated[
        list[int] | None, typer.Option(help="Abstracts; repeatable.", show_default="1000 to 100000")
    ] = None,
    workers: Annotated[list[int] | None, typer.Option(help="Processes; repeatable.", show_default="2")] = None,
    parts: Annotated[list[Part] | None, typer.Option("--part", help="Repeatable.", show_default="all")] = None,
    models: Annotated[list[Model] | None, typer.Option("--model", help="Repeatable.", show_default="both")] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--export", help="Suffix; repeatable.", show_default="two")
    ] = None,
    precision: Annotated[Format, typer.Option(help="Number format of matrix products.")] = Format.fp32,
    peer_documents: Annotated[int, typer.Option(min=1, help="Abstracts that BERT reads.")] = 32,
    scratch: Annotated[Path | None, typer.Option(help="For inputs and runs.", show_default="in the output")] = None,
) -> None:
    """Measure throughput and memory over corpora of growing size; report all that the folder holds."""
    measures, scratch = Measures(output), scratch or output / "scratch"
    with_mentions = read_abstracts(annotated or (), annotated=True)
    bare = read_abstracts(texts or (), fields=field or (), annotated=False)
    folders = {model: model.folder(scratch, with_mentions) for model in models or list(Model)}
    bench = Bench(measures, scratch, with_mentions, bare, folders, precision)
    plan = Plan(tuple(sizes or SIZES), tuple(workers or (2,)), tuple(formats or FORMATS), peer_documents)
    for part in parts or list(Part):
        plan.run(bench, part)
    _show(measures.read())
    for path in plot(measures.read(), output):
        print(path)


def _show(measures: Sequence[Measure]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    table = Table("", "abstracts", "s", "a second", "ms CPU", "first row, s", "cores", "MiB", title="runs")
    for each in measures:
        if each.part == Part.start:
            console.print(f"{each.name}: first row after {each.first:.1f} s")
            continue
        rate, cost = each.size / each.seconds, 1000 * each.cpu_seconds / each.size
        row = (each.seconds, rate, cost, each.first, each.busy, each.peak)
        table.add_row(each.name, f"{each.size:,}", *(f"{value:,.2f}" for value in row))
    console.print(table)
    growth = Table("", "start, s", "a second after that", "R²", "memory, largest : smallest", title="growth")
    for line in lines(measures):
        growth.add_row(line.name, *(f"{value:,.4g}" for value in (line.start, line.per_second, line.fit, line.memory)))
    console.print(growth)
    for name, ratio in against_bert(measures).items():
        console.print(f"{name}: BERT-base costs {ratio:.0f} times as much")
    for name, estimate in estimates(measures).items():
        console.print(f"{name}: {estimate}")


def _has_rows(run: Path) -> bool:
    """Whether a worker has found a relation."""
    journals = (Journal.read(folder) for folder in run.glob("work/*"))
    return any(journal and journal.relations for journal in journals) or any(run.glob("parts/*/relations.parquet"))


if __name__ == "__main__":
    typer.run(corpus)
