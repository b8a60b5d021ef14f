"""Small invented documents, and tiny models, trainers and predictors over them, for the tests of every layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from bran.config import override, parse_config
from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.schema import Schema, load_schema
from bran.corpus.sentences import document_sentences
from bran.encoding.examples import DocumentEncoder, EncodingConfig
from bran.encoding.subwords import Ints, SubwordConfig, Subwords
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.model import Bran, ModelConfig
from bran.training.loop import Trainer, TrainingConfig

# Tensors this small are slower on several threads than on one.
torch.set_num_threads(1)

_MARKUP = re.compile(r"(?P<open>\{)|\|(?P<type>[^|{}]+)\|(?P<concepts>[^|{}]*)\}|(?P<text>[^{}|]+)")

_MODEL: dict[str, Any] = {
    "embeddings": {"word_dropout": 0.0, "dropout": 0.0},
    "encoder": {
        "dim": 8,
        "blocks": 1,
        "dropout": 0.0,
        "attention": {"heads": 2},
        "feed_forward": {"kind": "convolution", "expansion": 2, "dropout": 0.0},
    },
    "scorer": {"dropout": 0.0},
}
_TRAINING: dict[str, Any] = {
    "epochs": 2,
    "average": 0.9,
    "batches": {"max_tokens": 80},
    "optimiser": {"learning_rate": 0.01},
    "precision": "fp32",
}

VARIANTS: dict[str, tuple[str, ...]] = {
    "bran": (),
    "no attention": ("encoder.attention=null",),
    "no feed-forward": ("encoder.feed_forward={kind: none}",),
    "width 1-1": ("encoder.feed_forward.widths=[1, 1]",),
    "width 1-1-1": ("encoder.feed_forward.widths=[1, 1, 1]",),
    "gated": ("encoder.feed_forward={kind: gated}",),
    "lstm": ("encoder.feed_forward={kind: lstm}",),
    "pre-norm": ("encoder.norm=pre",),
    "residual attention": ("encoder.residual=attention",),
    "no residual": ("encoder.residual=none",),
    "two blocks": ("encoder.blocks=2",),
    "output projection": ("encoder.attention.output_projection=true",),
    "four heads": ("encoder.attention.heads=4",),
    "additive": ("encoder.attention.score=additive",),
    "general": ("encoder.attention.score=general",),
    "reach": ("encoder.attention.reach=3",),
    "distance bias": ("encoder.attention.bias=[distance]",),
    "sentence bias": ("encoder.attention.bias=[sentence]",),
    "within sentences": ("encoder.attention.within_sentences=true",),
    "no types": ("embeddings.types=false",),
    "markers": ("embeddings.markers=true",),
    "masked mentions": ("embeddings.mask_mentions=true",),
    "no positions": ("embeddings.positions=none",),
    "sinusoidal": ("embeddings.positions=sinusoidal",),
    "relative": ("embeddings.positions={kind: relative, distance: 4}",),
    "rotary": ("embeddings.positions=rotary",),
    "small scorer": ("scorer.dim=5",),
    "layouts": ("scorer.layouts=true",),
    "structure": ("scorer.structure=6",),
    "max": ("scorer.pooling.kind=max",),
    "mean": ("scorer.pooling.kind=mean",),
    "attention": ("scorer.pooling.kind=attention",),
    "mixture": ("scorer.pooling.kind=mixture",),
    "context": ("scorer.context=2",),
    "temperature": ("scorer.pooling.temperature=3",),
    "several": (
        "embeddings.positions=relative",
        "encoder.attention={heads: 2, score: additive, reach: 6, within_sentences: true}",
        "encoder.feed_forward={kind: lstm}",
        "encoder.residual=attention",
        "scorer.pooling.kind=attention",
        "scorer.layouts=true",
    ),
}
"""The switches of the network, each as the overrides that turn it."""

ENCODINGS: dict[str, dict[str, Any]] = {
    "nearest": {"mention_pairs": "nearest"},
    "sentence": {"mention_pairs": "sentence"},
}
"""The switches of what the network is given, each as the settings that turn it."""


def document(id_: str, *passages: str, relations: Sequence[tuple[str, str, str]] = ()) -> Document:
    """A document from marked-up passages: ``"{aspirin|Chemical|MESH:C1} eased {pain|Disease|MESH:D1}"``.

    Several concepts are separated by ``;``, mentions may be nested, the first passage is the title.
    ``relations`` are (type, head, tail).
    """
    text, mentions, stack, parts = "", [], [], []
    for passage in passages:
        text += " " if parts else ""
        begin = len(text)
        for match in _MARKUP.finditer(passage):
            if match["open"]:
                stack.append(len(text))
            elif match["type"]:
                concepts = tuple(filter(None, match["concepts"].split(";")))
                mentions.append(Mention(stack.pop(), len(text), match["type"], concepts))
            else:
                text += match["text"]
        parts.append(Passage("abstract" if parts else "title", text[begin:]))
    return Document(id_, tuple(parts), tuple(mentions), tuple(Relation(*relation) for relation in relations))


def documents() -> list[Document]:
    """Four abstracts with the schema ``cdr``: a composite mention, nested ones, several sentences, no relation."""
    return [
        document(
            "11",
            "{Velorin|Chemical|MESH:C1} induced {tremor|Disease|MESH:D1}.",
            "After {velorin|Chemical|MESH:C1}, two men had {tremor|Disease|MESH:D1}. {Pain|Disease|MESH:D2} was rare.",
            relations=[("CID", "MESH:C1", "MESH:D1")],
        ),
        document(
            "12",
            "{Sotamide and brinol|Chemical|MESH:C2;MESH:C3} in {chronic {gout|Disease|MESH:D3}|Disease|MESH:D4}.",
            "Men on {brinol|Chemical|MESH:C3} (n=12) developed {rash|Disease|MESH:D5}; {gout|Disease|MESH:D3} eased.",
            relations=[("CID", "MESH:C3", "MESH:D5")],
        ),
        document("13", "{Kelvane|Chemical|MESH:C4} against {fever|Disease|MESH:D6}.", "No adverse event was seen."),
        document(
            "14",
            "A case of {rash|Disease|MESH:D5} and {vertigo|Disease|MESH:D7} with {ostrelin|Chemical|MESH:C5}.",
            "{Ostrelin|Chemical|MESH:C5} was stopped. The {rash|Disease|MESH:D5} cleared in 3 days.",
            "{Velorin|Chemical|MESH:C1} was given for {pain|Disease|MESH:D2}, which it did not change.",
            relations=[("CID", "MESH:C5", "MESH:D5"), ("CID", "MESH:C5", "MESH:D7")],
        ),
    ]


def several_types_schema(*, exclusive: bool = False) -> Schema:
    """Three entity types and four relation types, one of them symmetric within a type."""
    data = {
        "name": "several",
        "entity_types": {"Chemical": {}, "Disease": {}, "Gene": {}},
        "relation_types": {
            "causes": {"pairs": [["Chemical", "Disease"]]},
            "treats": {"pairs": [["Chemical", "Disease"]]},
            "regulates": {"pairs": [["Chemical", "Gene"], ["Gene", "Disease"]]},
            "binds": {"pairs": [["Gene", "Gene"]], "symmetric": True},
        },
        "exclusive": exclusive,
    }
    return parse_config(Schema, data, source="several_types_schema")


def several_types_documents() -> list[Document]:
    """Two abstracts with :func:`several_types_schema`."""
    return [
        document(
            "21",
            "{Velorin|Chemical|C1} and the {ABX1|Gene|G1}-{QRT|Gene|G2} complex in {gout|Disease|D1}.",
            "{ABX1|Gene|G1} binds {QRT|Gene|G2} and {MOK5|Gene|G3}. {Velorin|Chemical|C1} lowers {QRT|Gene|G2}.",
            relations=[
                ("binds", "G2", "G1"),
                ("regulates", "C1", "G2"),
                ("treats", "C1", "D1"),
                ("causes", "C1", "D1"),
            ],
        ),
        document(
            "22",
            "{MOK5|Gene|G3} drives {tremor|Disease|D2}.",
            "{Brinol|Chemical|C2} stopped {tremor|Disease|D2} and {MOK5|Gene|G3}.",
            relations=[("regulates", "G3", "D2"), ("treats", "C2", "D2")],
        ),
    ]


def sentence_starts(doc: Document) -> Ints:
    """First character of each sentence of ``doc``."""
    return np.array([start for start, _ in document_sentences(doc)], dtype=np.int64)


def model_config(*changes: str) -> ModelConfig:
    """A network of a few hundred weights without dropout; ``changes`` are dotted overrides (``encoder.blocks=2``)."""
    return parse_config(ModelConfig, override(_MODEL, changes), source="model_config")


def training_config(*changes: str) -> TrainingConfig:
    """Two short epochs in 32 bits; ``changes`` are dotted overrides (``optimiser.kind=adam``)."""
    return parse_config(TrainingConfig, override(_TRAINING, changes), source="training_config")


@cache
def subwords() -> Subwords:
    """A vocabulary learned on the invented documents."""
    texts = [doc.text for doc in [*documents(), *several_types_documents()]]
    return Subwords.learn(texts, SubwordConfig(vocabulary=200, min_frequency=1))


def encoder(schema: Schema | None = None, **settings: Any) -> DocumentEncoder:
    """An encoder of documents for ``schema`` (``cdr``); ``settings`` are those of :class:`EncodingConfig`."""
    return DocumentEncoder(EncodingConfig(**settings), subwords(), schema or load_schema("cdr"))


def network(*changes: str, schema: Schema | None = None, window: int = 1280, seed: int = 0) -> Bran:
    """A tiny network with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    config = model_config(*changes)
    return config.build(schema=schema or load_schema("cdr"), vocabulary=len(subwords()), window=window).eval()


def tiny_model(
    *changes: str, schema: Schema | None = None, threshold: float = 0.5, name: str = "tiny", **settings: Any
) -> TrainedModel:
    """An untrained model with all that its folder holds; ``settings`` are those of :class:`EncodingConfig`."""
    schema = schema or load_schema("cdr")
    encoding = EncodingConfig(**settings)
    description = ModelDescription(
        name=name, relation_schema=schema, encoding=encoding, model=model_config(*changes), threshold=threshold
    )
    return TrainedModel(description, subwords(), network(*changes, schema=schema, window=encoding.window))


def tiny_predictor(*changes: str, chunk: int = 256, max_tokens: int = 8192, **settings: Any) -> Predictor:
    """A predictor in 32 bits over :func:`tiny_model`."""
    return Predictor(tiny_model(*changes, **settings), precision="fp32", chunk=chunk, max_tokens=max_tokens)


def tiny_trainer(
    *changes: str, model: Bran | None = None, docs: Sequence[Document] | None = None, **how: Any
) -> Trainer:
    """A trainer of ``model`` on ``docs`` (``cdr``); ``changes`` are of :func:`training_config`, ``how`` is the rest."""
    examples = encoder()(documents() if docs is None else docs)
    return Trainer(model or network(), training_config(*changes), examples, **how)
