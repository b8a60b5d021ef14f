from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.mesh import DISEASE_BRANCHES, MeshTree
from bran.errors import FormatError

TREE = MeshTree(
    {
        "MESH:D1": ("C01",),
        "MESH:D2": ("C01.10", "C02.7"),
        "MESH:D3": ("C01.10.5",),
        "MESH:D4": ("C01.100",),
        "MESH:D5": ("D03.1", "F03.2"),
        "MESH:D6": (),
    }
)


def test_ancestors_are_found_along_every_tree_number() -> None:
    assert TREE.ancestors("MESH:D3") == {"MESH:D1", "MESH:D2"}
    assert TREE.ancestors("MESH:D2") == {"MESH:D1"}  # C02 has no descriptor here
    assert TREE.ancestors("MESH:D1") == TREE.ancestors("MESH:D6") == TREE.ancestors("OMIM:1") == frozenset()


def test_tree_numbers_are_compared_by_their_parts() -> None:
    assert not TREE.is_ancestor("MESH:D2", "MESH:D4")  # C01.10 does not begin C01.100


def test_nothing_is_above_itself() -> None:
    twice = MeshTree({"MESH:D1": ("C01", "C01.10"), "MESH:D2": ("C01.10.5",)})
    assert twice.ancestors("MESH:D1") == frozenset()
    assert twice.ancestors("MESH:D2") == {"MESH:D1"}


@pytest.mark.parametrize("name", ["tree.tsv", "tree.tsv.gz"])
def test_branches_are_written_and_read_back(tmp_path: Path, name: str) -> None:
    part = TREE.branches(DISEASE_BRANCHES)
    assert part.tree_numbers["MESH:D5"] == ("F03.2",)
    assert "MESH:D6" not in part.tree_numbers
    part.write(tmp_path / name)
    assert MeshTree.read(tmp_path / name).tree_numbers == part.tree_numbers


def test_a_table_with_names_and_synonyms_is_read(tmp_path: Path) -> None:
    path = tmp_path / "descriptors.tsv"
    path.write_text("D1\tInfections\tInfection|Sepses\tC01\nD2\tNameless\t\t\n")
    assert MeshTree.read(path).tree_numbers == {"MESH:D1": ("C01",), "MESH:D2": ()}


@pytest.mark.parametrize("row", ["D2", "", "\tC01"])
def test_a_row_without_two_columns_is_named(tmp_path: Path, row: str) -> None:
    path = tmp_path / "descriptors.tsv"
    path.write_text(f"D1\tC01\n{row}\n")
    with pytest.raises(FormatError, match=r"descriptors\.tsv:2: row .*expected a descriptor id"):
        MeshTree.read(path)


def test_the_bundled_tree_knows_diseases() -> None:
    tree = MeshTree.bundled()
    assert len(tree.tree_numbers) == 4923
    assert tree.is_ancestor("MESH:D008107", "MESH:D056486")  # liver diseases, drug-induced liver injury
    assert not tree.is_ancestor("MESH:D056486", "MESH:D008107")
    assert tree.ancestors("MESH:D003866")  # depressive disorder, of F03
    assert tree is MeshTree.bundled()
