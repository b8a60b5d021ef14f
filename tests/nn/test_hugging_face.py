"""Encoders of transformers as part of a network: their vectors, their gradients, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from bran.config import config_hash
from bran.encoding.batches import Batch, collate
from bran.encoding.pretrained_subwords import SHIFT
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.errors import ConfigError
from bran.extraction.trained_model import TrainedModel
from bran.nn.hugging_face import HuggingFaceConfig
from bran.nn.losses import pair_loss, tag_loss
from bran.training.optimiser import OptimiserConfig
from tests.builders import document, documents, model_config
from tests.hugging_face import DIM, KINDS, LAYERS, encoder_model, save_encoder, transformers

Folders = Callable[[str], Path]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """The folder of an encoder of a kind. Only to be read."""
    transformers()
    return cache(lambda kind: save_encoder(tmp_path_factory.mktemp(kind), kind))


def batch(model: TrainedModel) -> Batch:
    return collate(model.encoder(documents()))


def losses(model: TrainedModel, inputs: Batch) -> torch.Tensor:
    network = model.network
    pairs = pair_loss(network.link.losses(network(inputs), inputs.labels), inputs.weights)
    return pairs + tag_loss(network.tag(inputs), inputs.tags)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_library(folders: Folders, kind: str):
    model = encoder_model(folders(kind))
    original = transformers().AutoModel.from_pretrained(folders(kind)).eval()
    inputs, known = batch(model), model.description.model.encoder.known
    with torch.no_grad():
        encoded = model.network.encode(inputs)
        for row, ids in enumerate(inputs.token_ids):
            own = (ids[inputs.mask[row]] - SHIFT).tolist()
            whole = torch.tensor([[*known.before, *own, *known.after]])
            expected = original(input_ids=whole).last_hidden_state[0, 1:-1]
            torch.testing.assert_close(encoded[row, : len(own)], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_gets_a_gradient_in_a_joint_step(folders: Folders, kind: str):
    model = encoder_model(folders(kind))
    network = model.network.train()
    losses(model, batch(model)).backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_other_documents_change_nothing(folders: Folders, kind: str):
    model = encoder_model(folders(kind))
    examples = model.encoder(documents())
    with torch.no_grad():
        together = model.network(collate(examples, multiple=16))
        alone = torch.cat([model.network(collate([example])) for example in examples if example.pairs])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_as_long_as_the_encoder_reads_may_be_padded_further(folders: Folders, kind: str):
    limit = encoder_model(folders(kind)).network.encoder.limit
    assert limit == {"bert": 128, "roberta": 126, "modernbert": 128}[kind]
    model = encoder_model(folders(kind), window=limit)
    long = document("1", "{Velorin|Chemical|MESH:C1} " + "gout " * 300 + "{rash|Disease|MESH:D5}")
    examples = model.encoder([long, *documents()])
    assert max(len(window.ids) for window in examples[0].windows) == limit
    network, inputs = model.network, collate(examples, multiple=37)
    assert inputs.token_ids.shape[1] > limit + 2
    with torch.no_grad():
        assert torch.isfinite(network.encode(inputs)).all()
        torch.testing.assert_close(network(inputs), network(collate(examples)), atol=1e-5, rtol=1e-4)


def test_a_longer_window_is_refused(folders: Folders):
    with pytest.raises(
        ConfigError, match=r"encoding\.window = 129: bert reads 128 .* 2 special .* expected at most 128"
    ):
        encoder_model(folders("bert"), window=129)


def test_types_add_nothing_at_first_and_are_learned(folders: Folders):
    model = encoder_model(folders("bert"))
    network, inputs = model.network, batch(model)
    with torch.no_grad():
        assert torch.equal(network.encode(inputs), network.encode(inputs.without_types()))
        network.embeddings.types.weight[1:] = 0.1 * torch.randn(2, DIM)
        assert not torch.allclose(network.encode(inputs), network.encode(inputs.without_types()), atol=1e-3)


def test_a_hidden_word_is_the_mask_of_pretraining(folders: Folders):
    model = encoder_model(folders("bert"), "embeddings.word_dropout=0.999999")
    table = transformers().AutoModel.from_pretrained(folders("bert")).get_input_embeddings().weight
    embeddings, inputs = model.network.embeddings, batch(model)
    assert torch.equal(embeddings.subwords.weight[UNK_ID], table[4])
    assert torch.equal(embeddings.subwords.weight[PAD_ID], torch.zeros(DIM))
    read = embeddings.train()(inputs.token_ids, torch.zeros_like(inputs.types))
    assert torch.equal(read[inputs.mask], table[4].expand(int(inputs.mask.sum()), -1))


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_layers_and_what_lies_beneath_them_stay(folders: Folders, kind: str):
    model = encoder_model(folders(kind), "encoder.frozen_layers=1")
    losses(model, batch(model)).backward()
    parameters = dict(model.network.named_parameters())
    moved = {name for name, p in parameters.items() if p.grad is not None and p.grad.any()}
    still = {name for name, p in parameters.items() if not p.requires_grad}
    assert moved | still == parameters.keys()
    assert not moved & still
    layers = (
        "layers.0",
        "layer.0",
        "embeddings.subwords",
        "encoder.before",
        "encoder.after",
        "encoder.model.embeddings",
    )
    assert {name for name in parameters if any(part in name for part in layers)} == still


RELATIVE = {
    "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "conv_kernel_size": 3
}  # fmt: skip


@pytest.mark.parametrize(("kind", "settings"), [("bert", {}), ("mpnet", {}), ("deberta-v2", RELATIVE)])
def test_what_frozen_layers_share_with_others_stays_too(tmp_path: Path, kind: str, settings: dict[str, Any]):
    """Whatever is learned, the lowest frozen layers give the same vectors: also where all layers share positions."""
    model = encoder_model(save_encoder(tmp_path, kind, num_hidden_layers=3, **settings), "encoder.frozen_layers=2")
    given: list[torch.Tensor] = []
    highest = model.network.encoder.model.encoder.layer[2]
    highest.register_forward_pre_hook(lambda layer, inputs: given.append(inputs[0]))
    inputs = batch(model)
    with torch.no_grad():
        before = model.network.encode(inputs)
        for parameter in model.network.encoder.parameters():
            if parameter.requires_grad:
                parameter += torch.randn_like(parameter)
        after = model.network.encode(inputs)
    assert torch.equal(*given)
    assert not torch.allclose(before, after, atol=0.1)
    assert all(parameter.requires_grad for parameter in highest.parameters())


def test_more_frozen_layers_than_there_are_are_refused(folders: Folders):
    with pytest.raises(ConfigError, match=rf"frozen_layers = 3: expected at most its {LAYERS} layers"):
        encoder_model(folders("bert"), "encoder.frozen_layers=3")


def test_an_encoder_that_shares_its_layers_has_none_to_freeze(tmp_path: Path):
    folder = save_encoder(tmp_path, "albert", embedding_size=8)
    model = encoder_model(folder)
    assert model.network(batch(model)).shape == (15, 2)
    with pytest.raises(ConfigError, match="albert has no list of 2 layers"):
        encoder_model(folder, "encoder.frozen_layers=1")


@pytest.mark.parametrize("kind", KINDS)
def test_checkpointing_changes_no_gradient(folders: Folders, kind: str):
    gradients = []
    for change in ("encoder.checkpointing=false", "encoder.checkpointing=true"):
        model = encoder_model(folders(kind), change)
        model.network.train()
        torch.manual_seed(3)  # of dropout
        losses(model, batch(model)).backward()
        gradients.append({name: p.grad for name, p in model.network.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_that_of_the_config_when_one_is_given(folders: Folders, kind: str):
    never, often = (encoder_model(folders(kind), f"encoder.dropout={rate}") for rate in (0.0, 0.5))
    inputs = batch(never)
    plain = never.network(inputs)
    assert torch.equal(never.network.train()(inputs), plain)
    assert torch.equal(often.network(inputs), plain)
    assert not torch.allclose(often.network.train()(inputs), plain, atol=1e-3)


def test_without_one_it_is_that_of_pretraining(folders: Folders):
    model = encoder_model(folders("bert"))
    inputs = batch(model)
    assert not torch.equal(model.network(inputs), model.network.train()(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_rates_fall_from_layer_to_layer(folders: Folders, kind: str):
    network = encoder_model(folders(kind)).network
    config = OptimiserConfig(learning_rate=1e-3, encoder_learning_rate=1e-4, layer_decay=0.5)
    rates = {id(p): group["peak"] for group in config.build(network).param_groups for p in group["params"]}
    found: dict[str, set[float]] = {}
    for name, parameter in network.named_parameters():
        found.setdefault(_level(name), set()).add(rates[id(parameter)])
    assert found == {"new": {1e-3}, "top": {1e-4}, "bottom": {5e-5}, "beneath": {2.5e-5}}


def _level(name: str) -> str:
    if name.startswith(("scorer", "tagger", "embeddings.types")):
        return "new"
    if "layer.1." in name or "layers.1." in name or "final_norm" in name:
        return "top"
    return "bottom" if "layer.0." in name or "layers.0." in name else "beneath"


def test_bfloat16_stays_close_to_32_bits(folders: Folders):
    model = encoder_model(folders("bert"))
    inputs = batch(model)
    with torch.no_grad():
        exact = model.network(inputs)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model.network(inputs)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_texts_are_learned_by_heart(folders: Folders, kind: str):
    docs = [doc for doc in documents() if all(len(mention.concepts) == 1 for mention in doc.mentions)]
    model = encoder_model(folders(kind), "encoder.dropout=0.0")
    network, inputs = model.network.train(), collate(model.encoder(docs))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(200):
        loss = pair_loss(network.link.losses(network(inputs), inputs.labels), inputs.weights)
        if loss < 0.02:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.02


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("embeddings.positions=rotary",), r"embeddings\.positions = rotary: the encoder has positions of its own"),
        (("encoder.kind=bert",), r"kind 'bert': expected bran or hugging_face"),
        (("encoder.blocks=2",), r"unknown key 'encoder\.blocks'"),
        (("encoder.frozen_layers=-1",), r"encoder\.frozen_layers = -1: .* greater than or equal to 0"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: tuple[str, ...], message: str):
    with pytest.raises(ConfigError, match=message):
        encoder_model(Path("anywhere"), *changes)


def test_the_kind_of_before_needs_no_name_and_keeps_its_hash():
    assert config_hash(model_config("encoder.kind=bran")) == config_hash(model_config())
    assert "kind" not in model_config().encoder.model_dump(mode="json")


def test_without_the_library_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ConfigError, match=r"needs transformers, which is not installed; expected bran-relations\[tr"):
        encoder_model(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "nothing-like-it"}, "encoder 'nothing-like-it': cannot be built"),
        ({"model_type": "t5"}, "encoder 't5': has a decoder; expected an encoder alone"),
        ({"model_type": "bert", "hidden_size": 7}, "encoder 'bert': cannot be built"),
    ],
)
def test_what_is_no_encoder_of_text_is_refused(config: dict[str, Any], message: str):
    transformers()
    known = {"config": config, "before": (), "after": (), "hidden": 0}
    small = {"num_layers": 1, "d_model": 4, "d_ff": 4, "num_heads": 1, "vocab_size": 9} if "t5" in message else {}
    known["config"] = {**config, **small}
    encoder = HuggingFaceConfig(name="anywhere", architecture=known)
    with pytest.raises(ConfigError, match=message):
        encoder.build_reader(model_config().embeddings, vocabulary=8, types=2, window=16)


def test_a_config_that_was_not_read_from_a_folder_builds_nothing():
    with pytest.raises(ConfigError, match=r"model\.encoder\.name = anywhere: is not read yet"):
        HuggingFaceConfig(name="anywhere").build_reader(model_config().embeddings, vocabulary=8, types=2, window=16)
