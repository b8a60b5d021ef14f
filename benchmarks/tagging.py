"""How fast raw text is tagged and related, by stage, beside a spaCy recogniser, in one run.

``python -m benchmarks.tagging bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz --spacy MODEL`` prints it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.timing import CLOCKS, Clock, in_turns, timed
from bran.corpus.document import Document
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.extraction.predictor import Predictor
from bran.tagging.abbreviations import Abbreviations
from bran.tagging.lexicon import Lexicon
from bran.tagging.linker import Linker
from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserModel
from bran.tagging.spacy_recogniser import SpacyRecogniser
from bran.workflows.bundled import model_folder, recogniser_folder
from bran.workflows.tag import TaggingSettings
from bran.workflows.workers import process_documents

_TAG = """
import sys
from itertools import islice
from bran.corpus.readers import read_documents
from bran.workflows.tag import TaggingSettings
for _ in TaggingSettings()()(islice(read_documents(sys.argv[1]), 5000)):
    pass
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024)
"""
_START = "from bran.workflows.tag import TaggingSettings; list(TaggingSettings()()(()))"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has measured.

    Attributes:
        setting: documents, threads, rounds, clock.
        milliseconds: of each stage, per document.
        per_second: documents through the tagger, in this process and in worker processes, and through all stages.
        ratios: cost of the spaCy pipeline over that of ours.
        start: seconds until the first document could be tagged, in a new process.
        memory: largest resident MiB of a process that tags a stream.
    """

    setting: dict[str, str | int]
    milliseconds: dict[str, float]
    per_second: dict[str, float]
    ratios: dict[str, float]
    start: float
    memory: float


class Stages:
    """The stages from raw text to relations, each over all documents, with what the one before it found.

    Args:
        documents: texts; their mentions are not read.
        peer: a spaCy pipeline to compare with.
    """

    def __init__(self, documents: list[Document], peer: Path | None) -> None:
        self.texts = [Document(doc.id, doc.passages) for doc in documents]
        self.peer = SpacyRecogniser.load(peer, schema=load_schema("cdr")) if peer else None

    def run(self, clock: Clock) -> dict[str, float]:
        """Seconds of each stage; every run begins with nothing remembered of these documents."""
        lexicon, abbreviations = Lexicon.load(), Abbreviations()
        recogniser = NetworkRecogniser(RecogniserModel.load(recogniser_folder(), find_names=lexicon.longest_matches))
        linker, predictor = Linker(lexicon), Predictor.load(model_folder())
        linker.link(self.texts[0].with_mentions(()), {})
        seconds: dict[str, float] = {}

        def stage(name: str, run: Callable[[], list[Document]]) -> list[Document]:
            seconds[name], found = timed(clock, run)
            return found

        fresh = [Document(doc.id, doc.passages) for doc in self.texts]
        stage("lexicon", lambda: [doc for doc in fresh if not list(lexicon.longest_matches(doc.text))])
        found = stage("recognise", lambda: list(recogniser.recognise(fresh)))
        short = stage("abbreviations", lambda: [abbreviations(doc.text) for doc in found])  # type: ignore[misc]
        linked = stage("link", lambda: [linker.link(*both) for both in zip(found, short, strict=True)])  # type: ignore[arg-type]
        stage("relate", lambda: list(predictor.predict(linked)))
        return seconds

    def spacy(self, clock: Clock) -> dict[str, float]:
        """Seconds of the spaCy pipeline."""
        peer = self.peer
        if peer is None:
            return {}
        return {"spaCy": timed(clock, lambda: list(peer.recognise(self.texts)))[0]}


def tagging(
    corpus: Annotated[Path, typer.Argument(help="Documents; only their text is read.")],
    stream: Annotated[Path | None, typer.Option(help="Texts for the whole tagger, none like the other.")] = None,
    spacy_pipeline: Annotated[Path | None, typer.Option("--spacy", help="A spaCy pipeline to compare with.")] = None,
    documents: Annotated[int, typer.Option(min=8, help="How many of them.")] = 500,
    threads: Annotated[int, typer.Option(min=1, help="Of torch, in this process.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes that tag the stream.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Medians are over so many.")] = 3,
    clock: Annotated[str, typer.Option(help="wall, or cpu where others use the machine, too.")] = "wall",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not tables.")] = False,
) -> None:
    """Measure every stage from raw text to relations."""
    torch.set_num_threads(threads)
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    read = list(read_documents(corpus, schema=load_schema("cdr")))[:documents]
    stages = Stages(read, spacy_pipeline)
    seconds = in_turns([stages.run, stages.spacy], rounds=rounds, clock=CLOCKS[clock])
    setting: dict[str, str | int] = {"documents": len(read), "threads": threads, "rounds": rounds, "clock": clock}
    report = _report(seconds, stream or corpus, workers=workers, setting=setting)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    table = Table("what", "value")
    for group in ("setting", "milliseconds", "per_second", "ratios"):
        for name, value in getattr(report, group).items():
            table.add_row(f"{group}: {name}", f"{value:.2f}" if isinstance(value, float) else str(value))
    table.add_row("start, s", f"{report.start:.2f}")
    table.add_row("memory, MiB", f"{report.memory:.0f}")
    Console().print(table)


def _report(seconds: dict[str, float], stream: Path, *, workers: int, setting: dict[str, str | int]) -> Report:
    cost = {name: 1000 * value / int(setting["documents"]) for name, value in seconds.items()}
    tag = cost["recognise"] + cost["abbreviations"] + cost["link"]
    peers = {"recognise": cost["recognise"], "tag": tag} if "spaCy" in cost else {}
    return Report(
        setting=setting,
        milliseconds=cost,
        per_second={
            "tag, one process": 1000 / tag,
            "tag and relate, one process": 1000 / (tag + cost["relate"]),
            "tag a stream, one process": _with_workers(stream, 1),
            f"tag a stream, {workers} workers": _with_workers(stream, workers),
        },
        ratios={f"{name}: spaCy": cost["spaCy"] / value for name, value in peers.items()},
        start=min(_start() for _ in range(3)),
        memory=_memory_of_tagging(stream),
    )


def _with_workers(stream: Path, workers: int, documents: int = 6000) -> float:
    """Documents per second of a stream once the workers run: its first third, in which they start, does not count."""
    read = islice(read_documents(stream), documents)
    tagged = process_documents(read, TaggingSettings(), workers=workers)
    for _ in range(documents // 3):
        next(tagged)
    begin = time.perf_counter()
    rest = sum(1 for _ in tagged)
    return rest / (time.perf_counter() - begin)


def _start() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", _START], check=True)
    return time.perf_counter() - begin


def _memory_of_tagging(stream: Path) -> float:
    """Largest resident MiB of a process that tags a stream."""
    done = subprocess.run([sys.executable, "-c", _TAG, str(stream)], capture_output=True, text=True, check=True)
    return float(done.stdout)


if __name__ == "__main__":
    typer.run(tagging)
