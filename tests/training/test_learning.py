"""A model learns what its texts say, and nothing where there is nothing to learn."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.encoding.batches import collate
from bran.encoding.examples import DocumentEncoder, EncodingConfig, Example
from bran.encoding.subwords import SubwordConfig, Subwords
from bran.nn.losses import pair_loss
from bran.training.loop import Trainer
from tests.builders import (
    ENCODINGS,
    VARIANTS,
    document,
    documents,
    encoder,
    model_config,
    network,
    training_config,
)

SWITCHES: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    **{name: (changes, {}) for name, changes in VARIANTS.items()},
    **{name: ((), settings) for name, settings in ENCODINGS.items()},
}
"""Overrides of the network and settings of the encoder, by name."""

TRAINING, HELD_OUT = 80, 60
HARM = ["caused", "induced", "provoked"]
EASE = ["relieved", "prevented", "improved"]


def invented(id_: str, draw: random.Random) -> Document:
    """An abstract in which one word between the names says what is related; names say nothing."""
    chemical = f"drug{draw.choice('abcdefgh')}"
    sentences, relations = [], []
    for letter in draw.sample("stuvwxyz", 3):
        disease, harms = f"pain{letter}", draw.random() < 0.4
        verb = draw.choice(HARM if harms else EASE)
        sentences.append(f"{{{chemical}|Chemical|{chemical}}} {verb} {{{disease}|Disease|{disease}}}.")
        relations += [("CID", chemical, disease)] if harms else []
    return document(id_, "Notes.", " ".join(sentences), relations=relations)


@cache
def corpus() -> tuple[list[Example], list[Example], int]:
    """Examples to train on, held-out ones, and the size of the vocabulary."""
    draw = random.Random(7)
    docs = [invented(str(index), draw) for index in range(TRAINING + HELD_OUT)]
    subwords = Subwords.learn((doc.text for doc in docs), SubwordConfig(vocabulary=200, min_frequency=1))
    examples = DocumentEncoder(EncodingConfig(), subwords, load_schema("cdr"))(docs)
    return examples[:TRAINING], examples[TRAINING:], len(subwords)


def permuted(examples: list[Example]) -> list[Example]:
    """The same examples with the labels of all their pairs dealt out anew."""
    labels = np.random.default_rng(5).permutation(np.concatenate([example.labels for example in examples]))
    ends = np.cumsum([len(example.pairs) for example in examples])
    return [replace(item, labels=part) for item, part in zip(examples, np.split(labels, ends[:-1]), strict=True)]


def held_out_precision(training: list[Example]) -> float:
    """Average precision on the held-out examples after training."""
    _, held_out, vocabulary = corpus()
    torch.manual_seed(0)
    changes = ("encoder.dim=16", "embeddings.word_dropout=0.1")
    model = model_config(*changes).build(schema=load_schema("cdr"), vocabulary=vocabulary, window=100)
    settings = ("epochs=24", "batches.max_tokens=400", "tagging.probability=0")
    Trainer(model, training_config(*settings), training).run()
    batch = collate(held_out)
    with torch.no_grad():
        scores = model.eval().link.scores(model(batch))
    return float(average_precision_score(batch.labels.flatten(), scores.flatten()))


def base_rate() -> float:
    return float(np.mean(np.concatenate([example.labels for example in corpus()[1]])))


def test_what_the_words_say_is_learned():
    assert held_out_precision(corpus()[0]) > 0.95


def test_shuffled_labels_stay_at_chance():
    assert held_out_precision(permuted(corpus()[0])) == pytest.approx(base_rate(), abs=0.1)


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_variant_learns_a_few_texts_by_heart(switch: str):
    changes, settings = SWITCHES[switch]
    # Without the composite mention: to a hard maximum its concepts look alike until another mention scores higher.
    docs = [doc for doc in documents() if all(len(mention.concepts) == 1 for mention in doc.mentions)]
    model, batch = network(*changes).train(), collate(encoder(**settings)(docs))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(200):
        loss = pair_loss(model.link.losses(model(batch), batch.labels), batch.weights)
        if loss < 0.02:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.02
    assert torch.equal((model.eval().link.scores(model(batch)) > 0.5).float(), batch.labels)
