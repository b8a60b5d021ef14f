"""The network of a relation table: concepts, and an edge for every pair that documents relate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bran.view.plots.style import COLOURS, marker, styled

_LONGEST = 24
"""Characters of a name that is drawn."""
_SIZES = 60.0, 520.0
_WIDTHS = 0.8, 5.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A pair of concepts that documents relate.

    Attributes:
        head: id.
        tail: id.
        head_name: for people.
        tail_name: for people.
        head_type: entity type; empty when it is not known.
        tail_type: likewise.
        documents: that relate them.
    """

    head: str
    tail: str
    head_name: str
    tail_name: str
    head_type: str
    tail_type: str
    documents: int


@styled
def network_plot(edges: Sequence[Edge], *, of: int | None = None) -> Figure:
    """A network: the more documents relate a pair, the wider its line; the more a concept has, the larger its mark.

    Concepts that are related stand near each other (Kamada and Kawai 1989), the unconnected parts side by side. Entity
    types are told apart by mark and colour.

    Args:
        edges: those that are drawn; a few dozens can be read.
        of: how many there are in all.
    """
    graph = _graph(edges)
    side = min(13.0, 5.5 + 0.09 * graph.number_of_nodes())
    figure = Figure(figsize=(1.25 * side, side))
    axes = figure.subplots()
    axes.set_axis_off()
    if edges:
        _draw(axes, graph)
    shown = f"the {len(edges)} of {of:,} pairs that most documents relate" if of else f"{len(edges)} pairs"
    axes.set_title(f"{shown}; width: documents, {_range(edges)}")
    return figure


def layout(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    """A place for every node: each connected part laid out by itself, largest first, packed in rows without overlap."""
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    places: dict[str, tuple[float, float]] = {}
    x = y = height = 0.0
    row = max(1.3 * sum(len(part) for part in parts) ** 0.5, _extent(len(parts[0]))) if parts else 0.0
    for part in parts:
        size = _extent(len(part))
        if x and x + size > 1.35 * row:
            x, y, height = 0.0, y - height, 0.0
        inner = nx.kamada_kawai_layout(graph.subgraph(sorted(part)))
        for node, (dx, dy) in sorted(inner.items()):
            places[node] = (x + size * (0.5 + 0.4 * float(dx)), y - size * (0.5 - 0.4 * float(dy)))
        x, height = x + size, max(height, size)
    return places


def _extent(nodes: int) -> float:
    """Side of the square that a connected part of so many nodes gets."""
    return float(1.1 * max(nodes, 2) ** 0.5)


def _graph(edges: Sequence[Edge]) -> nx.Graph:
    graph = nx.Graph()
    for edge in sorted(edges, key=lambda edge: (edge.head, edge.tail)):
        graph.add_node(edge.head, name=edge.head_name, type=edge.head_type)
        graph.add_node(edge.tail, name=edge.tail_name, type=edge.tail_type)
        before = graph.get_edge_data(edge.head, edge.tail, {"documents": 0})["documents"]
        graph.add_edge(edge.head, edge.tail, documents=before + edge.documents)
    return graph


def _draw(axes: Axes, graph: nx.Graph) -> None:
    places = layout(graph)
    most = max(documents for *_, documents in graph.edges(data="documents"))
    for head, tail, documents in graph.edges(data="documents"):
        (x0, y0), (x1, y1) = places[head], places[tail]
        axes.plot([x0, x1], [y0, y1], color="0.72", linewidth=_between(_WIDTHS, documents / most), zorder=1)
    weights = dict(graph.degree(weight="documents"))
    heaviest = max(weights.values())
    types = sorted({type_ for _, type_ in graph.nodes(data="type")})
    for number, type_ in enumerate(types):
        nodes = [node for node, found in graph.nodes(data="type") if found == type_]
        axes.scatter(
            [places[node][0] for node in nodes],
            [places[node][1] for node in nodes],
            s=[_between(_SIZES, weights[node] / heaviest) for node in nodes],
            color=COLOURS[number % len(COLOURS)],
            marker=marker(number),
            edgecolor="white",
            linewidth=0.8,
            zorder=2,
        )
    for node, name in graph.nodes(data="name"):
        axes.annotate(_short(name), places[node], (0, 8), textcoords="offset points", ha="center", fontsize=7, zorder=3)
    axes.margins(0.08)
    if any(types):
        handles = [_handle(number, type_) for number, type_ in enumerate(types)]
        axes.legend(handles=handles, loc="lower right")


def _handle(number: int, type_: str) -> Line2D:
    colour = COLOURS[number % len(COLOURS)]
    return Line2D([], [], linestyle="", marker=marker(number), color=colour, label=type_ or "unknown")


def _between(ends: tuple[float, float], share: float) -> float:
    low, high = ends
    return low + (high - low) * share


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _range(edges: Sequence[Edge]) -> str:
    counts = [edge.documents for edge in edges] or [0]
    return f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"
