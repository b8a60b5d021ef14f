from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from bran.config import Config
from bran.encoding.subwords import Subwords
from bran.errors import ModelError
from bran.nn.model_folder import (
    CARD,
    DESCRIPTION,
    FORMAT_VERSION,
    SUBWORDS,
    WEIGHTS,
    load_weights,
    parse_description,
    write_folder,
)
from tests.builders import subwords


class Description(Config):
    """A small one."""

    format_version: int = FORMAT_VERSION
    name: str = "Müller's"


def layer(seed: int = 0, size: int = 3) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(size, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "made" / "here"
    write_folder(target, description=Description(), network=layer(), subwords=subwords(), card="# A card\n")
    return target


def test_what_is_written_is_read(folder: Path):
    assert sorted(path.name for path in folder.iterdir()) == sorted([CARD, DESCRIPTION, SUBWORDS, WEIGHTS])
    network = layer(seed=1)
    load_weights(folder, network)
    assert torch.equal(network.weight, layer().weight)
    assert parse_description(folder, Description, writer="bran x") == Description()
    assert len(Subwords.load(folder / SUBWORDS)) == len(subwords())
    assert (folder / CARD).read_text() == "# A card\n"
    assert "Müller's" in (folder / DESCRIPTION).read_text(encoding="utf-8")


def test_tensors_that_lose_nothing_are_kept_in_16_bits(folder: Path):
    network = layer()
    with torch.no_grad():
        network.weight.copy_(network.weight.half())
    write_folder(folder, description=Description(), network=network, subwords=subwords(), card="")
    saved = load_file(folder / WEIGHTS)
    assert (saved["weight"].dtype, saved["bias"].dtype) == (torch.float16, torch.float32)
    again = layer(seed=1)
    load_weights(folder, again)
    assert again.weight.dtype == torch.float32
    assert torch.equal(again.weight, network.weight)


def test_what_is_half_written_is_no_model(folder: Path):
    class Broken(nn.Module):
        def state_dict(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_folder(folder, description=Description(), network=Broken(), subwords=subwords(), card="")
    with pytest.raises(ModelError, match="not a model folder"):
        parse_description(folder, Description, writer="bran x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"model\.json: not a model folder \(No such file or directory\); expected what `bran x` writes"),
        ("{", r"model\.json: not a model folder \(Expecting property name"),
        ("[1]", rf"model\.json: format version None; this version of bran reads {FORMAT_VERSION}"),
        ('{"format_version": 99}', r"model\.json: format version 99; this version of bran reads"),
        (
            f'{{"format_version": {FORMAT_VERSION}, "nome": "x"}}',
            r"model\.json: unknown key 'nome' .*did you mean 'name'",
        ),
    ],
)
def test_a_description_that_is_none(folder: Path, content: str | None, message: str):
    (folder / DESCRIPTION).unlink()
    if content is not None:
        (folder / DESCRIPTION).write_text(content)
    with pytest.raises(ModelError, match=message):
        parse_description(folder, Description, writer="bran x")


def test_weights_that_are_missing_damaged_or_of_another_network(folder: Path):
    with pytest.raises(ModelError, match=r"weights\.safetensors: weights do not fit model\.json \(.*size mismatch"):
        load_weights(folder, layer(size=4))
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-3])
    with pytest.raises(ModelError, match=r"weights\.safetensors: cannot be read .*; expected safetensors weights"):
        load_weights(folder, layer())
    (folder / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors: cannot be read"):
        load_weights(folder, layer())


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is mapped")
def test_weights_stay_mapped_from_their_file(folder: Path):
    """So that processes that run the same model share its memory."""
    network = layer()
    load_weights(folder, network)
    assert str(folder / WEIGHTS) in Path("/proc/self/smaps").read_text()
    with torch.no_grad():
        network.weight.add_(1)  # a copy of this process's own: the file stays as it is
    again = layer(seed=1)
    load_weights(folder, again)
    assert torch.equal(again.weight + 1, network.weight)
