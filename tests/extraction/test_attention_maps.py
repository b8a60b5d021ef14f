from __future__ import annotations

import numpy as np
import pytest
import torch

from bran.encoding.batches import collate
from bran.errors import ConfigError
from bran.extraction.attention_maps import attention_maps
from bran.extraction.text_units import text_units
from tests.builders import VARIANTS, documents, tiny_model

ATTENDING = sorted(VARIANTS.keys() - {"no attention"})


@pytest.mark.parametrize("variant", ATTENDING)
def test_every_variant_gives_weights_of_every_block_and_head(variant: str) -> None:
    model = tiny_model(*VARIANTS[variant])
    (example,) = model.encoder(documents()[:1])
    (attention,) = attention_maps(model, example, [0])
    encoder, tokens = model.description.model.encoder, len(example.windows[0].ids)
    assert encoder.attention is not None
    assert attention.weights.shape == (encoder.blocks, encoder.attention.heads, tokens, tokens)
    assert attention.weights.min() >= 0
    np.testing.assert_allclose(attention.weights.sum(-1), 1, rtol=1e-5)


def test_the_first_block_attends_as_its_module_does_and_nothing_stays_hooked() -> None:
    model = tiny_model("encoder.blocks=2")
    (example,) = model.encoder(documents()[1:2])
    batch = collate([example])
    with torch.inference_mode():
        before = model.network(batch)
        (attention,) = attention_maps(model, example, [0])
        embedded = model.network.embeddings(batch.token_ids, batch.types)
        first = model.network.encoder.layers[0].layer.weights(embedded, batch.mask)
        assert torch.equal(model.network(batch), before)
    np.testing.assert_allclose(attention.weights[0], first[0].numpy(), rtol=1e-5)
    assert not any(module._forward_pre_hooks for module in model.network.modules())


def test_windows_are_mapped_in_order_until_there_are_enough_weights() -> None:
    model = tiny_model(window=20, overlap=8)
    (example,) = model.encoder(documents()[3:])
    assert len(example.windows) > 2
    maps = attention_maps(model, example, [1, 2])
    assert [each.start for each in maps] == [window.start for window in example.windows[1:3]]
    assert len(attention_maps(model, example, [0, 1, 2], most=1)) == 1


def test_attention_among_words_and_entities_by_hand() -> None:
    model = tiny_model()
    document = documents()[0]
    (example,) = model.encoder([document])
    units = text_units(document, model.subwords.encode([document])[0], model.description.relation_schema)
    (attention,) = attention_maps(model, example, [0])
    words = attention.among(units.words, units.words)
    np.testing.assert_allclose(words.sum(-1), 1, rtol=1e-5)
    heads, tails = units.words[0].subwords, units.words[2].subwords
    expected = attention.weights[0, 1][np.ix_(heads, tails)].sum(1).mean()
    assert words[0, 1, 0, 2] == pytest.approx(expected)
    velorin = units.entities[0]
    assert len(velorin.spans) == 2
    among = attention.among([velorin], units.mentions)
    direct = attention.weights[0, 0][np.ix_(velorin.subwords, units.mentions[0].subwords)].sum(1).mean()
    assert among[0, 0, 0, 0] == pytest.approx(direct)


def test_units_outside_a_window_are_not_within_it() -> None:
    model = tiny_model(window=20, overlap=8)
    document = documents()[3]
    (example,) = model.encoder([document])
    units = text_units(document, model.subwords.encode([document])[0], model.description.relation_schema)
    (attention,) = attention_maps(model, example, [1])
    inside = attention.within(units.words)
    assert 0 < len(inside) < len(units.words)
    chosen = [units.words[number] for number in inside]
    np.testing.assert_allclose(attention.among(chosen, chosen).sum(-1), 1, rtol=1e-5)


def test_a_model_without_attention_has_no_maps() -> None:
    for change, lack in (("encoder.attention=null", "encoder.attention = null"), ("encoder.blocks=0", "blocks = 0")):
        model = tiny_model(change)
        (example,) = model.encoder(documents()[:1])
        with pytest.raises(ConfigError, match=rf"model tiny: .*{lack}; expected a model with attention"):
            attention_maps(model, example, [0])
