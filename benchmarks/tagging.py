"""How fast raw text is tagged and related, by stage, beside a spaCy recogniser, in one run.

``python -m benchmarks.tagging bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz --spacy MODEL`` prints it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated

import spacy
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

_START = "from bran.workflows.tag import TaggingSettings; list(TaggingSettings()(()))"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has measured.

    Attributes:
        setting: documents, threads, rounds, clock.
        milliseconds: of each stage, per document.
        per_second: documents through the tagger, in this process and in worker processes, and through all stages.
        ratios: cost of the spaCy pipeline over that of ours.
        start: seconds until the first document could be tagged, in a new process.
        memory: largest resident MiB of this process, and of a process that does nothing but tag.
    """

    setting: dict[str, str | int]
    milliseconds: dict[str, float]
    per_second: dict[str, float]
    ratios: dict[str, float]
    start: float
    memory: dict[str, float]


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
        stage("lexicon", lambda: [doc for doc in fresh if list(lexicon.longest_matches(doc.text)) is None])
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
    spacy_pipeline: Annotated[Path | None, typer.Option("--spacy", help="A spaCy pipeline to compare with.")] = None,
    documents: Annotated[int, typer.Option(min=8, help="How many of them.")] = 500,
    threads: Annotated[int, typer.Option(min=1, help="Of torch, in this process.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes that the whole tagger is run in, at last.")] = 2,
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
    report = _report(stages, seconds, workers=workers, threads=threads, rounds=rounds, clock=clock)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    table = Table("what", "value")
    for group in ("setting", "milliseconds", "per_second", "ratios", "memory"):
        for name, value in getattr(report, group).items():
            table.add_row(f"{group}: {name}", f"{value:.2f}" if isinstance(value, float) else str(value))
    table.add_row("start, s", f"{report.start:.2f}")
    Console().print(table)


def _report(
    stages: Stages, seconds: dict[str, float], *, workers: int, threads: int, rounds: int, clock: str
) -> Report:
    count = len(stages.texts)
    cost = {name: 1000 * value / count for name, value in seconds.items()}
    tag = cost["recognise"] + cost["abbreviations"] + cost["link"]
    peer = (
        {"recognise: spaCy": cost["spaCy"] / cost["recognise"], "tag: spaCy": cost["spaCy"] / tag}
        if stages.peer
        else {}
    )
    memory = {"tagging alone": _memory_of_tagging(stages), "this process": _resident()}
    return Report(
        setting={"documents": count, "threads": threads, "rounds": rounds, "clock": clock, "spaCy": spacy.__version__},
        milliseconds=cost,
        per_second={
            "tag, one process": 1000 / tag,
            "tag and relate, one process": 1000 / (tag + cost["relate"]),
            f"tag, {workers} workers": _with_workers(stages, workers),
        },
        ratios=peer,
        start=min(_start() for _ in range(3)),
        memory=memory,
    )


def _with_workers(stages: Stages, workers: int, times: int = 6) -> float:
    """Documents per second once the workers run: the first of ``times`` passes, in which they start, does not count."""
    texts = stages.texts
    stream = process_documents(chain.from_iterable(repeat(texts, times)), TaggingSettings(), workers=workers)
    for _ in range(len(texts)):
        next(stream)
    begin = time.perf_counter()
    rest = sum(1 for _ in stream)
    return rest / (time.perf_counter() - begin)


def _start() -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", _START], check=True)
    return time.perf_counter() - begin


def _memory_of_tagging(stages: Stages) -> float:
    """Largest resident MiB of a process that tags the documents ten times over."""
    code = (
        "import resource, sys; from itertools import chain, repeat\n"
        "from bran.corpus.document import Document, Passage; from bran.workflows.tag import TaggingSettings\n"
        "texts = sys.stdin.read().split('\\x1e')\n"
        "texts = chain.from_iterable(repeat(texts, 10))\n"
        "documents = (Document(str(i), (Passage('text', text),)) for i, text in enumerate(texts))\n"
        "for _ in TaggingSettings()(documents): pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    texts = "\x1e".join(doc.text for doc in stages.texts)
    done = subprocess.run([sys.executable, "-c", code], input=texts, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _resident() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    typer.run(tagging)
