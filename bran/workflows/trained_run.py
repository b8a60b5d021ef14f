"""A run of `bran train` as its folder has it: what others take its models and scores from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bran.config import Config, config_hash, parse_config
from bran.corpus.splits import Split
from bran.errors import ConfigError
from bran.evaluation.averaging import Mean
from bran.evaluation.predictions import Predictions
from bran.export.reading import read_table
from bran.nn.model_folder import DESCRIPTION
from bran.workflows.run_config import RunConfig
from bran.workflows.run_files import CANDIDATES, MODEL, REFIT, SCORES, SETTINGS, SPLITS, read_json

MEMBERS = "members"
"""The key of the settings that an ensemble has, and no other run."""


@dataclass(frozen=True)
class TrainedRun:
    """A run, finished or not.

    Attributes:
        folder: where it is.
        identity: hashes of what decided its results: ``config``, ``corpus`` and others by name.
        config: the resolved one.
        splits: by name, the refit not among them.
        documents: ids of those of the corpus; of an earlier version's run, those of its splits.
    """

    folder: Path
    identity: Mapping[str, str]
    config: RunConfig
    splits: Mapping[str, Split]
    documents: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> TrainedRun:
        """The run in ``folder``.

        Raises:
            ConfigError: when there is none, or it is an ensemble, or its files are damaged or of another version.
        """
        path = folder / SETTINGS
        record = read_json(path)
        settings = record.pop("settings", None)
        if not isinstance(settings, dict):
            raise ConfigError(f"{path}: has no settings; expected a run of `bran train`")
        if MEMBERS in settings:
            raise ConfigError(f"{folder}: an ensemble, which has no model; expected the runs of `bran train` in it")
        config = parse_config(RunConfig, settings, source=str(path))
        splits, documents = _read_splits(folder / SPLITS)
        return cls(folder, record, config, splits, documents)

    def split(self, name: str) -> Split:
        """The split called ``name``.

        Raises:
            ConfigError: when the run has none of that name.
        """
        if name not in self.splits:
            raise ConfigError(f"{self.folder}: has no split {name!r}; it has {', '.join(self.splits) or 'none'}")
        return self.splits[name]

    def trained_on(self, name: str) -> set[str]:
        """Ids of the documents of the corpus that the model of the split (or the refit) called ``name`` learned from.

        Raises:
            ConfigError: when the run has no split of that name, or is of an earlier version and has none at all.
        """
        if name != REFIT:
            return set(self.split(name).train)
        if not self.documents:
            raise ConfigError(
                f"{self.folder / SPLITS}: names no document; expected those of the corpus, which `bran train` writes "
                "when it is started again"
            )
        return set(self.documents)

    def model(self, name: str) -> Path:
        """The folder of the model of the split (or the refit) called ``name``.

        Raises:
            ConfigError: when it is not trained yet.
        """
        folder = self.folder / name / MODEL
        if not (folder / DESCRIPTION).is_file():
            wanted = "refit: true in its config" if name == REFIT else "a run that is done"
            raise ConfigError(f"{folder}: there is no model; expected {wanted}")
        return folder

    def is_scored(self, name: str) -> bool:
        """Whether the split called ``name`` is done."""
        return (self.folder / name / SCORES).is_file()

    def check_scored(self, name: str) -> None:
        """Make sure that the split called ``name`` is done.

        Raises:
            ConfigError: when it is not.
        """
        if not self.is_scored(name):
            raise ConfigError(f"{self.folder / name}: there is no {SCORES}; expected a split that is done")

    def candidates(self, name: str) -> Predictions:
        """Every candidate of the test part of the split called ``name``, with its score.

        Raises:
            ConfigError: when the split is not done.
        """
        self.check_scored(name)
        return Predictions.of(read_table(self.folder / name / CANDIDATES), system=str(self.folder))

    @property
    def record(self) -> dict[str, Any]:
        """What is written down of it where its models are used: folder, name, seed and hashes."""
        return {"run": str(self.folder), "name": self.config.name, "seed": self.config.training.seed, **self.identity}


class _Runs(Config):
    mean: Mean
    runs: tuple[dict[str, str], ...]


def runs_hash(runs: Iterable[TrainedRun], *, mean: Mean = "probabilities") -> str:
    """Twelve hexadecimal digits that name the mean of ``runs``, whatever their order and wherever they lie."""
    identities = sorted((dict(run.identity) for run in runs), key=lambda identity: sorted(identity.items()))
    return config_hash(_Runs(mean=mean, runs=tuple(identities)))


def _read_splits(path: Path) -> tuple[dict[str, Split], frozenset[str]]:
    """The splits by name, and the ids of all documents."""
    try:
        record = read_json(path)
        splits = {
            name: Split(name, *(tuple(parts[side]) for side in ("train", "validation", "test")))
            for name, parts in record["splits"].items()
        }
        of_splits = (id_ for split in splits.values() for id_ in (*split.train, *split.validation, *split.test))
        return splits, frozenset(record.get("documents", of_splits))
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: damaged ({error!r}); expected what `bran train` writes") from None
