"""How ``bran serve`` holds out: clients that ask without a pause, over HTTP on loopback; none may be lost.

``python -m benchmarks.serve bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz --clients 50 --seconds 60`` prints it.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any

import httpx2
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bran.corpus.readers import read_documents

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run has measured.

    Attributes:
        setting: clients, seconds, texts, threads.
        answers: how many there were of each status; ``lost`` are requests without an answer.
        per_second: documents that were answered with relations.
        milliseconds: percentiles and the largest, from sending a request to the end of its answer.
        batch: documents that went through the model together, on average.
        memory: largest resident MiB of the server.
    """

    setting: dict[str, Any]
    answers: dict[str, int]
    per_second: float
    milliseconds: dict[str, float]
    batch: float
    memory: float


@dataclass(slots=True)
class Tally:
    """What the clients have met."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


async def ask(client: httpx2.AsyncClient, texts: Iterator[str], end: float, tally: Tally) -> None:
    """One client: the next request when the last one is answered, until ``end``."""
    while (begin := time.perf_counter()) < end:
        text = next(texts)
        try:
            answer = await client.post("/api/extract", json={"documents": [{"text": text}]})
            (document,) = answer.json()["documents"] if answer.status_code == 200 else [{"text": text}]
            whole = len(document["text"]) > 0
        except (httpx2.HTTPError, ValueError, KeyError):
            tally.answers["lost"] += 1
            continue
        tally.answers[str(answer.status_code) if whole else "lost"] += 1
        tally.seconds.append(time.perf_counter() - begin)


async def crowd(address: str, texts: Sequence[str], clients: int, seconds: float) -> tuple[Tally, dict[str, Any]]:
    """All clients at once; what they met, and what the server has counted."""
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        stream = cycle(texts)
        await ask(client, stream, time.perf_counter() + 1, Tally())  # warms both sides up
        before = (await client.get("/health")).json()
        tally, end = Tally(), time.perf_counter() + seconds
        await asyncio.gather(*(ask(client, stream, end, tally) for _ in range(clients)))
        after = (await client.get("/health")).json()
    return tally, {name: after[name] - before[name] for name in ("documents", "batches")}


@contextmanager
def server(threads: int) -> Iterator[str]:
    """The address of a server in a process of its own, which must end well."""
    command = [sys.executable, "-m", "bran", "serve", "--port", "0", "--quiet", "--threads", str(threads)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline() if process.stderr else ""
    found = re.search(r"http://\S+", line)
    if not found:
        raise typer.Exit(1)
    try:
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        if code := process.wait(30):
            Console(stderr=True).print(f"the server ended with {code}")


def serve(
    corpus: Annotated[Path, typer.Argument(help="Documents; only their text is read.")],
    clients: Annotated[int, typer.Option(min=1, help="That ask at once.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, help="That they ask for.")] = 60,
    threads: Annotated[int, typer.Option(min=1, help="Of the model.")] = 1,
    documents: Annotated[int, typer.Option(min=1, help="Different texts.")] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """Measure a server under a crowd of clients."""
    texts = [document.text for document in read_documents(corpus)][:documents]
    with server(threads) as address:
        tally, counted = asyncio.run(crowd(address, texts, clients, seconds))
    taken = 1000 * np.array(tally.seconds)
    report = Report(
        setting={"clients": clients, "seconds": seconds, "texts": len(texts), "threads": threads},
        answers=dict(tally.answers),
        per_second=tally.answers["200"] / seconds,
        milliseconds={f"p{p}": float(np.percentile(taken, p)) for p in PERCENTILES} | {"largest": float(taken.max())},
        batch=counted["documents"] / max(counted["batches"], 1),
        memory=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    )
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
        return
    table = Table("what", "value")
    for group in ("setting", "answers", "milliseconds"):
        for name, value in getattr(report, group).items():
            table.add_row(f"{group}: {name}", f"{value:.1f}" if isinstance(value, float) else str(value))
    for name in ("per_second", "batch", "memory"):
        table.add_row(name.replace("_", " "), f"{getattr(report, name):.1f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(serve)
