"""The folder of an encoder of transformers: what is read of it, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bran.errors import BranError, ConfigError, NetworkError
from bran.nn.hugging_face import HuggingFaceConfig
from bran.nn.hugging_face_files import completed, find_folder, folder_hash, read_subwords
from tests.hugging_face import byte_level, encoder_model, save_encoder, transformers

WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """The folder of an encoder as BERT is. Only to be read."""
    transformers()
    return cache(lambda: save_encoder(tmp_path_factory.mktemp("bert")))


@pytest.fixture
def folder(original: Callable[[], Path], tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(original(), tmp_path / "encoder"))


def config(folder: Path | str, **changes: bool) -> HuggingFaceConfig:
    return HuggingFaceConfig(name=str(folder), **changes)


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_architecture_is_plain_json_and_the_special_subwords_are_the_tokenizers(folder: Path):
    known = completed(config(folder)).known
    assert (known.before, known.after, known.hidden) == ((2,), (3,), 4)
    assert json.loads(json.dumps(known.config)) == known.config
    assert not [name for name in known.config if name.startswith("_")]
    assert str(folder) not in json.dumps(known.config)


def test_weights_in_half_precision_are_read_in_32_bits(folder: Path):
    save_file({name: t.half() for name, t in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS, {"format": "pt"})
    edit(folder / "config.json", dtype="float16")
    assert {p.dtype for p in encoder_model(folder).network.parameters()} == {torch.float32}


def test_a_pooler_may_be_missing_and_nothing_else(folder: Path):
    weights = {name: t for name, t in load_file(folder / WEIGHTS).items() if not name.startswith("pooler")}
    save_file(weights, folder / WEIGHTS, {"format": "pt"})
    encoder_model(folder)
    lost = [name for name in weights if name.startswith("encoder.layer.1.attention.output")]
    save_file({name: t for name, t in weights.items() if name not in lost}, folder / WEIGHTS, {"format": "pt"})
    with pytest.raises(ConfigError, match=rf"encoder: lacks {len(lost)} weights of its config\.json, encoder\.la"):
        encoder_model(folder)


def test_pickled_weights_are_not_read(folder: Path):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    with pytest.raises(
        ConfigError, match=r"holds no \*\.safetensors; expected such weights, pickled ones are not read"
    ):
        encoder_model(folder)


def test_damaged_weights_are_named(folder: Path):
    (folder / WEIGHTS).write_bytes(b"not weights")
    with pytest.raises(ConfigError, match=r"encoder: weights cannot be read \("):
        encoder_model(folder)


def test_weights_of_another_size_are_named(folder: Path):
    edit(folder / "config.json", intermediate_size=48)
    with pytest.raises(ConfigError, match=r"encoder: weights cannot be read \("):
        encoder_model(folder)


def test_a_tokenizer_of_another_encoder_is_named(folder: Path):
    marks = {"unk_token": "<unk>", "mask_token": "<mask>"}
    transformers().PreTrainedTokenizerFast(tokenizer_object=byte_level(), **marks).save_pretrained(folder)
    with pytest.raises(ConfigError, match=r"tokenizer has \d+ subwords, its encoder \d+; expected its own tokenizer"):
        encoder_model(folder)


def test_a_tokenizer_without_a_way_to_hide_words_is_named(folder: Path):
    (folder / "tokenizer_config.json").unlink()
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    transformers().PreTrainedTokenizerFast(tokenizer_object=byte_level()).save_pretrained(folder)
    with pytest.raises(ConfigError, match="has neither a mask nor an unknown token"):
        completed(config(folder))


@pytest.mark.parametrize(("name", "what"), [("config.json", "encoder|tokenizer"), ("tokenizer.json", "tokenizer")])
def test_a_folder_that_lacks_a_file_is_named(folder: Path, name: str, what: str):
    (folder / name).unlink()
    with pytest.raises(ConfigError, match=rf"encoder: no ({what}) that transformers knows \("):
        completed(config(folder))


def test_code_in_a_folder_does_not_run(folder: Path, tmp_path: Path):
    told = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(told)!r}, 'w').close()\nclass Model: pass\nclass Config: pass\n")
    auto_map = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model", "AutoTokenizer": ["evil.Model", "evil.Model"]}
    for file in ("config.json", "tokenizer_config.json"):
        edit(folder / file, auto_map=auto_map)
    encoder_model(folder)
    edit(folder / "config.json", model_type="of-their-own")
    with pytest.raises(ConfigError, match="that transformers knows"):
        encoder_model(folder)
    assert not told.exists()


def test_the_hash_is_that_of_what_lies_in_the_folder(folder: Path):
    before = folder_hash(config(folder))
    (folder / "notes.md").write_text("nothing of the encoder")
    assert folder_hash(config(folder)) == before
    weights = load_file(folder / WEIGHTS)
    save_file({**weights, "embeddings.LayerNorm.bias": torch.ones(16)}, folder / WEIGHTS, {"format": "pt"})
    assert folder_hash(config(folder)) != before


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of the hub."""
    transformers()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_name_is_looked_for_in_the_cache_of_the_hub(hub: Path, folder: Path):
    snapshot = hub / "models--some--encoder" / "snapshots" / "1234567890123456789012345678901234567890"
    snapshot.parent.mkdir(parents=True)
    folder.rename(snapshot)
    (hub / "models--some--encoder" / "refs").mkdir()
    (hub / "models--some--encoder" / "refs" / "main").write_text(snapshot.name)
    assert find_folder(config("some/encoder")) == snapshot
    assert len(read_subwords(config("some/encoder"))) > 100


@pytest.mark.parametrize(
    ("name", "download", "kind", "message"),
    [
        (
            "some/encoder",
            False,
            ConfigError,
            r"name = some/encoder: .* with model\.encoder\.download = true, which fetch",
        ),
        ("some/encoder", True, NetworkError, r"name = some/encoder: cannot be fetched from the hub \("),
        (
            "./not there",
            False,
            ConfigError,
            r"name = \./not there: no such folder; expected one, or the name of an enc",
        ),
    ],
)
def test_an_encoder_that_is_nowhere_is_named_with_what_would_fetch_it(
    hub: Path, name: str, download: bool, kind: type[BranError], message: str
):
    with pytest.raises(kind, match=message) as caught:
        find_folder(config(name, download=download))
    assert "\n" not in str(caught.value)
