from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.view.plots.files import svg
from bran.view.plots.network import Edge, layout, network_plot
from tests.view.plots.test_curves import texts


def edge(head: str, tail: str, documents: int = 1) -> Edge:
    return Edge(head, tail, f"drug {head}", f"sign {tail}", "Chemical", "Disease", documents)


EDGES = [edge("C1", "D1", 4), edge("C1", "D2"), edge("C2", "D3", 2)]


def test_every_pair_is_a_line_as_wide_as_it_has_documents() -> None:
    (axes,) = network_plot(EDGES, of=7).axes
    widths = [line.get_linewidth() for line in axes.lines]
    assert len(widths) == 3
    assert widths[0] > widths[2] > widths[1]
    assert axes.get_title(loc="left") == "the 3 of 7 pairs that most documents relate; width: documents, 1 to 4"


def test_concepts_are_named_and_their_types_told_apart() -> None:
    figure = network_plot(EDGES)
    assert {"drug C1", "drug C2", "sign D1", "sign D2", "sign D3", "Chemical", "Disease"} <= set(texts(svg(figure)))
    chemicals, diseases = figure.axes[0].collections
    assert (len(chemicals.get_offsets()), len(diseases.get_offsets())) == (2, 3)
    assert chemicals.get_facecolor().tolist() != diseases.get_facecolor().tolist()
    assert len(chemicals.get_paths()[0].vertices) != len(diseases.get_paths()[0].vertices)


def test_two_relations_of_a_pair_are_one_line() -> None:
    (axes,) = network_plot([edge("C1", "D1", 1), edge("C1", "D1", 2)]).axes
    assert len(axes.lines) == 1


def test_an_empty_table_is_an_empty_network() -> None:
    assert "0 pairs; width: documents, 0" in texts(svg(network_plot([])))


def test_the_order_of_pairs_changes_nothing() -> None:
    assert svg(network_plot(EDGES)) == svg(network_plot(EDGES[::-1]))


def test_every_process_draws_the_same() -> None:
    """Sets of names have another order in each process."""
    code = (
        "from bran.view.plots.files import svg; from bran.view.plots.network import *; import hashlib;"
        "edges = [Edge(f'C{i % 4}', f'D{i}', f'C{i % 4}', f'D{i}', 'a', 'b', i) for i in range(1, 12)];"
        "print(hashlib.sha256(svg(network_plot(edges)).encode()).hexdigest())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


@settings(max_examples=30, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 6), st.integers(7, 13)), min_size=1))
def test_every_concept_has_a_place_of_its_own(pairs: set[tuple[int, int]]) -> None:
    graph = nx.Graph([(str(head), str(tail)) for head, tail in pairs])
    places = layout(graph)
    assert set(places) == set(graph)
    for a, b in combinations(places.values(), 2):
        assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) > 1e-3
