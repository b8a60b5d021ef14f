from __future__ import annotations

import re
from pathlib import Path

import pytest

from bran.errors import ModelError
from bran.extraction.model_hash import model_hash
from bran.nn.model_folder import CARD, DESCRIPTION, SUBWORDS, WEIGHTS
from tests.builders import tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_model().save(tmp_path / "model")
    return tmp_path / "model"


def test_twelve_digits_that_stay(folder: Path) -> None:
    assert re.fullmatch("[0-9a-f]{12}", model_hash(folder))
    assert model_hash(folder) == model_hash(folder)


@pytest.mark.parametrize("name", [DESCRIPTION, WEIGHTS, SUBWORDS])
def test_each_file_that_decides_changes_it(folder: Path, name: str) -> None:
    before = model_hash(folder)
    path = folder / name
    path.write_bytes(path.read_bytes() + b" ")
    assert model_hash(folder) != before


def test_the_card_does_not(folder: Path) -> None:
    before = model_hash(folder)
    (folder / CARD).write_text("other words")
    assert model_hash(folder) == before


def test_missing_file_is_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors: cannot be read"):
        model_hash(folder)
