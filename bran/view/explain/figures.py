"""An explanation as drawings: attention as heat maps, influence as bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bran.corpus.sentences import document_sentences
from bran.encoding.subwords import Floats
from bran.extraction.explanation import AttentionMap, Influence, Unit
from bran.view.explain.explanation import Explanation
from bran.view.explain.labels import label
from bran.view.plots.style import COLOURS, styled

MAX_TOKENS = 40
"""Words that a heat map has on a side unless the user says otherwise: as many as can be read."""
_BARS = 14
_NUMBERED = 12
"""Cells on a side up to which each has its number, unless it is small."""
_SMALL = 0.01
_FOR, _AGAINST = COLOURS[0], COLOURS[1]


@styled
def attention_figure(explanation: Explanation, *, max_tokens: int = MAX_TOKENS) -> Figure:
    """Attention among the words around the strongest evidence of the first relation: a map for each block and head.

    Args:
        explanation: with at least one map.
        max_tokens: words on a side at most; those nearest to the two mentions stay.
    """
    attention, words = _evidence_words(explanation, max_tokens)
    title = f"Attention among words of document {explanation.document.id}"
    return _maps(attention, words, title, cell=0.135)


@styled
def entities_figure(explanation: Explanation, *, max_tokens: int = MAX_TOKENS) -> Figure:
    """Attention among the entities in the window of the first relation: a map for each block and head.

    Args:
        explanation: with at least one map.
        max_tokens: entities on a side at most; those with most mentions stay.
    """
    attention, _ = _evidence_words(explanation, 1)
    entities = explanation.units.entities
    inside = [entities[number] for number in attention.within(entities)]
    often = sorted(inside, key=lambda unit: -len(unit.spans))[:max_tokens]
    shown = [unit for unit in inside if unit in often]
    return _maps(attention, shown, f"Attention among entities of document {explanation.document.id}", cell=0.34)


@styled
def influence_figure(explanation: Explanation, *, max_tokens: int = _BARS) -> Figure:
    """What the score of each relation depends on: the parts of its logit, and the words that change it most.

    Args:
        explanation: with at least one relation.
        max_tokens: words that are named at most.
    """
    shown, bars = explanation.influences, min(max_tokens, _BARS)
    figure = Figure(figsize=(10.5, 3.7 * len(shown)))
    parts = figure.subfigures(len(shown), 1, squeeze=False)[:, 0]
    for part, influence in zip(parts, shown, strict=True):
        relation = influence.relation
        part.suptitle(f"{label(explanation.title(influence), 90)}   score {relation.score:.3f}", parse_math=False)
        axes = part.subplots(1, 3, width_ratios=(1.0, 1.2, 1.2))
        _draw_parts(axes[0], influence)
        _draw_effects(axes[1], explanation, influence.occlusion.words, bars, "hidden words")
        if influence.gradients is None:
            axes[2].set_axis_off()
        else:
            values = influence.gradients.of(explanation.units.words)
            _draw_effects(axes[2], explanation, values, bars, "integrated gradients")
    return figure


FIGURES: dict[str, Callable[..., Figure]] = {
    "attention": attention_figure,
    "entities": entities_figure,
    "influence": influence_figure,
}
"""The drawings by name; each takes an explanation, and how much to show at most."""


def _evidence_words(explanation: Explanation, most: int) -> tuple[AttentionMap, list[Unit]]:
    """A map, and the words in it of the sentences of the strongest evidence; at most ``most`` of them."""
    words = explanation.units.words
    evidence = explanation.influences[0].relation.evidence[:1]
    ends = [mention.start for pair in evidence for mention in (pair.head, pair.tail)] or [0]
    spans = [span for span in document_sentences(explanation.document) if any(span[0] <= end < span[1] for end in ends)]

    def wanted(attention: AttentionMap) -> list[Unit]:
        inside = (words[number] for number in attention.within(words))
        near = [word for word in inside if any(low <= word.spans[0][0] < high for low, high in spans)]
        nearest = sorted(near, key=lambda word: min(abs(word.spans[0][0] - end) for end in ends))[:most]
        return sorted(nearest, key=lambda word: word.spans)

    found = [(attention, wanted(attention)) for attention in explanation.attention]
    return max(found, key=lambda pair: len(pair[1]))


def _maps(attention: AttentionMap, units: Sequence[Unit], title: str, *, cell: float) -> Figure:
    """A grid of heat maps, blocks by heads; ``cell`` is the side of a cell, in inches."""
    weights = attention.among(units, units)
    blocks, heads = weights.shape[:2]
    side = max(1.6, cell * len(units))
    widest = min(4, max(1, round(13 / side)))
    columns = max(number for number in range(1, widest + 1) if heads % number == 0)
    rows = heads // columns
    figure = Figure(figsize=(columns * (side + 0.15) + 2.4, blocks * rows * (side + 0.3) + 1.8))
    grid = figure.subplots(blocks * rows, columns, squeeze=False, sharex=True, sharey=True)
    norm = PowerNorm(0.5, vmin=0.0, vmax=float(weights.max()))  # most weights are small: their differences show
    for place, axes in enumerate(grid.flat):
        block, head = divmod(place, heads)
        _draw_map(axes, weights[block, head], units, norm)
        axes.set_title(f"block {block + 1}, head {head + 1}")
    figure.suptitle(title, parse_math=False)
    figure.supylabel("a word here attends …" if cell < 0.2 else "an entity here attends …", fontsize=9)
    figure.supxlabel("… to these", fontsize=9)
    figure.colorbar(ScalarMappable(norm, "Purples"), ax=grid, shrink=0.5, pad=0.01, aspect=30, label="weight")
    return figure


def _draw_map(axes: Axes, weights: Floats, units: Sequence[Unit], norm: PowerNorm) -> None:
    axes.grid(False)
    axes.imshow(weights, cmap="Purples", norm=norm, aspect="equal")
    names = [label(unit.name) for unit in units]
    axes.set_xticks(range(len(units)), names, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(range(len(units)), names, fontsize=7, parse_math=False)
    axes.tick_params(length=0)
    if len(units) > _NUMBERED:
        return
    for row, column in zip(*np.nonzero(weights >= _SMALL), strict=True):
        value = float(weights[row, column])
        shade = "white" if norm(value) > 0.6 else "black"
        axes.text(column, row, f"{value:.2f}".removeprefix("0"), ha="center", va="center", fontsize=6.5, color=shade)


def _draw_parts(axes: Axes, influence: Influence) -> None:
    """The parts of the logit, with the words as they are and hidden."""
    seen = [*influence.parts.items(), ("logit", influence.parts.logit)]
    hidden = [*influence.hidden.items(), ("logit", influence.hidden.logit)]
    places = np.arange(len(seen))
    axes.barh(places - 0.2, [value for _, value in seen], height=0.38, color=COLOURS[0], label="as written")
    without = axes.barh(places + 0.2, [value for _, value in hidden], height=0.38, color="0.75", label="words hidden")
    for bar in without:
        bar.set(hatch="////", edgecolor="white", linewidth=0)
    axes.set_yticks(places, [name for name, _ in seen])
    axes.invert_yaxis()
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set_title("parts of the logit")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)


def _draw_effects(axes: Axes, explanation: Explanation, values: Floats, most: int, title: str) -> None:
    """The words of the largest ``values``, strongest first."""
    strongest = [number for number in np.argsort(-np.abs(values), kind="stable")[:most] if values[number]]
    shown = values[strongest]
    colours = [_FOR if value > 0 else _AGAINST for value in shown]
    bars = axes.barh(range(len(shown)), shown, color=colours, height=0.72)
    for bar, value in zip(bars, shown, strict=True):
        bar.set(hatch="" if value > 0 else "////", edgecolor="white", linewidth=0)
    names = [label(_in_context(explanation.units.words, number)) for number in strongest]
    axes.set_yticks(range(len(shown)), names, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(title)
    axes.set_xlabel("against · for (logit)")


def _in_context(words: Sequence[Unit], number: int) -> str:
    """A word, and its number among those that are written alike; a sign of punctuation with the word before it."""
    name = words[number].name
    if number and not any(map(str.isalnum, name)):
        return f"{words[number - 1].name} {name}"
    alike = [place for place, word in enumerate(words) if word.name == name]
    return f"{name} ({alike.index(number) + 1})" if len(alike) > 1 else name
