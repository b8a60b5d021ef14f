"""What is measured: a model, documents, a number format and how many threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import torch

from benchmarks.stage import RelationStage
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema
from bran.encoding.examples import EncodingConfig
from bran.encoding.subwords import Subwords
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.model import ModelConfig

_OTHERS = 256
"""Documents that a vocabulary has seen before it is measured."""


class Format(StrEnum):
    """Number formats of matrix products."""

    fp32 = "fp32"
    bf16 = "bf16"

    @property
    def dtype(self) -> torch.dtype:
        """What torch calls it."""
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[self.value]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a benchmark is run on.

    Attributes:
        corpus: a corpus as ``bran train`` takes it.
        documents: how many of it, spread evenly.
        model: a model folder; ``None``: random weights of the default size.
        precision: of matrix products.
        threads: of torch and of the tokenizer.
    """

    corpus: Path
    documents: int
    model: Path | None
    precision: Format
    threads: int

    def build(self) -> RelationStage:
        """The relation stage over the documents; sets the number of threads of this process."""
        os.environ["RAYON_NUM_THREADS"] = str(self.threads)
        os.environ["TOKENIZERS_PARALLELISM"] = "true" if self.threads > 1 else "false"
        torch.set_num_threads(self.threads)
        torch.manual_seed(0)
        loaded = TrainedModel.load(self.model) if self.model else None
        schema = loaded.description.relation_schema if loaded else load_schema("cdr")
        corpus = load_corpus(self.corpus, schema).documents
        step = max(1, len(corpus) // self.documents)
        chosen = corpus[::step][: self.documents]
        ids = {document.id for document in chosen}
        others = [document for document in corpus if document.id not in ids][:_OTHERS]
        model = loaded or random_model([document.text for document in corpus])
        return RelationStage(model, chosen, others, precision=self.precision.value)


def random_model(texts: list[str]) -> TrainedModel:
    """A model of the default size, d = 64, with random weights and a vocabulary learned on ``texts``."""
    config, encoding, schema = ModelConfig(), EncodingConfig(), load_schema("cdr")
    subwords = Subwords.learn(texts, encoding.subwords)
    network = config.build(schema=schema, vocabulary=len(subwords), window=encoding.window)
    description = ModelDescription(name="random", relation_schema=schema, encoding=encoding, model=config)
    return TrainedModel(description, subwords, network)
