"""The network of a relation table: concepts, and an edge for every pair that documents relate."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bran.view.plots.style import COLOURS, marker, styled
from bran.wording import counted

_LONGEST = 24
"""Characters of a name that is drawn."""
_WIDE = 1.25
"""Width of the whole by the side of a square that is as large."""
_SIZES = 50.0, 350.0
_WIDTHS = 0.8, 5.0

Places = Mapping[str, tuple[float, float]]
"""x and y of each node."""


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

    Concepts that are related stand near each other (Kamada and Kawai 1989), unconnected parts side by side. Entity
    types are told apart by mark and colour.

    Args:
        edges: those that are drawn; a few dozens can be read.
        of: how many there are in all.
    """
    graph = _graph(edges)
    side = min(13.0, 4.0 + 0.08 * graph.number_of_nodes())
    figure = Figure(figsize=(_WIDE * side, side))
    axes = figure.subplots()
    axes.set_axis_off()
    if edges:
        _draw(axes, graph)
    shown = f"the {len(edges)} of {of:,} pairs that most documents relate" if of else counted(len(edges), "pair")
    axes.set_title(f"{shown}; width: documents, {_range(edges)}")
    return figure


def layout(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    """A place for every node: each connected part laid out by itself, largest first, packed in rows without overlap."""
    parts = sorted(nx.connected_components(graph), key=lambda part: (-len(part), min(part)))
    sizes = [_extent(len(part)) for part in parts]
    row = max([_WIDE * sum(width * height for width, height in sizes) ** 0.5, *(width for width, _ in sizes)])
    places: dict[str, tuple[float, float]] = {}
    x = y = tallest = 0.0
    for part, (width, height) in zip(parts, sizes, strict=True):
        if x + width > row:
            x, y, tallest = 0.0, y - tallest, 0.0
        for node, (dx, dy) in _unit_layout(_part(graph, part)).items():
            places[node] = (x + width * dx, y - height * dy)
        x, tallest = x + width, max(tallest, height)
    return places


def _part(graph: nx.Graph, nodes: Collection[str]) -> nx.Graph:
    """The part of ``graph`` with ``nodes``, in their order: a view of it has that of a set, another in each process."""
    part = nx.Graph()
    part.add_nodes_from(sorted(nodes))
    part.add_edges_from(sorted(tuple(sorted(edge)) for edge in graph.edges(nodes)))
    return part


def _unit_layout(graph: nx.Graph) -> dict[str, tuple[float, float]]:
    """Places within the unit square, away from its border; the two ends of a single pair stand above each other."""
    if len(graph) == 2:
        return {node: (0.5, 0.25 + 0.5 * number) for number, node in enumerate(sorted(graph))}
    found = nx.kamada_kawai_layout(graph)
    low = [min(float(place[axis]) for place in found.values()) for axis in (0, 1)]
    span = [max(float(place[axis]) for place in found.values()) - low[axis] or 1.0 for axis in (0, 1)]
    return {
        node: (
            0.15 + 0.7 * (float(found[node][0]) - low[0]) / span[0],
            0.1 + 0.75 * (float(found[node][1]) - low[1]) / span[1],
        )
        for node in sorted(found)
    }


def _extent(nodes: int) -> tuple[float, float]:
    """Width and height of the box that a connected part of so many nodes gets; names are wider than high."""
    return (1.8, 1.1) if nodes == 2 else (1.45 * nodes**0.6, 1.1 * nodes**0.6)


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
    weights = dict(graph.degree(weight="documents"))
    heaviest = max(weights.values())
    sizes = {node: _between(_SIZES, weight / heaviest) for node, weight in weights.items()}
    _draw_edges(axes, graph, places)
    _draw_nodes(axes, graph, places, sizes)
    for node, name in graph.nodes(data="name"):
        axes.annotate(
            _short(name),
            places[node],
            (0, 2 + sizes[node] ** 0.5 / 2),  # above the mark
            textcoords="offset points",
            ha="center",
            fontsize=7,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.4},
            zorder=3,
        )
    axes.margins(0.08)


def _draw_edges(axes: Axes, graph: nx.Graph, places: Places) -> None:
    most = max(documents for *_, documents in graph.edges(data="documents"))
    for head, tail, documents in graph.edges(data="documents"):
        (x0, y0), (x1, y1) = places[head], places[tail]
        axes.plot([x0, x1], [y0, y1], color="0.72", linewidth=_between(_WIDTHS, documents / most), zorder=1)


def _draw_nodes(axes: Axes, graph: nx.Graph, places: Places, sizes: Mapping[str, float]) -> None:
    """The marks, by entity type; with a legend where types are known."""
    types = sorted({type_ for _, type_ in graph.nodes(data="type")})
    for number, type_ in enumerate(types):
        nodes = [node for node, found in graph.nodes(data="type") if found == type_]
        axes.scatter(
            [places[node][0] for node in nodes],
            [places[node][1] for node in nodes],
            s=[sizes[node] for node in nodes],
            color=COLOURS[number % len(COLOURS)],
            marker=marker(number),
            edgecolor="white",
            linewidth=0.8,
            zorder=2,
        )
    if any(types):
        handles = [_handle(number, type_) for number, type_ in enumerate(types)]
        axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(handles), borderaxespad=0)


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
