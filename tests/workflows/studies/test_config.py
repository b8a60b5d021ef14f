from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bran.config import config_hash
from bran.errors import ConfigError
from bran.workflows.studies.config import load_study
from tests.runs import KFOLD, TEMPORAL, settings, write_config
from tests.studies import small_study, write_study


def test_rows_are_the_base_and_its_differences(tmp_path: Path) -> None:
    study = small_study(tmp_path, seeds=[3, 4])
    assert list(study.rows) == ["base", "cnn-only", "max"]
    assert study.base.model.encoder.attention is not None
    assert study.rows["cnn-only"].model.encoder.attention is None
    assert study.rows["max"].model.scorer.pooling.kind == "max"
    assert study.rows["max"].model.encoder == study.base.model.encoder


def test_the_base_may_lie_in_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    write_config(tmp_path / "base.yaml", "training.epochs=1")
    inline = small_study(tmp_path)
    path = write_study(tmp_path / "studies" / "study.yaml", base="../base.yaml")
    assert config_hash(load_study(path).base) == config_hash(inline.base)


def test_splits_and_changes_hold_for_every_row(tmp_path: Path) -> None:
    study = small_study(tmp_path, splits=[TEMPORAL], changes={"training.epochs": 7}, base_name="full")
    assert next(iter(study.rows)) == "full"
    for config in study.rows.values():
        assert [split.kind for split in config.splits] == ["temporal"]
        assert config.training.epochs == 7
        assert not config.refit


def test_a_run_has_its_seed_and_its_kind_of_split_only(tmp_path: Path) -> None:
    study = small_study(tmp_path, splits=[KFOLD, TEMPORAL])
    config = study.run_config("max", 9, study.base.splits[1])
    assert config.training.seed == 9
    assert [split.kind for split in config.splits] == ["temporal"]
    assert config.model == study.rows["max"].model


ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": (
        {"variants": {"a": {"model.encoder.atention": None}}},
        "variant 'a': unknown key 'model.encoder.atention' (value None); did you mean 'attention'?",
    ),
    "an unknown key of the study": ({"varaints": {}}, "unknown key 'varaints' (value {}); did you mean 'variants'?"),
    "a value": ({"variants": {"a": {"model.encoder.blocks": "two"}}}, "variant 'a': model.encoder.blocks = 'two':"),
    "no change": (
        {"variants": {"a": {"model.encoder.blocks": 1}}},
        "variant 'a': changes nothing (model.encoder.blocks); expected a value that the base does not have",
    ),
    "no key": ({"variants": {"a": {}}}, "variant 'a': changes nothing (no key)"),
    "a variant twice": (
        {"variants": {"a": {"model.encoder.blocks": 2}, "b": ["model.encoder.blocks=2"]}},
        "variant 'b': is the same as 'a'; expected each variant once",
    ),
    "the name of the base": ({"variants": {"base": {"model.encoder.blocks": 2}}}, "is the name of the base"),
    "a seed": ({"variants": {"a": {"training.seed": 2}}}, "'training.seed' is set by the study"),
    "a split": ({"changes": {"splits": []}}, "'splits' is set by the study"),
    "no equals sign": ({"variants": {"a": ["model.encoder.blocks"]}}, "expected dotted.key=value, or a mapping"),
    "a seed twice": ({"seeds": [1, 1]}, "a seed stands twice"),
    "no seed": ({"seeds": []}, "seeds = []: Tuple should have at least 1 item"),
    "a name": ({"variants": {"a/b": {"model.encoder.blocks": 2}}}, "String should match pattern"),
    "no base": ({"base": "absent.yaml"}, "absent.yaml: cannot be read (No such file"),
    "a base": ({"base": {**settings(), "trainig": {}}}, "base: unknown key 'trainig' (value {}); did you mean"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_does_not_hold_is_named(tmp_path: Path, case: str) -> None:
    given, message = ERRORS[case]
    with pytest.raises(ConfigError) as error:
        small_study(tmp_path, **given)
    assert message in str(error.value)
    assert str(error.value).startswith(str(tmp_path))
    assert "\n" not in str(error.value)


def test_a_name_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    path = write_study(tmp_path / "study.yaml", variants={"a": {"model.encoder.blocks": 2}})
    lines = path.read_text().splitlines()
    number = lines.index("  a:")
    path.write_text("\n".join([*lines[: number + 2], "  a:", "    model.encoder.blocks: 3", *lines[number + 2 :]]))
    assert yaml.safe_load(path.read_text())["variants"] == {"a": {"model.encoder.blocks": 3}}
    with pytest.raises(ConfigError, match=rf"study\.yaml:{number + 3}: key 'a' stands twice"):
        load_study(path)
