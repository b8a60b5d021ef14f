"""Tiny language models and runs of pretraining over invented texts, for the tests of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from bran.config import override, parse_config
from bran.corpus.document import Document
from bran.encoding.mention_classes import MentionClasses
from bran.encoding.texts import TextEncoder, TextExample
from bran.nn.language_model import LanguageModel, LanguageModelConfig
from bran.nn.pretrained import PretrainedEncoder
from bran.training.pretraining import PretrainingConfig
from bran.workflows.fitting import Machine
from bran.workflows.pretrain import PretrainConfig, PretrainingRun
from bran.workflows.tracking import NullTracker
from tests.builders import document, documents, model_config, subwords
from tests.runs import Ears, abstracts

_TRAINING: dict[str, Any] = {
    "epochs": 2,
    "average": 0,
    "batches": {"max_tokens": 200},
    "optimiser": {"learning_rate": 0.01},
    "schedule": {"kind": "constant", "warmup": 0},
    "precision": "fp32",
}


def model_settings() -> dict[str, Any]:
    """The encoder of the tiny relation model, without dropout."""
    return {"embeddings": {"dropout": 0.0}, "encoder": model_config().encoder.model_dump(mode="json")}


def language_model(*changes: str, vocabulary: int | None = None, **heads: Any) -> LanguageModel:
    """A tiny language model with random weights; ``changes`` are of :func:`model_settings`, ``heads`` of ``build``."""
    config = parse_config(LanguageModelConfig, override(model_settings(), changes), source="language_model")
    torch.manual_seed(0)
    return config.build(vocabulary=vocabulary or len(subwords()), window=64, **heads).eval()


def pretraining(*changes: str) -> PretrainingConfig:
    """Two short epochs; ``changes`` are dotted overrides."""
    return parse_config(PretrainingConfig, override(_TRAINING, changes), source="pretraining")


def examples(*, next_sentence: bool = False) -> list[TextExample]:
    """The invented documents as unlabelled text, of two sentences and more."""
    docs = [document(doc.id, f"{doc.text} No other event was seen.") for doc in documents()]
    return TextEncoder(subwords(), window=64, next_sentence=next_sentence)(docs)


def mention_classes() -> MentionClasses:
    """Both types of the invented documents, and their three most frequent concepts."""
    return MentionClasses.count(documents(), types=True, concepts=3)


def tagged_examples() -> list[TextExample]:
    """The invented documents with their mentions, to be told as :func:`mention_classes`."""
    return TextEncoder(subwords(), window=64, classes=mention_classes())(documents())


def pretrain_settings(*changes: str) -> dict[str, Any]:
    """The content of a YAML file whose encoder is that of :func:`tests.runs.settings`."""
    data = {
        "name": "tiny encoder",
        "subwords": {"vocabulary": 100, "min_frequency": 1},
        "window": 128,
        "validation": 0.25,
        "model": model_settings(),
        "training": _TRAINING,
    }
    return override(data, changes)


def pretrain_config(*changes: str) -> PretrainConfig:
    """:func:`pretrain_settings`, validated."""
    return parse_config(PretrainConfig, pretrain_settings(*changes), source="pretrain_config")


def texts() -> list[str]:
    """Of the invented abstracts."""
    return [doc.text for doc in abstracts()]


def pretraining_run(folder: Path, *changes: str, given: Sequence[str | Document] | None = None) -> PretrainingRun:
    """A run on :func:`texts` that saves itself at every step, not yet started."""
    docs = [
        item if isinstance(item, Document) else document("", item) for item in (texts() if given is None else given)
    ]
    return PretrainingRun(pretrain_config(*changes), docs, folder, machine=Machine("cpu", checkpoint_steps=1))


def pretrained(
    folder: Path, *changes: str, ears: Ears | None = None, given: Sequence[str | Document] | None = None
) -> PretrainedEncoder:
    """Run :func:`pretraining_run` to its end."""
    return pretraining_run(folder, *changes, given=given).run(
        tracker=NullTracker(), display=ears or Ears(), sources=[Path("invented.jsonl")]
    )
