"""The options of ``bran extract`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.cli.extract_folder import EngineName, PrecisionName
from bran.corpus.readers import READERS
from bran.nn.precision import PREDICTING

Inputs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="INPUT...",
        help=f"Files of {', '.join(READERS)}, plain or gzipped; - is stdin. Into a folder, also folders and "
        "quoted patterns.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="A table, by suffix: .tsv, .csv, .parquet, .jsonl or .pubtator. Without suffix: the folder of a run, "
        "which goes on when it is started again.",
        show_default="the terminal",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes.", show_default="1 that tags; into a folder: the cores"),
]
Precision = Annotated[
    PrecisionName, typer.Option("--precision", help="Of matrix products; bf16 is faster, auto takes it if it can.")
]
PRECISION = PrecisionName(PREDICTING)
Engine = Annotated[EngineName, typer.Option("--engine", help="Into a folder: this machine, or a Ray cluster.")]
RayAddress = Annotated[
    str | None,
    typer.Option("--ray-address", help="Of a running Ray cluster: auto, HOST:PORT.", show_default="a new one"),
]
MaxSeconds = Annotated[
    float, typer.Option("--max-seconds", min=0.1, help="Into a folder: documents that take longer are left out.")
]
Chunk = Annotated[int, typer.Option("--chunk", min=1, help="Into a folder: documents worked on together.")]
NoTexts = Annotated[bool, typer.Option("--no-texts", help="Into a folder: keep no texts beside relations.")]
JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Into a folder: progress on stderr as JSON, an object per line.")
]
Report = Annotated[
    Path | None, typer.Option("--report", help="List what the run in this folder has left out; extracts nothing.")
]
