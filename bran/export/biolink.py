"""What the Biolink model calls the types of the schemas that ship (version 4.4 of the model).

CTD's marker/mechanism, which CID relations are made of, is a narrow mapping of ``contributes to`` there; what text says
of therapy is to be ``treats or applied or studied to treat``, by that predicate's own note.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_CURIE = re.compile(r"[A-Za-z_][\w.\-]*:[^\s|]+")

NAMED_THING = "biolink:NamedThing"
"""The category of what has none of its own."""

CATEGORIES = {
    "Chemical": "biolink:ChemicalEntity",
    "ChemicalEntity": "biolink:ChemicalEntity",
    "Disease": "biolink:Disease",
    "DiseaseOrPhenotypicFeature": "biolink:DiseaseOrPhenotypicFeature",
    "Gene": "biolink:Gene",
    "GeneOrGeneProduct": "biolink:Gene",
    "Species": "biolink:OrganismTaxon",
    "OrganismTaxon": "biolink:OrganismTaxon",
    "SequenceVariant": "biolink:SequenceVariant",
    "SNP": "biolink:SequenceVariant",
    "DNAMutation": "biolink:SequenceVariant",
    "ProteinMutation": "biolink:SequenceVariant",
    "CellLine": "biolink:CellLine",
}
"""The category of each entity type; any other is a named thing."""

PREDICATES = {
    "CID": "biolink:contributes_to",
    "chem_disease:marker/mechanism": "biolink:contributes_to",
    "chem_disease:therapeutic": "biolink:treats_or_applied_or_studied_to_treat",
    "gene_disease:marker/mechanism": "biolink:associated_with",
    "gene_disease:therapeutic": "biolink:associated_with",
    "Association": "biolink:associated_with",
    "Positive_Correlation": "biolink:positively_correlated_with",
    "Negative_Correlation": "biolink:negatively_correlated_with",
    "Bind": "biolink:physically_interacts_with",
    "Drug_Interaction": "biolink:pharmacologically_interacts_with",
}
"""The predicate of each relation type; of a chemical's on a gene see :func:`predicate`, any other is ``related_to``."""

ASSOCIATIONS = {
    "biolink:contributes_to": "biolink:ChemicalEntityToDiseaseOrPhenotypicFeatureAssociation",
    "biolink:treats_or_applied_or_studied_to_treat": (
        "biolink:ChemicalOrDrugOrTreatmentToDiseaseOrPhenotypicFeatureAssociation"
    ),
}
"""The category of edges with some predicates; all others are a ``biolink:Association``."""


def category(entity_type: str) -> str:
    """The Biolink category of an entity type."""
    return CATEGORIES.get(entity_type, NAMED_THING)


def predicate(relation_type: str) -> str:
    """The Biolink predicate of a relation type."""
    if relation_type.startswith("chem_gene:"):
        return "biolink:affects"
    return PREDICATES.get(relation_type, "biolink:related_to")


def association(predicate: str) -> str:
    """The Biolink category of an edge with ``predicate``."""
    return ASSOCIATIONS.get(predicate, "biolink:Association")


def curie(id_: str) -> str:
    """``id_`` where it is a CURIE (``MESH:D003693``), else one of it under the prefix ``bran``."""
    return id_ if _CURIE.fullmatch(id_) else f"bran:{quote(id_, safe='')}"


def publication(document: str) -> str:
    """The CURIE of a document: a number is a PMID, ``PMC123`` is one of PubMed Central."""
    if document.isdecimal():
        return f"PMID:{document}"
    if document.startswith("PMC") and document[3:].isdecimal():
        return f"PMCID:{document}"
    return curie(document)
