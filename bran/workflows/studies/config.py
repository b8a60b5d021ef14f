"""The config of a study: one YAML file says what is compared with what, and how often.

::

    name: paper
    base: ../configs/paper.yaml     # or the config itself
    splits: [{kind: kfold, folds: 5, seed: 13, validation: 0.15}]   # those of the base unless given
    seeds: [0, 1, 2]
    variants:
      cnn-only: {model.encoder.attention: null}
      no-ner: [training.tagging.probability=0]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from bran.config import Config, config_hash, override, parse_config, read_settings, read_yaml
from bran.corpus.splits import SplitConfig
from bran.errors import ConfigError
from bran.workflows.run_config import RunConfig

_OF_THE_STUDY = ("name", "splits", "refit", "training.seed")
"""Keys of a run's config that the study sets: no variant may."""

Name = Annotated[str, StringConstraints(pattern=r"^\w[\w.+-]*$")]
"""A name that can stand in paths and in ``variant/seed/fold``."""


def _dotted(value: Any) -> Any:
    """Differences by dotted key, from a list of ``dotted.key=value``; anything else as it is."""
    if not isinstance(value, list):
        return value
    pairs = [str(item).partition("=") for item in value]
    for key, separator, _ in pairs:
        if not (key and separator):
            raise ValueError("expected dotted.key=value, or a mapping of dotted keys to values")
    return {key: yaml.safe_load(text) for key, _, text in pairs}


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands twice")
    return seeds


Differences = Annotated[dict[str, Any], BeforeValidator(_dotted)]


class StudyConfig(Config):
    """What is compared: variants of a base config, each trained with every seed on every split."""

    name: Name
    """What the study is called in MLflow and in its report."""
    base: dict[str, Any] | str
    """The config that variants differ from; or where it lies, relative to the study's file."""
    base_name: Name = "base"
    """What the row of the base is called."""
    changes: Differences = Field(default_factory=dict)
    """Differences of all runs from ``base``, the base's own row included."""
    variants: dict[Name, Differences] = Field(default_factory=dict)
    """Differences from the base, by the name of the row."""
    seeds: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1), AfterValidator(_distinct)] = (0,)
    """``training.seed`` of the runs of each row."""
    splits: tuple[SplitConfig, ...] = ()
    """Ways to part the corpus; those of the base unless given. The first one is what the main table shows."""

    def resolve(self, place: Path) -> Study:
        """The study with the config of each row; ``place`` is the file that this was read from.

        Raises:
            ConfigError: when a key or value does not hold, a variant changes nothing or what the study sets, or
                two are the same.
        """
        base = self.base if isinstance(self.base, dict) else read_settings(place.parent / self.base)
        rows = {self.base_name: self._row(base, {}, f"{place}: base")}
        hashes = {config_hash(rows[self.base_name]): self.base_name}
        for name, differences in self.variants.items():
            source = f"{place}: variant {name!r}"
            if name == self.base_name:
                raise ConfigError(f"{source}: is the name of the base; expected another one")
            rows[name] = self._row(base, differences, source)
            same = hashes.setdefault(config_hash(rows[name]), name)
            if same == self.base_name:
                given = ", ".join(differences) or "no key"
                raise ConfigError(f"{source}: changes nothing ({given}); expected a value that the base does not have")
            if same != name:
                raise ConfigError(f"{source}: is the same as {same!r}; expected each variant once")
        return Study(self, place, rows)

    def _row(self, base: Mapping[str, Any], differences: Mapping[str, Any], source: str) -> RunConfig:
        """The config of a row, with the splits of the study."""
        changes = {**self.changes, **differences}
        for key in changes:
            if any(key == own or key.startswith(f"{own}.") for own in _OF_THE_STUDY):
                raise ConfigError(f"{source}: {key!r} is set by the study; expected another key")
        data = override({**base, "refit": False}, [f"{key}={json.dumps(value)}" for key, value in changes.items()])
        if self.splits:
            data["splits"] = [split.model_dump(mode="json") for split in self.splits]
        return parse_config(RunConfig, data, source=source)


class Study:
    """A study whose rows all have their config.

    Args:
        config: of the study.
        place: the file that it was read from.
        rows: config of each row by its name, the base first; seeds are those of the config.
    """

    def __init__(self, config: StudyConfig, place: Path, rows: Mapping[str, RunConfig]) -> None:
        self.config, self.place, self.rows = config, place, dict(rows)

    @property
    def base(self) -> RunConfig:
        """The config that variants differ from."""
        return self.rows[self.config.base_name]

    def run_config(self, row: str, seed: int, split: SplitConfig) -> RunConfig:
        """All that decides the result of one run, but for the corpus: one seed, one kind of split."""
        config = self.rows[row]
        training = config.training.model_copy(update={"seed": seed})
        return config.model_copy(update={"splits": (split,), "training": training})


def load_study(path: Path) -> Study:
    """Read the study's YAML file and resolve it.

    Raises:
        ConfigError: when it cannot be read, a key stands twice, or it does not hold: see
            :meth:`StudyConfig.resolve`.
    """
    data = read_yaml(path)
    _check_keys(path)
    return parse_config(StudyConfig, data, source=str(path)).resolve(path)


def _check_keys(path: Path) -> None:
    """Make sure that no key stands twice: YAML would keep the last one and say nothing."""
    nodes = [yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        if not isinstance(node, yaml.MappingNode):
            continue
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"{path}:{line}: key {key.value!r} stands twice; expected each name once")
            seen.add(str(key.value))
            nodes.append(value)
