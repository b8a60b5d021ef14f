"""Invented sentences, a tiny lexicon of their names, and tiny recognisers over both, for the tests of tagging."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bran.config import override, parse_config
from bran.corpus.document import Document
from bran.encoding.subwords import SubwordConfig, Subwords
from bran.encoding.tagging import Style, TaggingEncoder, TaggingExample
from bran.encoding.vectors import SubwordVectors
from bran.nn.recogniser import RecogniserConfig, RecogniserNetwork
from bran.tagging.lexicon_build import build_lexicon
from bran.tagging.lexicon_uses import AnnotatedCorpus
from bran.tagging.mesh_files import MeshRecord
from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserDescription, RecogniserModel
from bran.training.loop import Trainer
from bran.training.recognition import RecognitionTrainingConfig
from tests.builders import document

TYPES = ("Chemical", "Disease")
STYLE = Style(0, frozenset(TYPES), {})
"""Of a corpus in which both types are annotated."""
CHEMICALS = {"velorin": "C1", "brinol": "C2", "sotamide": "C3", "kelvane": "C4"}
DISEASES = {"tremor": "D1", "gout": "D2", "chronic gout": "D3", "rash": "D4"}
"""Names of the lexicon, and the concepts that they name."""
_NAME = re.compile(rf"\b({'|'.join(sorted([*CHEMICALS, *DISEASES], key=len, reverse=True))})\b", re.IGNORECASE)

_NETWORK: dict[str, Any] = {
    "encoder": {
        "dim": 16,
        "blocks": 1,
        "dropout": 0.0,
        "attention": {"heads": 2},
        "feed_forward": {"kind": "convolution", "expansion": 2, "dropout": 0.0},
        "norm": "pre",
    },
    "word_dropout": 0.0,
    "lexicon_dropout": 0.0,
    "dropout": 0.0,
}
_TRAINING: dict[str, Any] = {
    "epochs": 2,
    "average": 0,
    "batches": {"max_tokens": 4000},
    "optimiser": {"learning_rate": 0.02},
    "schedule": {"kind": "constant", "warmup": 0},
    "precision": "fp32",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A name that stands in a text."""

    start: int
    end: int
    type: str


def find_names(text: str) -> Iterator[Found]:
    """The names of :data:`CHEMICALS` and :data:`DISEASES` in ``text``, the longest at each place."""
    for match in _NAME.finditer(text):
        yield Found(match.start(), match.end(), "Chemical" if match[0].lower() in CHEMICALS else "Disease")


def no_names(text: str) -> Iterator[Found]:
    """None."""
    return iter(())


def notes() -> list[Document]:
    """Six short texts with the schema ``cdr``, all mentions annotated; Zorvapine is not in the lexicon."""
    return [
        document("31", "{Velorin|Chemical|MESH:C1} induced {tremor|Disease|MESH:D1} in two men."),
        document("32", "{Brinol|Chemical|MESH:C2} against {chronic gout|Disease|MESH:D3}.", "It eased."),
        document("33", "A {rash|Disease|MESH:D4} after {sotamide|Chemical|MESH:C3} and {kelvane|Chemical|MESH:C4}."),
        document("34", "No adverse event was seen.", "{Gout|Disease|MESH:D2} cleared in 3 days."),
        document("35", "{Zorvapine|Chemical|MESH:C9} was stopped.", "The {tremor|Disease|MESH:D1} went on."),
        document("36", "Two men fell in 1999; none had {tremor|Disease|MESH:D1} or {gout|Disease|MESH:D2}."),
    ]


def bare(documents: Sequence[Document]) -> list[Document]:
    """``documents`` as they stand before they are tagged."""
    return [doc.with_mentions(()) for doc in documents]


def unlinked(documents: Sequence[Document]) -> list[list[tuple[int, int, str]]]:
    """The spans and types of the mentions of each document."""
    return [[(mention.start, mention.end, mention.type) for mention in doc.mentions] for doc in documents]


@cache
def vocabulary() -> Subwords:
    """A vocabulary learned on :func:`notes`."""
    return Subwords.learn([doc.text for doc in notes()], SubwordConfig(vocabulary=400, min_frequency=1))


def tagging_encoder(*, window: int = 512, overlap: int = 128, find_names: Any = find_names) -> TaggingEncoder:
    """An encoder over :func:`vocabulary`, for chemicals and diseases."""
    return TaggingEncoder(vocabulary(), TYPES, find_names, window=window, overlap=overlap)


def encoded(documents: Sequence[Document], style: Style | None = STYLE, **settings: Any) -> list[TaggingExample]:
    """``documents`` as :func:`tagging_encoder` encodes them with ``settings``."""
    return tagging_encoder(**settings)(documents, style)


def recogniser_config(*changes: str) -> RecogniserConfig:
    """A network of a few thousand weights without dropout; ``changes`` are dotted overrides."""
    return parse_config(RecogniserConfig, override(_NETWORK, changes), source="recogniser_config")


def recognition_training(*changes: str) -> RecognitionTrainingConfig:
    """Two short epochs in 32 bits; ``changes`` are dotted overrides."""
    return parse_config(RecognitionTrainingConfig, override(_TRAINING, changes), source="recognition_training")


def recogniser_network(*changes: str, styles: int = 1, seed: int = 0) -> RecogniserNetwork:
    """A tiny network with random weights, in evaluation mode."""
    torch.manual_seed(seed)
    sizes = tagging_encoder().sizes(styles)
    return recogniser_config(*changes).build(sizes=sizes, types=len(TYPES)).eval()


def recogniser_model(network: RecogniserNetwork | None = None, **settings: Any) -> RecogniserModel:
    """``network``, or a random one, with all that its folder holds; ``settings`` are ``window`` and ``overlap``."""
    description = RecogniserDescription(
        name="tiny", types=TYPES, styles=("notes",), model=recogniser_config(), **settings
    )
    return RecogniserModel(description, vocabulary(), network or recogniser_network(), find_names)


@cache
def _trained() -> RecogniserNetwork:
    network = recogniser_network()
    Trainer(network, recognition_training("epochs=40"), encoded(notes())).run()
    return network.eval()


def trained_model(**settings: Any) -> RecogniserModel:
    """A model that has learned :func:`notes` by heart."""
    return recogniser_model(_trained(), **settings)


def trained_recogniser(*, max_tokens: int = 8192, chunk: int = 256, **settings: Any) -> NetworkRecogniser:
    """:func:`trained_model` in 32 bits."""
    return NetworkRecogniser(trained_model(**settings), precision="fp32", max_tokens=max_tokens, chunk=chunk)


def write_lexicon(folder: Path) -> Path:
    """Compile the lexicon of :data:`CHEMICALS` and :data:`DISEASES`; returns its folder."""
    chemicals = [MeshRecord(id_, name.capitalize(), trees=(f"D02.{id_}",)) for name, id_ in CHEMICALS.items()]
    diseases = [MeshRecord(id_, name.capitalize(), trees=(f"C10.{id_}",)) for name, id_ in DISEASES.items()]
    folder.mkdir(parents=True, exist_ok=True)
    both = document("1", "{Brinolkelvane|Chemical|MESH:C2;MESH:C4}.")
    build_lexicon([*chemicals, *diseases], [AnnotatedCorpus([both], gold=True)], folder)
    return folder


def write_vectors(folder: Path, *, dim: int = 16) -> Path:
    """Random vectors of :func:`vocabulary`; returns their folder."""
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary()), dim)).astype(np.float32)
    SubwordVectors(vocabulary(), vectors).save(folder)
    return folder


def recognition_settings(vectors: Path, *changes: str, **given: Any) -> dict[str, Any]:
    """The content of a YAML file for ``bran tagging train``: two corpora, and two short stages over them.

    Args:
        vectors: a folder of :func:`write_vectors`.
        changes: dotted overrides (``model.dropout=0.1``).
        given: top-level keys that replace the defaults.
    """
    training = recognition_training("batches.max_tokens=64").model_dump(mode="json")
    defaults = {
        "name": "tiny",
        "types": list(TYPES),
        "corpora": {
            "notes": {"schema": "cdr", "annotates": list(TYPES)},
            "drugs": {"schema": "cdr", "annotates": ["Chemical"]},
        },
        "vectors": str(vectors),
        "window": 64,
        "overlap": 16,
        "model": recogniser_config().model_dump(mode="json"),
        "stages": [
            {"name": "broad", "repeat": {"notes": 1, "drugs": 2}, "training": training},
            {"name": "fine", "repeat": {"notes": 1}, "training": {**training, "seed": 1}},
        ],
        "card": {"purpose": "Finds chemicals and diseases."},
    }
    return override({**defaults, **given}, changes)
