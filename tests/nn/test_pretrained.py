from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bran.errors import ModelError
from bran.nn.language_model import LanguageModelConfig
from bran.nn.model_folder import DESCRIPTION, SUBWORDS, WEIGHTS
from bran.nn.pretrained import EncoderDescription, PretrainedEncoder, is_encoder
from tests.builders import model_config, subwords, tiny_model


def encoder() -> PretrainedEncoder:
    model = LanguageModelConfig(encoder=model_config().encoder)
    description = EncoderDescription(name="tiny", window=32, model=model, training={"seed": 0})
    torch.manual_seed(0)
    return PretrainedEncoder(description, subwords(), model.build_reader(vocabulary=len(subwords()), window=32))


def test_saved_and_loaded_is_the_same_encoder(tmp_path: Path) -> None:
    saved = encoder()
    saved.save(tmp_path / "model", card="# tiny\n")
    loaded = PretrainedEncoder.load(tmp_path / "model")
    assert loaded.description == saved.description
    assert len(loaded.subwords) == len(saved.subwords)
    for name, tensor in saved.reader.state_dict().items():
        assert torch.equal(loaded.reader.state_dict()[name], tensor), name


def test_an_encoder_is_told_from_a_model(tmp_path: Path) -> None:
    encoder().save(tmp_path / "encoder", card="")
    tiny_model().save(tmp_path / "model")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / DESCRIPTION).write_text("[")
    found = {name: is_encoder(tmp_path / name) for name in ("encoder", "model", "damaged", "absent")}
    assert found == {"encoder": True, "model": False, "damaged": False, "absent": False}


def test_a_vocabulary_of_other_subwords_is_refused(tmp_path: Path) -> None:
    saved = encoder()
    saved.description = saved.description.model_copy(update={"vocabulary": subwords().hash})
    saved.save(tmp_path, card="")
    assert PretrainedEncoder.load(tmp_path).subwords.hash == subwords().hash
    path = tmp_path / SUBWORDS
    data = json.loads(path.read_text(encoding="utf-8"))
    vocabulary = data["model"]["vocab"]
    first, second = (next(name for name, index in vocabulary.items() if index == i) for i in (2, 3))
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ModelError, match=r"subwords\.json: vocabulary [0-9a-f]{12}; expected [0-9a-f]{12}, "):
        PretrainedEncoder.load(tmp_path)


def test_damage_is_named(tmp_path: Path) -> None:
    encoder().save(tmp_path, card="")
    with pytest.raises(ModelError, match=r"absent/model\.json: not a model folder .* expected what `bran pretrain`"):
        PretrainedEncoder.load(tmp_path / "absent")
    path = tmp_path / DESCRIPTION
    data = json.loads(path.read_text())
    data["model"]["encoder"]["dim"] = 16
    path.write_text(json.dumps(data))
    with pytest.raises(ModelError, match=r"weights do not fit model\.json"):
        PretrainedEncoder.load(tmp_path)
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(ModelError, match=r"weights\.safetensors: cannot be read"):
        PretrainedEncoder.load(tmp_path)
