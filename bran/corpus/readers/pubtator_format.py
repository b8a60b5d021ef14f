"""What differs between PubTator files: how concept ids are joined, prefixed and left out."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from bran.config import Config
from bran.corpus.schema import Schema
from bran.errors import FormatError

_UNLINKED = frozenset({"", "-", "-1"})
_NAMESPACED = re.compile(r"[A-Za-z][\w.-]*:[^\s:;]+", re.ASCII)


class PubTatorFormat(Config):
    """The habits of one corpus; the defaults are those of BC5CDR.

    Which namespace a bare id has is not said here but by the schema's entity types.
    """

    separators: str = Field(default="|", min_length=1)
    """Characters that join the ids of a composite mention; the first one is written."""
    whole: tuple[str, ...] = ()
    """Entity types whose id column is always one id, separators included (variants)."""
    unlinked: str = "-1"
    """Written for a mention without concept; ``-1``, ``-`` and an empty column are all read so."""
    prefixes: tuple[str, ...] = ()
    """Namespaces that are written before ids (``MESH``) although the schema gives them to the id's type."""
    repeated_ids: bool = False
    """Whether an id may stand on several documents of a file (NLM-Chem: passages of full texts)."""
    mention_text: Literal["exact", "letters"] = "exact"
    """Whether a mention's text column must equal the text, or only its letters and digits."""
    final_blank_line: bool = False
    """Whether a blank line is written after the last document too."""
    scores: bool = False
    """Whether a relation's probability, else its score, is written as a further column."""


FORMATS: dict[str, PubTatorFormat] = {
    "cdr": PubTatorFormat(final_blank_line=True),
    "biored": PubTatorFormat(separators=",", unlinked="-"),
    "ncbi-disease": PubTatorFormat(separators="|+", repeated_ids=True, mention_text="letters"),
    "nlm-chem": PubTatorFormat(separators=",", unlinked="-", prefixes=("MESH",), repeated_ids=True),
    "chemdisgene": PubTatorFormat(
        separators="|;", whole=("ProteinMutation", "DNAMutation", "SNP"), unlinked="-", prefixes=("MESH",)
    ),
}
"""The format of each corpus, by name; where a schema has the same name, it is that schema's default."""


def pubtator_format(schema: Schema | None) -> PubTatorFormat:
    """The format of the corpus that ``schema`` is named after; BC5CDR's when there is none."""
    return FORMATS.get(schema.name if schema else "cdr", FORMATS["cdr"])


class ConceptIds:
    """Concept ids as columns hold them, to and from the namespaced ids used inside.

    Args:
        format: how ids are joined, prefixed and left out.
        schema: gives each entity type its namespace; without one, ids stay as they are.
    """

    def __init__(self, format: PubTatorFormat, schema: Schema | None) -> None:
        self.format = format
        types = schema.entity_types if schema else {}
        self._namespaces = {name: entity_type.namespace for name, entity_type in types.items()}
        self._separator = re.compile(f"[{re.escape(format.separators)}]")

    def read(self, column: str, type_: str) -> tuple[str, ...]:
        """The namespaced concepts of a mention's id column, each once; none when it is not linked."""
        ids = [column] if type_ in self.format.whole else self._separator.split(column)
        linked = (id_ for id_ in map(str.strip, ids) if id_ not in _UNLINKED)
        return tuple(dict.fromkeys(self.qualify(id_, type_) for id_ in linked))

    def write(self, concepts: tuple[str, ...], type_: str) -> str:
        """The id column for ``concepts``.

        Raises:
            FormatError: when an id holds the separator, so that it would be read as several.
        """
        column = self.format.separators[0].join(self.shorten(concept, type_) for concept in concepts)
        if len(self.read(column, type_)) != len(concepts):
            raise FormatError(f"concept ids {concepts}: expected none to hold {self.format.separators[0]!r}")
        return column or self.format.unlinked

    def qualify(self, id_: str, type_: str) -> str:
        """``id_`` with the namespace of its type, unless it has one."""
        namespace = self._namespaces.get(type_, "")
        return id_ if not namespace or _NAMESPACED.fullmatch(id_) else f"{namespace}:{id_}"

    def shorten(self, concept: str, type_: str) -> str:
        """``concept`` as the format writes it: without its type's namespace, unless that is one of ``prefixes``."""
        namespace = self._namespaces.get(type_, "")
        return concept if namespace in ("", *self.format.prefixes) else concept.removeprefix(f"{namespace}:")
