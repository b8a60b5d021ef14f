from __future__ import annotations

from typing import Any

import pytest
import torch

from bran.config import config_hash
from bran.corpus.schema import load_schema
from bran.encoding.batches import Batch, collate
from bran.encoding.examples import EncodingConfig
from bran.nn.losses import pair_loss, tag_loss
from bran.nn.model import Bran, ModelConfig
from tests.builders import (
    ENCODINGS,
    VARIANTS,
    documents,
    encoder,
    model_config,
    network,
    several_types_documents,
    several_types_schema,
    subwords,
)

SCHEMAS = {
    "cdr": load_schema("cdr"),
    "sigmoid": several_types_schema(),
    "softmax": several_types_schema(exclusive=True),
}


def batch(schema: str = "cdr", **settings: Any) -> Batch:
    docs = documents() if schema == "cdr" else several_types_documents()
    return collate(encoder(SCHEMAS[schema], **settings)(docs))


def joint_step(model: Bran, inputs: Batch) -> None:
    """Gradients of pair and tag loss together."""
    pairs = pair_loss(model.link.losses(model(inputs), inputs.labels), inputs.weights)
    (pairs + tag_loss(model.tag(inputs), inputs.tags)).backward()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_shapes(schema: str):
    inputs = batch(schema)
    model = network(schema=SCHEMAS[schema])
    logits = {"cdr": 2, "sigmoid": 4, "softmax": 5}[schema]
    assert model(inputs).shape == (len(inputs.labels), logits)
    assert model.link.scores(model(inputs)).shape == inputs.labels.shape
    assert model.tag(inputs).shape == (*inputs.token_ids.shape, 2 * len(SCHEMAS[schema].entity_types) + 1)
    assert model.encode(inputs).shape == (*inputs.token_ids.shape, 8)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_gets_a_gradient_in_a_joint_step(variant: str, schema: str):
    model = network(*VARIANTS[variant], schema=SCHEMAS[schema]).train()
    joint_step(model, batch(schema))
    without = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert without == []


def test_every_parameter_gets_a_gradient_from_windows_too():
    model = network("encoder.blocks=2", window=24).train()
    joint_step(model, batch(window=24, overlap=10))
    assert [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_the_tagger_has_no_part_in_the_scores_of_pairs():
    model, inputs = network(), batch()
    before = model(inputs)
    torch.nn.init.ones_(model.tagger.weight)
    assert torch.equal(model(inputs), before)


def test_the_tagger_does_not_see_the_marks_that_would_tell_it_the_answer():
    model, inputs = network(), batch()
    assert torch.equal(model.tag(inputs), model.tag(inputs.without_types()))
    assert not torch.equal(model(inputs), model(inputs.without_types()))


def sizes(model: Bran) -> dict[str, torch.Size]:
    return {name: weight.shape for name, weight in model.state_dict().items()}


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "bran"])
def test_every_switch_changes_weights_or_outputs(variant: str):
    plain, changed, inputs = network(), network(*VARIANTS[variant]), batch()
    if sizes(changed) == sizes(plain):
        changed.load_state_dict(plain.state_dict())
        assert not torch.allclose(changed(inputs), plain(inputs), atol=1e-4)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_choice_of_mention_pairs_changes_outputs(encoding: str):
    model, every, some = network(), batch(), batch(**ENCODINGS[encoding])
    names = [
        {(pair.head.id, pair.tail.id) for item in inputs.examples for pair in item.pairs} for inputs in (every, some)
    ]
    assert names[1] < names[0] or not torch.allclose(model(some), model(every), atol=1e-4)


def test_every_switch_changes_the_hash():
    plain, hashes = config_hash(model_config()), {config_hash(model_config(*changes)) for changes in VARIANTS.values()}
    assert plain in hashes
    assert len(hashes) == len(VARIANTS)
    encodings = {config_hash(EncodingConfig(**settings)) for settings in ({}, *ENCODINGS.values())}
    assert len(encodings) == 1 + len(ENCODINGS)


@pytest.mark.parametrize(
    "change",
    [
        "embeddings.positions=learned",
        "embeddings.mask_mentions=false",
        "encoder.residual=all",
        "encoder.attention.score=dot",
        "encoder.attention.reach=null",
        "encoder.attention.within_sentences=false",
        "link=plain",
        "scorer.context=0",
        "scorer.pooling.temperature=1",
        "encoder.attention.bias=[]",
        "embeddings.markers=false",
    ],
)
def test_keys_that_came_later_leave_hashes_as_they_were(change: str):
    assert config_hash(model_config(change)) == config_hash(model_config()) == "d8b7627927f8"


def test_switches_that_change_the_same_weights_are_told_apart_by_outputs():
    same = {name for name, changes in VARIANTS.items() if sizes(network(*changes)) == sizes(network())}
    pools, residuals = {"max", "mean", "temperature"}, {"residual attention", "no residual"}
    others = {*pools, "general", "reach", "within sentences", "four heads", *residuals}
    assert same == {"bran", *others}


@pytest.mark.parametrize(
    "change",
    [
        "embeddings.word_dropout=0.5",
        "embeddings.mention_dropout=0.5",
        "embeddings.dropout=0.5",
        "encoder.dropout=0.5",
        "encoder.attention.dropout=0.5",
        "encoder.feed_forward.dropout=0.5",
        "scorer.dropout=0.5",
    ],
)
def test_every_dropout_changes_a_training_step_and_no_prediction(change: str):
    plain, changed, inputs = network(), network(change), batch()
    assert torch.equal(changed(inputs), plain(inputs))
    torch.manual_seed(0)
    assert not torch.allclose(changed.train()(inputs), plain.train()(inputs), atol=1e-4)


def test_the_seed_decides_the_weights():
    first, second, other = network(seed=1), network(seed=1), network(seed=2)
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, second.state_dict()[name])
    assert not torch.equal(first.scorer.biaffine.weight, other.scorer.biaffine.weight)


def test_a_batch_without_a_pair_has_no_scores():
    inputs = collate(encoder()(documents()[2:3]))
    nothing = collate([*inputs.examples, *encoder()([documents()[2].with_mentions(())])])
    assert network()(nothing).shape == (1, 2)
    assert network()(collate(nothing.examples[1:])).shape == (0, 2)


def test_a_threshold_takes_a_logit_where_types_do_not_exclude_each_other():
    schema = SCHEMAS["sigmoid"]
    plain, changed, inputs = network(schema=schema), network("link=threshold", schema=schema), batch("sigmoid")
    assert changed(inputs).shape == (len(inputs.labels), 1 + len(schema.labels)) != plain(inputs).shape
    assert changed.link.scores(changed(inputs)).shape == inputs.labels.shape
    joint_step(changed, inputs)
    assert [name for name, weight in changed.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_of_several_exclusive_types_each_is_scored_against_the_threshold_alone():
    schema = SCHEMAS["softmax"]
    plain, changed, inputs = network(schema=schema), network("link=threshold", schema=schema), batch("softmax")
    changed.load_state_dict(plain.state_dict())
    logits = changed(inputs)
    assert torch.equal(logits, plain(inputs))
    torch.testing.assert_close(changed.link.scores(logits), (logits[:, 1:] - logits[:, :1]).sigmoid())
    assert not torch.allclose(changed.link.scores(logits), plain.link.scores(logits))
    assert config_hash(model_config("link=threshold")) != config_hash(model_config())


def test_the_defaults_build():
    model = ModelConfig().build(schema=SCHEMAS["cdr"], vocabulary=len(subwords()), window=64).eval()
    assert torch.isfinite(model(batch())).all()


def test_in_double_precision_everything_stays_double():
    assert network("scorer.layouts=true").double()(batch()).dtype == torch.float64


@pytest.mark.parametrize("variant", VARIANTS)
def test_bfloat16_stays_close_to_32_bits(variant: str):
    model, inputs = network(*VARIANTS[variant]), batch()
    with torch.no_grad():
        exact = model(inputs)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = model(inputs)
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, atol=0.05, rtol=0.05)


def test_changes_are_overrides_of_the_config():
    assert model_config("encoder.blocks=3").encoder.blocks == 3
