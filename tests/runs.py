"""Small invented corpora and training runs over them, for the tests of workflows and commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bran.config import override, parse_config
from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.corpus.writers import PubTatorWriter
from bran.nn.devices import Processes
from bran.training.loop import Metrics
from bran.workflows.fitting import Fitter, Listener, Machine
from bran.workflows.run_config import RunConfig
from bran.workflows.summary import Summary
from bran.workflows.tracking import NullTracker, Tracker
from bran.workflows.train import TrainingRun
from bran.workflows.training_data import TrainingData
from tests.builders import document, model_config, training_config

KFOLD = {"kind": "kfold", "folds": 2, "seed": 5, "validation": 0.34}
TEMPORAL = {"kind": "temporal", "cuts": 1, "test_size": 3, "validation": 0.34}
TREE = MeshTree({"MESH:D8": ("C01",), "MESH:D1": ("C01.100",)})
"""Above every induced tremor of :func:`abstracts` stands a disease that they mention too."""

_TITLES = (
    "gait", "sleep", "skin", "vision", "hearing", "speech", "memory", "balance", "touch", "taste", "smell", "mood"
)  # fmt: skip


def abstracts(count: int = 12) -> list[Document]:
    """Up to twelve abstracts with the schema ``cdr``, newest last: one related pair of three in each.

    Tremor is the related disease; that of the class above it is a hypernym in :data:`TREE`, pain is not.
    """
    return [
        document(
            str(1000 + index),
            f"{{Velorin|Chemical|MESH:C1}} and {title} in {index + 2} men.",
            "It induced {tremor|Disease|MESH:D1}, a {movement disorder|Disease|MESH:D8}. "
            "{Velorin|Chemical|MESH:C1} was given for {pain|Disease|MESH:D2}.",
            relations=[("CID", "MESH:C1", "MESH:D1")],
        )
        for index, title in enumerate(_TITLES[:count])
    ]


def write_corpus(path: Path, documents: Sequence[Document]) -> Path:
    """``documents`` as a PubTator file; returns its path."""
    with path.open("w", encoding="utf-8") as stream:
        PubTatorWriter(schema=load_schema("cdr")).write(documents, stream)
    return path


def settings(*changes: str, **given: Any) -> dict[str, Any]:
    """The content of a run's YAML file: a network of a few hundred weights, two epochs.

    Args:
        changes: dotted overrides (``training.seed=1``).
        given: top-level keys that replace the defaults (``splits=[...]``).
    """
    defaults = {
        "name": "tiny",
        "splits": [KFOLD],
        "encoding": {"subwords": {"vocabulary": 100, "min_frequency": 1}, "window": 128, "overlap": 32},
        "model": model_config().model_dump(mode="json"),
        "training": training_config("batches.max_tokens=60").model_dump(mode="json"),
    }
    return override({**defaults, **given}, changes)


def run_config(*changes: str, **given: Any) -> RunConfig:
    """:func:`settings`, validated."""
    return parse_config(RunConfig, settings(*changes, **given), source="run_config")


def write_config(path: Path, *changes: str, **given: Any) -> Path:
    """:func:`settings` as a YAML file; returns its path."""
    path.write_text(yaml.safe_dump(settings(*changes, **given)), encoding="utf-8")
    return path


class Ears:
    """Shows nothing, and remembers what it was told.

    Args:
        on_epoch: called with the name of a fit and an epoch that has ended; may raise.
        on_advance: called with the name of a fit and the number of steps that it has taken; may raise.

    Attributes:
        epochs: (name of the fit, epoch) in order.
        steps: of each fit, by name.
        metrics: of each epoch, in order.
    """

    def __init__(
        self,
        on_epoch: Callable[[str, int], None] = lambda name, epoch: None,
        on_advance: Callable[[str, int], None] = lambda name, steps: None,
    ) -> None:
        self.on_epoch, self.on_advance = on_epoch, on_advance
        self.epochs: list[tuple[str, int]] = []
        self.steps: dict[str, int] = {}
        self.metrics: list[Metrics] = []

    @contextmanager
    def fit(self, name: str, documents: int) -> Iterator[Listener]:
        """Listen to the fit called ``name``."""

        def epoch(metrics: Metrics, number: int) -> None:
            self.epochs.append((name, number))
            self.metrics.append(metrics)
            self.on_epoch(name, number)

        def advance(read: int) -> None:
            self.steps[name] = self.steps.get(name, 0) + 1
            self.on_advance(name, self.steps[name])

        yield Listener(epoch, advance)


def fitter(
    config: RunConfig,
    *,
    checkpoint_steps: int = 1,
    processes: Processes | None = None,
    data: Callable[..., TrainingData] = TrainingData,
) -> Fitter:
    """Fits models of ``config`` on the CPU, with :data:`TREE`."""
    machine = Machine("cpu", checkpoint_steps, processes or Processes())
    return Fitter(config, mesh=TREE, mesh_version="tiny", machine=machine, data=data)


def training_run(
    folder: Path,
    config: RunConfig | None = None,
    documents: Sequence[Document] | None = None,
    *,
    tracker: Tracker | None = None,
    ears: Ears | None = None,
    init: Path | None = None,
    processes: Processes | None = None,
    data: Callable[..., TrainingData] = TrainingData,
) -> TrainingRun:
    """A run of ``config`` on ``documents``, not yet started; by default two folds of :func:`abstracts`."""
    config = config or run_config()
    return TrainingRun(
        config,
        Corpus(tuple(documents or abstracts())),
        folder,
        fitter=fitter(config, processes=processes, data=data),
        tracker=tracker or NullTracker(),
        display=ears or Ears(),
        init=init,
    )


def start(folder: Path, config: RunConfig | None = None, *, only: Sequence[str] = (), **how: Any) -> Summary:
    """Run :func:`training_run` to its end."""
    return training_run(folder, config, **how).run(source=Path("invented.txt"), only=only)
