"""The projects of corpora with several relation types: their steps are commands that there are, their configs hold."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup

from bran.cli.main import app
from bran.config import config_hash, load_config
from bran.corpus.splits import GivenConfig
from bran.workflows.run_config import RunConfig
from tests.runs import fitter

NAMES = ("biored", "chemdisgene", "chemprot")


@pytest.fixture
def project(root: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((root / "pipelines" / name / "project.yml").read_text(encoding="utf-8"))
    return content


@pytest.fixture
def config(root: Path, name: str) -> RunConfig:
    return load_config(RunConfig, root / "pipelines" / name / "configs" / "given.yaml")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_a_command_with_its_options(project: dict[str, Any]) -> None:
    bran = typer.main.get_command(app)
    assert isinstance(bran, TyperGroup)
    for line in (line for command in project["commands"] for line in command["script"]):
        for variable, value in project["vars"].items():
            line = line.replace(f"${{vars.{variable}}}", str(value))
        _, _, _, *arguments = shlex.split(line.replace("${env.data}", "data"))  # python -m bran
        assert not any("$" in argument for argument in arguments)
        group: TyperGroup = bran
        context = bran.make_context("bran", arguments)
        while True:
            called, command, arguments = group.resolve_command(context, arguments)
            assert command is not None
            context = command.make_context(called, arguments, parent=context)  # raises on what it does not take
            if not isinstance(command, TyperGroup):
                break
            group = command


@pytest.mark.parametrize("name", NAMES)
def test_workflows_are_made_of_steps_that_need_what_earlier_ones_leave(project: dict[str, Any]) -> None:
    steps = {command["name"]: command for command in project["commands"]}
    left: set[str] = set()
    for step in project["workflows"]["all"]:
        needed = {path for path in steps[step]["deps"] if not path.startswith(("${env.", "configs/"))}
        assert needed <= left
        left |= set(steps[step].get("outputs", ()))


@pytest.mark.parametrize("name", NAMES)
def test_configs_train_with_the_schema_of_their_corpus_on_its_published_parts(name: str, config: RunConfig) -> None:
    assert (config.name, config.relation_schema) == (f"bran-{name}", name)
    (split,) = config.splits
    assert isinstance(split, GivenConfig)
    assert {*split.train, split.test} <= set(config.parts)
    model = fitter(config)  # refuses a filter that the schema has no use for
    network = config.model.build(schema=model.schema, vocabulary=50, window=config.encoding.window)
    labels = len(model.schema.labels) + model.schema.exclusive
    assert network.scorer.biaffine.weight.shape == (config.model.encoder.dim + 1, labels, config.model.encoder.dim + 1)


def test_configs_differ(root: Path) -> None:
    configs = [load_config(RunConfig, root / "pipelines" / name / "configs" / "given.yaml") for name in NAMES]
    assert len({config_hash(config) for config in configs}) == len(NAMES)
    assert [config.encoding.mention_pairs for config in configs] == ["all", "all", "sentence"]
