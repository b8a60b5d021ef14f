"""Tiny pretrained encoders of transformers with random weights, each in a folder, for the tests of every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

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


def transformers() -> Any:
    """The package; the test is skipped where it is not installed."""
    return pytest.importorskip("transformers", reason="needs transformers: bran-relations[transformers]")


def texts() -> list[str]:
    """What tokenizers learn on."""
    return [doc.text for doc in [*documents(), *several_types_documents()]]


def wordpiece() -> Tokenizer:
    """A tokenizer as BERT has it; it cuts off after eight subwords and fills up to them, as some that are published."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts(), trainers.WordPieceTrainer(vocab_size=160, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8, pad_id=0, pad_token="[PAD]")
    return tokenizer


def byte_level() -> Tokenizer:
    """A tokenizer as RoBERTa and ModernBERT have it: the space before a word is part of it."""
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
    return tokenizer


def save_encoder(folder: Path, kind: str = "bert", **settings: Any) -> Path:
    """Write a tiny encoder of ``kind`` with its tokenizer; returns the folder.

    Args:
        folder: where to.
        kind: one of :data:`KINDS`.
        settings: of its config, in place of those of all.
    """
    library = transformers()
    tokenizer = wordpiece() if kind == "bert" else byte_level()
    marks = ("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]") if kind == "bert" else ("<unk>", "<pad>", "<s>", "</s>", "<mask>")
    names = dict(zip(("unk_token", "pad_token", "cls_token", "sep_token", "mask_token"), marks, strict=True))
    ids = {name.replace("token", "token_id"): tokenizer.token_to_id(mark) for name, mark in names.items()}
    ids = {name: ids[name] for name in ("pad_token_id", "cls_token_id", "sep_token_id")}
    if kind == "modernbert":
        ids |= {"local_attention": 16}
    config = library.AutoConfig.for_model(
        kind, **{"vocab_size": tokenizer.get_vocab_size() + 3, **_SIZES, **ids, **settings}
    )
    torch.manual_seed(5)
    library.AutoModel.from_config(config).save_pretrained(folder)
    library.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    return folder
