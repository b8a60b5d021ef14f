"""An explanation as NumPy arrays, and the tokens that they are of as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bran.extraction.explanation import Influence, LogitParts, Unit
from bran.files import atomic_write, atomic_write_binary
from bran.view.explain.explanation import Explanation


def arrays(explanation: Explanation) -> dict[str, NDArray[Any]]:
    """The arrays of ``explanation`` by name.

    ``subwords``, ``words``: first character and one past the last of each. For each window ``N``: ``attention_N``
    ``(blocks, heads, subwords, subwords)``; and of the words, mentions and entities in it ``attention_words_N``,
    ``attention_mentions_N``, ``attention_entities_N``, whose numbers in the document are ``window_words_N`` and so on.
    For each relation ``N``: ``occlusion_words_N``, ``occlusion_mentions_N``, ``occlusion_entities_N``, and
    ``gradients_N`` of the subwords.
    """
    units = explanation.units
    named: dict[str, NDArray[Any]] = {
        "subwords": np.stack([units.starts, units.ends], axis=1),
        "words": np.array([unit.spans[0] for unit in units.words], dtype=np.int64).reshape(-1, 2),
    }
    for number, attention in enumerate(explanation.attention):
        named[f"attention_{number}"] = attention.weights
        for kind, among in (("words", units.words), ("mentions", units.mentions), ("entities", units.entities)):
            inside = attention.within(among)
            chosen = [among[place] for place in inside]
            named[f"window_{kind}_{number}"] = np.array(inside, dtype=np.int64)
            named[f"attention_{kind}_{number}"] = attention.among(chosen, chosen)
    for number, influence in enumerate(explanation.influences):
        named[f"occlusion_words_{number}"] = influence.occlusion.words
        named[f"occlusion_mentions_{number}"] = influence.occlusion.mentions
        named[f"occlusion_entities_{number}"] = influence.occlusion.entities
        if influence.gradients is not None:
            named[f"gradients_{number}"] = influence.gradients.subwords
    return named


def tokens(explanation: Explanation) -> dict[str, Any]:
    """What the arrays are of, as plain values: text, subwords, words, mentions, entities, windows and relations."""
    units, text = explanation.units, explanation.document.text
    spans = zip(units.starts.tolist(), units.ends.tolist(), strict=True)
    return {
        "document": explanation.document.id,
        "model": explanation.model,
        "threshold": explanation.threshold,
        "text": text,
        "subwords": [{"start": start, "end": end, "text": text[start:end]} for start, end in spans],
        "words": _plain(units.words),
        "mentions": _plain(units.mentions),
        "entities": _plain(units.entities),
        "windows": [{"start": each.start, "subwords": each.weights.shape[3]} for each in explanation.attention],
        "relations": [_relation(influence) for influence in explanation.influences],
        "notes": list(explanation.notes),
    }


def write_arrays(explanation: Explanation, path: Path) -> list[Path]:
    """Write :func:`arrays` to ``path`` (``.npz``), and :func:`tokens` to the ``.json`` beside it; returns both."""
    beside = path.with_suffix(".json")
    with atomic_write(beside) as stream:
        json.dump(tokens(explanation), stream)  # escapes all but ASCII: a text may hold half a character
    with atomic_write_binary(path) as binary:
        np.savez_compressed(binary, **arrays(explanation))
    return [path, beside]


def _plain(units: Sequence[Unit]) -> list[dict[str, Any]]:
    return [{**asdict(unit), "subwords": unit.subwords.tolist()} for unit in units]


def _relation(influence: Influence) -> dict[str, Any]:
    relation, gradients = influence.relation, influence.gradients
    taken = gradients and {
        "total": gradients.total,
        "difference": gradients.difference,
        "gap": gradients.gap,
        "steps": gradients.steps,
    }
    return {
        "type": relation.type,
        "head": relation.head,
        "tail": relation.tail,
        "score": relation.score,
        "probability": relation.probability,
        "parts": _parts(influence.parts),
        "hidden": _parts(influence.hidden),
        "gradients": taken,
    }


def _parts(parts: LogitParts) -> dict[str, float]:
    return {**dict(parts.items()), "logit": parts.logit}
