"""Tiny pretrained encoders of transformers with random weights, each in a folder, for the tests of every layer."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from bran.config import override, parse_config
from bran.corpus.schema import load_schema
from bran.encoding.examples import EncodingConfig
from bran.extraction.trained_model import ModelDescription, TrainedModel
from bran.nn.model import ModelConfig
from bran.workflows.pretrained_encoders import start_from_encoder, with_architecture
from tests.builders import documents, several_types_documents

KINDS = ("bert", "roberta", "modernbert")
LAYERS, DIM, PLACES = 2, 16, 130
_SIZES: dict[str, Any] = {
    "hidden_size": DIM,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": PLACES,
}
_MARKS = {
    "bert": {
        "unk_token": "[UNK]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    },
    "roberta": {
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "mask_token": "<mask>",
    },
}


def transformers() -> Any:
    """The package; the test is skipped where it is not installed."""
    return pytest.importorskip("transformers", reason="needs transformers: bran-relations[transformers]")


def texts() -> list[str]:
    """What tokenizers learn on."""
    return [doc.text for doc in [*documents(), *several_types_documents()]]


def wordpiece() -> Tokenizer:
    """A tokenizer as BERT has it; it cuts off after eight subwords and fills up to them, as some that are published."""
    return Tokenizer.from_str(_learned_wordpiece())


@cache  # the trainer may number subwords otherwise each time
def _learned_wordpiece() -> str:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        texts(), trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8, pad_id=0, pad_token="[PAD]")
    return str(tokenizer.to_str())


def byte_level() -> Tokenizer:
    """A tokenizer as RoBERTa and ModernBERT have it: the space before a word is part of it."""
    return Tokenizer.from_str(_learned_byte_level())


@cache
def _learned_byte_level() -> str:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return str(tokenizer.to_str())


def save_encoder(folder: Path, kind: str = "bert", **settings: Any) -> Path:
    """Write a tiny encoder of ``kind`` with its tokenizer; returns the folder.

    Args:
        folder: where to.
        kind: one of :data:`KINDS`.
        settings: of its config, in place of those of all.
    """
    library = transformers()
    tokenizer = wordpiece() if kind == "bert" else byte_level()
    marks = _MARKS["bert" if kind == "bert" else "roberta"]
    ids = {f"{name}_id": tokenizer.token_to_id(marks[name]) for name in ("pad_token", "cls_token", "sep_token")}
    local = {"local_attention": 16} if kind == "modernbert" else {}
    given = {"vocab_size": tokenizer.get_vocab_size() + 3, **_SIZES, **ids, **local, **settings}
    config = library.AutoConfig.for_model(kind, **given)
    torch.manual_seed(5)
    library.AutoModel.from_config(config).save_pretrained(folder)
    library.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    return folder


def encoder_settings(folder: Path, **changes: Any) -> dict[str, Any]:
    """The settings of a model over the encoder in ``folder``, without dropout; ``changes`` are those of its encoder."""
    return {
        "embeddings": {"word_dropout": 0.0, "dropout": 0.0},
        "encoder": {"kind": "hugging_face", "name": str(folder), **changes},
        "scorer": {"dropout": 0.0},
    }


def encoder_model(folder: Path, *changes: str, window: int = 64, seed: int = 0) -> TrainedModel:
    """An untrained model with the schema ``cdr`` over the encoder in ``folder``; ``changes`` are dotted overrides."""
    config = parse_config(ModelConfig, override(encoder_settings(folder), changes), source="encoder_model")
    description = ModelDescription(
        name="tiny",
        relation_schema=load_schema("cdr"),
        encoding=EncodingConfig(window=window, overlap=8),
        model=with_architecture(config),
    )
    return start_from_encoder(description, seed=seed, device=torch.device("cpu"))
