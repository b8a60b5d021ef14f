from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from bran.corpus.document import Document, Relation
from bran.encoding.batches import collate
from bran.encoding.cue_scores import CueScores
from bran.encoding.cues import CueConfig
from bran.encoding.knowledge import KIND_FEATURES
from bran.encoding.structure import FEATURES
from bran.encoding.subwords import UNK_ID
from bran.errors import ConfigError
from bran.extraction import influence as module
from bran.extraction.explanation import Influence, TextUnits
from bran.extraction.influence import influence
from bran.extraction.pair_scoring import PairScoring
from bran.extraction.text_units import text_units
from bran.extraction.trained_model import TrainedModel
from tests.builders import VARIANTS, document, documents, several_types_documents, several_types_schema, tiny_model

SOME = ["bran", "two blocks", "lstm", "layouts", "structure", "max", "attention", "several"]


def explained(model: TrainedModel, document: Document, relation: Relation, **how: Any) -> tuple[TextUnits, Influence]:
    schema = model.description.relation_schema
    (example,) = model.encoder([document])
    units = text_units(document, model.subwords.encode([document])[0], schema)
    return units, influence(model, example, units, relation, **{"gradients": True, **how})


def margin(
    model: TrainedModel, document: Document, pair: int, change: Callable[[Tensor], Tensor] = lambda x: x
) -> float:
    """The logit of a pair of ``cdr`` less that of no relation, its subword ids changed; the network as it is."""
    batch = collate(model.encoder([document]))
    with torch.inference_mode():
        logits = model.network(replace(batch, token_ids=change(batch.token_ids)))
    return float(logits[pair, 1] - logits[pair, 0])


FIRST = Relation("CID", "MESH:C1", "MESH:D1")


@pytest.mark.parametrize("variant", SOME)
def test_parts_sum_to_the_logit_of_the_network(variant: str) -> None:
    model, document = tiny_model(*VARIANTS[variant]), documents()[0]
    _, found = explained(model, document, FIRST, gradients=False)
    assert found.parts.logit == pytest.approx(margin(model, document, 0), abs=1e-5)
    everything = margin(model, document, 0, lambda ids: torch.full_like(ids, UNK_ID))
    assert found.hidden.logit == pytest.approx(everything, abs=1e-5)
    assert found.parts.structure == found.hidden.structure


@pytest.mark.parametrize("variant", SOME)
def test_occlusion_is_the_network_with_the_unit_hidden(variant: str) -> None:
    model, document = tiny_model(*VARIANTS[variant]), documents()[0]
    units, found = explained(model, document, FIRST, gradients=False)
    groups = [(units.words, found.occlusion.words), (units.entities, found.occlusion.entities)]
    for among, effects in [*groups, (units.mentions, found.occlusion.mentions)]:
        for unit, effect in list(zip(among, effects, strict=True))[:4]:
            lost = margin(model, document, 0) - margin(model, document, 0, hiding(unit.subwords))
            assert effect == pytest.approx(lost, abs=1e-5)


def hiding(subwords: np.ndarray[Any, Any]) -> Callable[[Tensor], Tensor]:
    return lambda ids: ids.index_fill(1, torch.from_numpy(subwords), UNK_ID)


@pytest.mark.parametrize("variant", ["bran", "two blocks", "lstm", "layouts", "structure", "attention", "several"])
def test_integrated_gradients_are_complete(variant: str) -> None:
    pytest.importorskip("captum")
    model = tiny_model(*VARIANTS[variant])
    _, found = explained(model, documents()[0], FIRST, steps=256)
    gradients = found.gradients
    assert gradients is not None
    assert gradients.difference == pytest.approx(found.parts.logit - found.hidden.logit, abs=1e-4)
    assert gradients.total == pytest.approx(gradients.difference, abs=0.02 * abs(gradients.difference) + 1e-3)
    assert gradients.gap == pytest.approx(gradients.total - gradients.difference)


def test_more_steps_close_the_gap() -> None:
    pytest.importorskip("captum")
    model = tiny_model("encoder.blocks=2")
    gaps = [abs(explained(model, documents()[0], FIRST, steps=n)[1].gradients.gap) for n in (2, 512)]  # type: ignore[union-attr]
    assert gaps[1] < gaps[0]


def linear_model() -> tuple[TrainedModel, Tensor]:
    """A model whose logit is the mean over the head's subwords of ``w . x``, and its ``w``."""
    model = tiny_model(
        "encoder.attention=null", "encoder.blocks=0", "scorer.pooling.kind=mean", "embeddings.types=false"
    )
    scorer = model.network.scorer
    torch.manual_seed(1)
    direction = torch.randn(8)
    with torch.no_grad():
        for perceptron in (scorer.head, scorer.tail):
            first, last = perceptron[0], perceptron[3]
            first.weight.copy_(torch.eye(8)), last.weight.copy_(torch.eye(8))
            first.bias.fill_(1000.0), last.bias.fill_(-1000.0)  # the rectifier lets everything through
        scorer.biaffine.weight.zero_()
        scorer.biaffine.weight[:8, 1, 8] = direction  # label 1, linear in the head
    return model, direction


def test_both_methods_on_known_weights() -> None:
    pytest.importorskip("captum")
    model, direction = linear_model()
    document = documents()[0]
    units, found = explained(model, document, FIRST)
    assert found.gradients is not None
    head = units.entities[0]
    ids = model.subwords.encode([document])[0].ids
    table = model.network.embeddings.subwords.weight.detach()
    expected = np.zeros(len(ids), dtype=np.float32)
    for number in head.subwords:
        worth = (table[ids[number]] - table[UNK_ID]) @ direction * 8**0.5
        expected[number] = float(worth) / len(head.subwords)
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(found.gradients.subwords, expected, atol=2e-3)  # 32 bits beside a bias of 1000
    words = [expected[unit.subwords].sum() for unit in units.words]
    np.testing.assert_allclose(found.occlusion.words, words, atol=2e-3)
    assert found.occlusion.entities[0] == pytest.approx(expected.sum(), abs=2e-3)
    assert found.hidden.layouts is None


def test_words_outside_the_windows_of_a_pair_say_nothing() -> None:
    pytest.importorskip("captum")
    model, document = tiny_model(window=20, overlap=8), documents()[3]
    (example,) = model.encoder([document])
    pair = next(n for n in range(len(example.pairs)) if sum((w.pairs == n).any() for w in example.windows) == 1)
    ends = example.pairs[pair]
    units, found = explained(model, document, Relation("CID", ends.head.id, ends.tail.id))
    (number,) = found.windows
    window = example.windows[number]
    outside = [n for n in range(len(units.starts)) if not window.start <= n < window.start + len(window.ids)]
    assert found.gradients is not None
    assert outside
    assert not found.gradients.subwords[outside].any()
    apart = [n for n, unit in enumerate(units.words) if set(unit.subwords.tolist()) <= set(outside)]
    assert np.abs(found.occlusion.words[apart]).max() < 1e-6
    assert found.parts.logit == pytest.approx(margin(model, document, pair), abs=1e-5)


def test_a_type_that_excludes_none_has_its_own_logit() -> None:
    schema, document = several_types_schema(), several_types_documents()[0]
    model = tiny_model(schema=schema)
    batch = collate(model.encoder([document]))
    with torch.inference_mode():
        logits = model.network(batch)
    for label in ("causes", "treats"):
        pair = next(n for n, p in enumerate(batch.examples[0].pairs) if (p.head.id, p.tail.id) == ("C1", "D1"))
        _, found = explained(model, document, Relation(label, "C1", "D1"), gradients=False)
        assert found.parts.logit == pytest.approx(logits[pair, schema.labels.index(label)].item(), abs=1e-5)


def test_numbers_of_other_documents_are_a_part_of_their_own() -> None:
    model, document = tiny_model("scorer.structure=6", "scorer.knowledge=[causes]"), documents()[0]
    (example,) = model.encoder([document])
    numbers = np.full((len(example.pairs), len(KIND_FEATURES)), 3.0, dtype=np.float32)
    told = np.concatenate([example.features, numbers], axis=1)
    scoring = PairScoring(model, replace(example, features=told), pair=0, label=0)
    with torch.inference_mode():
        parts = scoring.parts(scoring.embedded())
        whole = model.network(replace(collate([example]), features=torch.from_numpy(told)))
    assert parts.knowledge
    assert parts.cues is None
    assert parts.logit == pytest.approx(float(whole[0, 1] - whole[0, 0]), abs=1e-5)


def heedful(cue: str, weight: float) -> TrainedModel:
    """A model that adds the score of one cue of the head to the logit, and nothing else."""
    model = tiny_model("scorer.structure=1", "scorer.cues=[CID]", "scorer.layouts=false")
    config = CueConfig(buckets=2**20)
    weights = np.zeros((1, config.buckets))
    weights[0, zlib.crc32(f"h{cue}".encode()) % config.buckets] = weight
    for parameter in model.network.parameters():
        nn.init.zeros_(parameter)
    first, _, _, last = model.network.scorer.structure
    with torch.no_grad():
        first.weight[0, FEATURES], first.bias[0], last.weight[1, 0] = 1.0, 10.0, 1.0
    return replace(model, cues=CueScores(config, ["CID"], weights, np.zeros(1)))


def test_hiding_a_word_hides_its_cue() -> None:
    doc = document("1", "{Velorin|Chemical|MESH:C1}-induced {tremor|Disease|MESH:D1}.", "It induced rest.")
    units, found = explained(heedful("R2 induced", 2.0), doc, FIRST, gradients=False)
    lost = zip(units.words, found.occlusion.words.round(5).tolist(), strict=True)
    assert [(unit.name, unit.spans, value) for unit, value in lost if value] == [("induced", ((8, 15),), 2.0)]
    assert found.parts.cues == pytest.approx(2)
    assert found.hidden.cues == pytest.approx(0)
    assert found.parts.logit == pytest.approx(12)


def test_hiding_a_name_hides_what_it_says() -> None:
    doc = document("1", "{Velorin|Chemical|MESH:C1}, {tremor|Disease|MESH:D1}. {Velorin|Chemical|MESH:C1}.")
    units, found = explained(heedful("N velorin", 3.0), doc, FIRST, gradients=False)
    assert found.occlusion.mentions.round(5).tolist() == [0, 0, 0]  # the other mention still says it
    effects = dict(zip([unit.id for unit in units.entities], found.occlusion.entities.round(5).tolist(), strict=True))
    assert effects == {"MESH:C1": 3, "MESH:D1": 0}


def test_without_captum_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert not module.gradients_available()
    with pytest.raises(ConfigError, match=r"need captum, .* expected bran-relations\[explain\]"):
        explained(tiny_model(), documents()[0], FIRST)
