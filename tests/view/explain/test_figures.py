from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from bran.view.explain.explanation import Explanation
from bran.view.explain.figures import FIGURES, attention_figure, entities_figure, influence_figure
from bran.view.explain.labels import label
from bran.view.plots.files import png, svg


def ticks(figure: Figure, axes: int = 0) -> list[str]:
    return [text.get_text() for text in figure.axes[axes].get_yticklabels()]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_hostile_words_are_drawn_as_words_and_the_same_bytes_come_again(name: str, explanation: Explanation) -> None:
    first, second = (FIGURES[name](explanation) for _ in range(2))
    assert svg(first) == svg(second)
    assert "<script" not in svg(first)
    assert png(first).startswith(b"\x89PNG")


def test_a_map_for_every_block_and_head_with_at_most_so_many_words(explanation: Explanation) -> None:
    figure = attention_figure(explanation, max_tokens=6)
    titles = [axes.get_title(loc="left") for axes in figure.axes[:4]]
    assert titles == ["block 1, head 1", "block 1, head 2", "block 2, head 1", "block 2, head 2"]
    assert len(ticks(figure)) == 6
    assert len(ticks(entities_figure(explanation, max_tokens=2))) == 2
    assert len(ticks(entities_figure(explanation))) == len(explanation.units.entities)


def test_cells_are_the_weights(explanation: Explanation) -> None:
    figure = entities_figure(explanation)
    entities = explanation.units.entities
    expected = explanation.attention[0].among(entities, entities)
    for place, axes in enumerate(figure.axes[:4]):
        block, head = divmod(place, 2)
        assert (axes.images[0].get_array() == expected[block, head]).all()


def test_bars_are_the_strongest_words(explanation: Explanation) -> None:
    figure = influence_figure(explanation, max_tokens=5)
    values = explanation.influences[0].occlusion.words
    strongest = sorted(values.tolist(), key=lambda value: -abs(value))[:5]
    assert [patch.get_width() for patch in figure.axes[1].patches] == pytest.approx(strongest)


def test_one_relation_without_gradients_has_a_figure_too(explanation: Explanation) -> None:
    alone = replace(explanation, influences=(replace(explanation.influences[0], gradients=None),))
    assert png(influence_figure(alone)).startswith(b"\x89PNG")


def test_labels_are_short_and_can_be_drawn() -> None:
    assert label("two\nlines") == "two lines"
    assert label("half \ud800") == "half \ufffd"
    assert label("a" * 30) == "a" * 21 + "…"
