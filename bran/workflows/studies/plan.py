"""The plan of a study: every run of the grid variant × seed × fold, each with the key of what decides its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bran.config import config_hash
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.corpus.splits import Split, SplitConfig
from bran.errors import ConfigError, ModelError
from bran.workflows.pretrained_encoders import with_architecture
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import check_start, describe
from bran.workflows.studies.config import Study
from bran.workflows.studies.fingerprint import code_hash, data_hash, mesh_hash, named_hashes
from bran.workflows.teaching import teachers_hash


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: a row of the study, trained with one seed on one split.

    Attributes:
        row: name of the base or of a variant.
        seed: of the training.
        split: what is trained, validated and tested on.
        config: all that decides the result but for the corpus and the code.
        key: names everything that decides the result: a run is done when there is a result with its key.
    """

    row: str
    seed: int
    split: Split
    config: RunConfig
    key: str

    @property
    def name(self) -> str:
        """``variant/seed/fold``."""
        return f"{self.row}/{self.seed}/{self.split.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All runs of a study, seed by seed and fold by fold, so that rows can be compared as early as may be.

    Attributes:
        study: what is compared.
        corpus: what it is compared on.
        runs: of all rows.
    """

    study: Study
    corpus: Corpus
    runs: tuple[PlannedRun, ...]

    def select(self, names: Sequence[str]) -> tuple[PlannedRun, ...]:
        """The runs that ``names`` mean: a row, ``variant/seed``, or ``variant/seed/fold``; all when there are none.

        Raises:
            ConfigError: when a name means no run.
        """
        for name in names:
            if not any(_means(name, run) for run in self.runs):
                known = ", ".join(self.study.rows)
                raise ConfigError(f"run {name!r}: is not in the study; expected variant/seed/fold, variants: {known}")
        return tuple(run for run in self.runs if not names or any(_means(name, run) for name in names))


def plan_study(study: Study, corpus: Corpus, *, mesh: MeshTree) -> Plan:
    """Lay out the grid, and make sure that each run could be started.

    Args:
        study: what is compared.
        corpus: what it is compared on.
        mesh: the tree of the hypernym filter.

    Raises:
        ConfigError: when a split has no document to train, validate or test on, two have one name, the network of
            a row cannot be built, or there is nothing to start from or to read where a config says.
        ModelError: when a teacher of a split is not there.
        DuplicateDocumentError: when a document of the corpus is among the weak ones of a row.
    """
    for row, config in study.rows.items():
        _check_network(row, config)
        if config.weak is not None:
            config.weak.load(load_schema(config.relation_schema)).check(corpus)
    splits = [(config, split) for config in study.base.splits for split in config.build(corpus)]
    _check_splits(splits)
    shared = {"corpus": corpus.hash, "code": code_hash(), "mesh": mesh_hash(mesh)}
    files = {row: named_hashes(config) for row, config in study.rows.items()}
    runs = []
    for seed in study.config.seeds:
        for kind, split in splits:
            for row in study.rows:
                config = study.run_config(row, seed, kind)
                decides = {**shared, **files[row], **_teachers(config, split)}
                decides |= {"config": config_hash(config), "split": split.name}
                runs.append(PlannedRun(row, seed, split, config, data_hash(decides)))
    return Plan(study, corpus, tuple(runs))


def _teachers(config: RunConfig, split: Split) -> dict[str, str]:
    """Hash of the models that say in ``split`` what is not stated."""
    return {"teacher": teachers_hash(config.teachers, [split.name])} if config.teachers else {}


def _means(name: str, run: PlannedRun) -> bool:
    return f"{run.name}/".startswith(f"{name.rstrip('/')}/")


def _check_splits(splits: Sequence[tuple[SplitConfig, Split]]) -> None:
    names = [split.name for _, split in splits]
    for config, split in splits:
        if names.count(split.name) > 1:
            raise ConfigError(f"splits: {split.name!r} stands twice; expected each kind of split once")
        if not split.test:
            raise ConfigError(f"split {split.name}: no document is left to test on")
        if config.validation and not split.validation:
            share = f"{config.validation:g} of {len(split.train)}"
            raise ConfigError(
                f"split {split.name}: no document is left to validate on ({share}); validation: 0 wants none"
            )


def _check_network(row: str, config: RunConfig) -> None:
    """Build the network of ``row``, as small as it may be, and throw it away; look at what it is to start from."""
    schema = load_schema(config.relation_schema)
    try:
        with_architecture(config.model).build(schema=schema, vocabulary=8, window=config.encoding.window)
        if config.init is not None:
            check_start(Path(config.init), describe(config, schema))
    except (ConfigError, ModelError) as error:
        raise ConfigError(f"variant {row!r}: {error}") from None
