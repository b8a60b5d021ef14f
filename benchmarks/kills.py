"""Runs that are killed at random moments and started again, against one that is not: no row is lost or doubled.

::

    python -m benchmarks.kills CORPUS --runs 100 --files 24 --documents 20 --seed 1

CORPUS is a PubTator file; its documents are repeated under new ids. Every run is killed (SIGKILL, the leading process)
once at a moment drawn evenly from the time that the uninterrupted run took, then started again until it ends by itself;
what `bran export` would write of it is compared with that of the uninterrupted run.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bran.corpus.document import Document
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.corpus.writers import PubTatorWriter
from bran.export.run_tables import open_tables

_COMMAND = """
from functools import partial
from bran.workflows.batch import run
from bran.workflows.batch.planning import plan
from bran.cli.main import main
run.plan = partial(plan, small=0)  # every file is a shard, small as they are
main()
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """A run that was killed.

    Attributes:
        seconds: after which.
        parts: finished by then.
        half: shards under way then.
        ended: whether it was over before.
        equal: whether it has the same rows in the end.
    """

    seconds: float
    parts: int
    half: int
    ended: bool
    equal: bool


def write_inputs(corpus: Path, folder: Path, *, files: int, documents: int) -> Path:
    """``files`` PubTator files of ``documents`` each, all ids different; returns their folder."""
    schema = load_schema("cdr")
    known = cycle(list(islice(read_documents(corpus, schema=schema), 500)))
    folder.mkdir()
    for number in range(files):
        with (folder / f"part{number + 1}.txt").open("w", encoding="utf-8") as stream:
            chosen = (_renamed(next(known), 10_000_000 + number * documents + i) for i in range(documents))
            PubTatorWriter(schema=schema).write(chosen, stream)
    return folder


def _renamed(document: Document, number: int) -> Document:
    return replace(document, id=str(number))


def rows(folder: Path) -> list[dict[str, Any]]:
    """What the parts of a run hold together, in the order of an export."""
    with open_tables(folder) as tables:
        return list(tables.rows())


def start(inputs: Path, output: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a run, or go on with it."""
    command = [sys.executable, "-c", _COMMAND, "extract", str(inputs), "-o", str(output), "--quiet", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def finish(inputs: Path, output: Path, options: Sequence[str]) -> float:
    """Let a run come to its end; returns seconds.

    Raises:
        RuntimeError: when it fails.
    """
    began = time.perf_counter()
    process = start(inputs, output, options)
    _, told = process.communicate()
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {told.decode()}")
    return time.perf_counter() - began


def killed(inputs: Path, output: Path, options: Sequence[str], after: float, expected: list[dict[str, Any]]) -> Kill:
    """Kill a run ``after`` seconds, start it again, and compare."""
    process = start(inputs, output, options)
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    parts, half = (len(list((output / name).glob("*"))) for name in ("parts", "work"))
    finish(inputs, output, options)
    return Kill(after, parts, half, process.returncode == 0, rows(output) == expected)


def main() -> None:
    """Print a line for each run, and how many have the same rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--documents", type=int, default=20, help="in each file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=["--workers", "2", "--chunk", "8"])
    args = parser.parse_args()
    generator = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = write_inputs(args.corpus, folder / "inputs", files=args.files, documents=args.documents)
        seconds = finish(inputs, folder / "whole", args.options)
        expected = rows(folder / "whole")
        print(json.dumps({"uninterrupted_seconds": round(seconds, 1), "rows": len(expected)}), flush=True)
        kills = []
        for _ in range(args.runs):
            kills.append(killed(inputs, folder / "run", args.options, generator.uniform(0, seconds), expected))
            print(kills[-1], flush=True)
            shutil.rmtree(folder / "run", ignore_errors=True)
    in_work = sum(not kill.ended and kill.half > 0 for kill in kills)
    print(f"{len(kills)} runs, {in_work} killed with shards under way, {sum(k.equal for k in kills)} with equal rows")
    if not all(kill.equal for kill in kills):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
