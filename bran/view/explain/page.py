"""The page of an explanation: one file that needs no network and no other file."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from bran.extraction.explanation import AttentionMap, Influence, Unit
from bran.view.assets import content_policy, read_asset, script, stylesheet
from bran.view.document_data import document_data
from bran.view.explain.explanation import CAUTION, Explanation
from bran.view.report.packing import pack
from bran.wording import counted

if TYPE_CHECKING:
    from bran.encoding.subwords import Floats

STYLES = ("theme.css", "document.css", "explain.css")
SCRIPTS = ("dom.js", "document.js", "store.js", "explain_text.js", "explain_side.js", "explain.js")
"""Each after those that it imports from."""

MOST_BYTES = 12_000_000
"""Weights among words that a page holds, a byte each."""


def explanation_page(explanation: Explanation, *, most: int = MOST_BYTES) -> str:
    """The page of ``explanation``.

    Args:
        explanation: what is shown.
        most: weights among words that it holds at most; windows that have more are left out, and a note says so.
    """
    title = f"Explanation of document {explanation.document.id}"
    style, code = stylesheet(*STYLES), script(*SCRIPTS)
    policy = content_policy([style], [code])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(_printable(title))}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{read_asset('explain.html')}"
        f'<script type="application/gzip+base64" id="explanation">{pack(json.dumps(_data(explanation, title, most)))}'
        f"</script>\n<script>{code}</script>\n</body>\n</html>\n"
    )


def _printable(text: str) -> str:
    """``text`` as UTF-8 can have it: half a character shows as a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _data(explanation: Explanation, title: str, most: int) -> dict[str, Any]:
    units = explanation.units
    windows = list(_windows(explanation, most))
    left_out = len(explanation.attention) - len(windows)
    notes = list(explanation.notes)
    if left_out:
        more = counted(left_out, "more window")
        notes.append(f"The attention of {more} is in the arrays; the page would grow too large.")
    return {
        "title": title,
        "model": explanation.model,
        "threshold": explanation.threshold,
        "caution": CAUTION,
        "notes": notes,
        "document": document_data(explanation.document).model_dump(),
        "words": [unit.spans[0] for unit in units.words],
        "entities": [{"name": unit.name, "id": unit.id, "type": unit.type} for unit in units.entities],
        "relations": [_relation(explanation, influence) for influence in explanation.influences],
        "windows": windows,
    }


def _relation(explanation: Explanation, influence: Influence) -> dict[str, Any]:
    relation, gradients = influence.relation, influence.gradients
    hidden = dict(influence.hidden.items())
    methods: dict[str, Any] = {"hidden words": _rounded(influence.occlusion.words)}
    entities = {"hidden words": _rounded(influence.occlusion.entities)}
    facts = None
    if gradients is not None:
        methods["integrated gradients"] = _rounded(gradients.of(explanation.units.words))
        entities["integrated gradients"] = _rounded(gradients.of(explanation.units.entities))
        facts = {"total": gradients.total, "difference": gradients.difference, "steps": gradients.steps}
    return {
        "title": explanation.title(influence),
        "head": relation.head,
        "tail": relation.tail,
        "score": relation.score,
        "probability": relation.probability,
        "parts": [[name, value, hidden[name]] for name, value in influence.parts.items()],
        "logit": [influence.parts.logit, influence.hidden.logit],
        "words": methods,
        "entities": entities,
        "gradients": facts,
    }


def _rounded(values: Floats) -> list[float]:
    return [round(value, 5) for value in values.tolist()]


def _windows(explanation: Explanation, most: int) -> Iterator[dict[str, Any]]:
    """What the page has of each window, until it holds ``most`` weights."""
    units = explanation.units
    for attention in explanation.attention:
        words, entities = attention.within(units.words), attention.within(units.entities)
        blocks, heads = attention.weights.shape[:2]
        most -= blocks * heads * len(words) ** 2
        if most < 0:
            return
        weights = _among(attention, units.words, words)
        highest = weights.max(-1)
        levels = np.rint(weights / np.maximum(highest, np.finfo(np.float32).tiny)[..., None] * 255).astype(np.uint8)
        yield {
            "blocks": blocks,
            "heads": heads,
            "words": words,
            "entities": entities,
            "highest": np.round(highest, 5).ravel().tolist(),
            "levels": base64.b64encode(levels.tobytes()).decode("ascii"),
            "among": np.round(_among(attention, units.entities, entities), 5).tolist(),
        }


def _among(attention: AttentionMap, units: Sequence[Unit], places: Sequence[int]) -> Floats:
    chosen = [units[place] for place in places]
    return attention.among(chosen, chosen)
