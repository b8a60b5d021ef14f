"""Chemical-disease pairs with the columns of the Comparative Toxicogenomics Database (``CTD_chemicals_diseases.tsv``).

Gene symbols and inference scores are of CTD's own inference and stay empty, as do registry numbers of chemicals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bran.export.graph import Edge, edges, nodes, one_line
from bran.export.run_tables import Tables
from bran.files import atomic_write

COLUMNS = (
    *("ChemicalName", "ChemicalID", "CasRN", "DiseaseName", "DiseaseID", "DirectEvidence"),
    *("InferenceGeneSymbol", "InferenceScore", "OmimIDs", "PubMedIDs"),
)
_CHEMICALS = frozenset({"Chemical", "ChemicalEntity"})
_DISEASES = frozenset({"Disease", "DiseaseOrPhenotypicFeature"})
_EVIDENCE = {
    "CID": "marker/mechanism",
    "chem_disease:marker/mechanism": "marker/mechanism",
    "chem_disease:therapeutic": "therapeutic",
}
"""What CTD calls the relation types that are made of its annotations."""


def export_ctd(tables: Tables, path: Path) -> int:
    """Write one line for each pair of a chemical and a disease, and relation type; gives the number of lines.

    Other pairs have no place in this file and are passed over.

    Raises:
        ConfigError: when relations hold between single mentions.
    """
    count = 0
    with atomic_write(path) as stream:
        names = {node.id: one_line(node.name) for node in nodes(tables)}
        stream.write(f"# Fields:\n# {_line(COLUMNS)}#\n")
        for edge in _chemical_disease(edges(tables)):
            stream.write(_line(_cells(edge, names)))
            count += 1
    return count


def _chemical_disease(found: Iterable[Edge]) -> Iterator[Edge]:
    return (edge for edge in found if edge.head_type in _CHEMICALS and edge.tail_type in _DISEASES)


def _cells(edge: Edge, names: dict[str, str]) -> tuple[str, ...]:
    chemical = edge.head.removeprefix("MESH:")  # as CTD has it: diseases keep the namespace
    evidence = _EVIDENCE.get(edge.type, "")
    return (names[edge.head], chemical, "", names[edge.tail], edge.tail, evidence, "", "", "", "|".join(edge.documents))


def _line(cells: Iterable[str]) -> str:
    return "\t".join(cells) + "\n"
