"""Concept ids as the infons of BioC annotations hold them, in the keys of several corpora."""

from __future__ import annotations

import json
from typing import Any

from bran.corpus.readers.pubtator_format import FORMATS, ConceptIds, PubTatorFormat, pubtator_format
from bran.corpus.schema import Schema
from bran.errors import FormatError

_ANY = PubTatorFormat(separators="|;,", whole=("SequenceVariant", "DNAMutation", "ProteinMutation", "SNP", "Variant"))
_NAMESPACES = {
    "mesh": "MESH",
    "omim": "OMIM",
    "ncbi gene": "NCBIGene",
    "ncbi taxonomy": "NCBITaxon",
    "chebi": "CHEBI",
}
"""The namespace that a key stands for; what is not here and not ``identifier`` holds no concept."""
IDENTIFIER = "identifier"
CONCEPTS = "concepts"
"""A JSON list of namespaced ids, where ``identifier`` cannot hold them."""


def bioc_format(schema: Schema | None) -> PubTatorFormat:
    """How ids are joined: as in the corpus that ``schema`` is named after, else in any of the ways there are."""
    found = pubtator_format(schema)
    return _ANY if found is FORMATS["cdr"] else found


class BioCIds:
    """The concepts of annotations, in namespaces.

    ``identifier`` (PubTator, BioRED) counts before keys that name a vocabulary (``MESH``, ``OMIM``,
    ``NCBI Gene``, ...), whose concepts are taken together; ``NCBI Homologene`` says the same once more and
    is left aside.

    Args:
        schema: gives types their namespace.
    """

    def __init__(self, schema: Schema | None) -> None:
        self.columns = ConceptIds(bioc_format(schema), schema)

    def read(self, infons: dict[str, Any], type_: str) -> tuple[tuple[str, ...], str | None]:
        """The concepts of an annotation, and the value as it stood where that says more."""
        if (listed := string_list(infons.get(CONCEPTS))) is not None:
            return tuple(listed), None
        column = _string(infons.get(IDENTIFIER))
        if concepts := self.columns.read(column, type_):
            return concepts, self._raw(concepts, column, type_)
        named = [(_namespace(key), _string(value)) for key, value in infons.items() if _namespace(key)]
        bare = [(space, id_) for space, value in named for id_ in self.columns.read(value, "")]
        concepts = tuple(dict.fromkeys(id_ if ":" in id_ else f"{space}:{id_}" for space, id_ in bare))
        column = named[0][1] if len(named) == 1 else column
        return concepts, self._raw(concepts, column, type_) if concepts else None

    def write(self, concepts: tuple[str, ...], type_: str) -> dict[str, str]:
        """Infons that :meth:`read` reads as ``concepts``."""
        column = self.columns.format.separators[0].join(concepts)
        if self.columns.read(column, type_) == concepts:
            return {IDENTIFIER: column} if concepts else {}
        return {IDENTIFIER: column, CONCEPTS: json.dumps(concepts)}

    def _raw(self, concepts: tuple[str, ...], column: str, type_: str) -> str | None:
        try:
            return None if self.columns.write(concepts, type_) == column else column
        except FormatError:
            return None


def string_list(value: Any) -> list[str] | None:
    """The strings in ``value``, a JSON list or its text; ``None`` when it is neither."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(item, str) for item in found) else None


def _namespace(key: str) -> str:
    return _NAMESPACES.get(key.lower().replace("_", " "), "")


def _string(value: Any) -> str:
    return "" if value is None else str(value)
