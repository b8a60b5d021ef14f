"""An explanation as HTML that runs no script, for notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from bran.extraction.explanation import Influence
from bran.view.explain.explanation import CAUTION, Explanation

if TYPE_CHECKING:
    from bran.encoding.subwords import Floats

_FOR, _AGAINST = "#2b7fc0", "#e07b18"
_STRONG = 0.35
"""Share of the strongest effect from which a word has a line below it."""


def static_html(explanation: Explanation) -> str:
    """Each relation with the parts of its logit, and the text with words shaded by what they do to it."""
    parts = "".join(_section(explanation, influence) for influence in explanation.influences)
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in (CAUTION, *explanation.notes))
    text = f'<article class="bran-explanation" style="line-height:1.8">{parts}{notes}</article>'
    return text.encode("utf-8", "replace").decode("utf-8")


def _section(explanation: Explanation, influence: Influence) -> str:
    method, values = word_effects(explanation, influence)
    rows = "".join(
        f'<tr><td style="text-align:left">{name}</td><td>{value:.3f}</td><td>{hidden:.3f}</td></tr>'
        for (name, value), (_, hidden) in zip(
            [*influence.parts.items(), ("logit", influence.parts.logit)],
            [*influence.hidden.items(), ("logit", influence.hidden.logit)],
            strict=True,
        )
    )
    return (
        f"<h4>{escape(explanation.title(influence))}: {influence.relation.score:.4f}</h4>"
        f'<p dir="auto" style="white-space:pre-wrap">{"".join(_words(explanation, values))}</p>'
        f"<p><small>Blue, solid line: for the relation; orange, dashed line: against it ({method}).</small></p>"
        "<table><thead><tr><th>part of the logit</th><th>as written</th><th>words hidden</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def word_effects(explanation: Explanation, influence: Influence) -> tuple[str, Floats]:
    """What each word does to the logit, and by which method: integrated gradients where they were taken."""
    if influence.gradients is None:
        return "hidden words", influence.occlusion.words
    return "integrated gradients", influence.gradients.of(explanation.units.words)


def _words(explanation: Explanation, values: Floats) -> Iterator[str]:
    text, place = explanation.document.text, 0
    levels = values / max(float(np.abs(values).max(initial=0)), 1e-12)
    for unit, level, value in zip(explanation.units.words, levels.tolist(), values.tolist(), strict=True):
        ((start, end),) = unit.spans
        yield escape(text[place:start])
        colour = _FOR if level > 0 else _AGAINST
        line = f";border-bottom:2px {'solid' if level > 0 else 'dashed'} {colour}" if abs(level) >= _STRONG else ""
        shade = f"background:{colour}{round(170 * abs(level)):02x}{line}"
        yield f'<span style="{shade}" title="{value:.4f}">{escape(text[start:end])}</span>'
        place = end
    yield escape(text[place:])
