"""Schemas: which entity types there are, and which relation types may hold between which of them.

A schema is a YAML file. The ones that ship with the package stand in ``bran/corpus/schemas`` and are
loaded by name; any other by path.
"""

from __future__ import annotations

from importlib import resources
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from bran.config import Config, parse_config, read_yaml
from bran.corpus.document import Document, Entity, Pair
from bran.errors import ConfigError, Place, UnknownTypeError


class EntityType(Config):
    """What the schema says of one entity type."""

    namespace: str = ""
    """Prefix that a bare concept id of this type gets (``MESH``); empty: ids stay as they are."""
    aliases: tuple[str, ...] = ()
    """Other spellings in corpora (``SpecificDisease``), read as this type."""


class RelationType(Config):
    """What the schema says of one relation type."""

    pairs: tuple[tuple[str, str], ...]
    """(head type, tail type) combinations that it may hold between."""
    symmetric: bool = False
    """Whether head and tail may be swapped; then pairs are unordered, smaller (type, id) first."""


class Schema(Config):
    """Entity types, relation types and how labels are to be read."""

    name: str
    entity_types: dict[str, EntityType]
    relation_types: dict[str, RelationType]
    exclusive: bool = True
    """``True``: one label or null per pair (softmax); ``False``: several may hold (sigmoid)."""
    level: Literal["concept", "mention"] = Field(default="concept")
    """Whether relations hold between concepts (BC5CDR) or single mentions (ChemProt)."""
    hypernym_filter: bool = Field(default=True, exclude_if=bool)
    """Whether scores are given a second time without false positives that are hypernyms of a gold disease, as is the
    custom with BC5CDR."""

    @model_validator(mode="after")
    def _types_are_known(self) -> Schema:
        for name, relation in self.relation_types.items():
            for entity_type in (type_ for pair in relation.pairs for type_ in pair):
                if entity_type not in self.entity_types:
                    known = ", ".join(self.entity_types)
                    raise ValueError(f"relation type {name!r} names entity type {entity_type!r}; known: {known}")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """Relation types in the order of the model's label axis (null, where there is one, comes first)."""
        return tuple(self.relation_types)

    @property
    def type_pairs(self) -> tuple[tuple[str, str], ...]:
        """Every (head type, tail type) that some relation type allows, each once."""
        return tuple(dict.fromkeys(pair for relation in self.relation_types.values() for pair in relation.pairs))

    def labels_between(self, pair: Pair) -> tuple[int, ...]:
        """Indices in :attr:`labels` of the relation types that may hold between the ends of ``pair``."""
        types = (pair.head.type, pair.tail.type)
        return tuple(
            index
            for index, relation in enumerate(self.relation_types.values())
            if types in relation.pairs or (relation.symmetric and types[::-1] in relation.pairs)
        )

    def canonical_type(self, name: str, place: Place | None = None) -> str:
        """The schema's spelling of an entity type.

        Raises:
            UnknownTypeError: when the schema has no such type.
        """
        if name in self.entity_types:
            return name
        for canonical, entity_type in self.entity_types.items():
            if name in entity_type.aliases:
                return canonical
        raise UnknownTypeError(f"entity type {name!r}; expected one of {', '.join(self.entity_types)}", place)

    def entities(self, document: Document) -> tuple[Entity, ...]:
        """What relations hold between in ``document``: its concepts, or its mentions one by one."""
        if self.level == "concept":
            return document.entities
        mentions = sorted(document.mentions, key=lambda m: (m.type, m.id, m.start, m.end))
        return tuple(Entity(m.id, m.type, (m,)) for m in mentions if m.id)

    def candidates(self, document: Document) -> tuple[Pair, ...]:
        """Every pair of different entities of ``document`` whose types may relate, in a fixed order."""
        by_type: dict[str, list[Entity]] = {}
        for entity in self.entities(document):
            by_type.setdefault(entity.type, []).append(entity)
        pairs: dict[tuple[str, str, str, str], Pair] = {}
        for relation in self.relation_types.values():
            for head_type, tail_type in relation.pairs:
                for head, tail in product(by_type.get(head_type, ()), by_type.get(tail_type, ())):
                    if head == tail:
                        continue
                    if relation.symmetric and (tail.type, tail.id) < (head.type, head.id):
                        head, tail = tail, head
                    pairs.setdefault((head.type, head.id, tail.type, tail.id), Pair(head, tail))
        return tuple(pairs.values())


def load_schema(name_or_path: str | Path) -> Schema:
    """A schema by the name of one that ships (``cdr``), or from a YAML file.

    Raises:
        ConfigError: when there is no such schema, or it does not hold.
    """
    shipped = resources.files("bran.corpus") / "schemas"
    names = sorted(entry.name.removesuffix(".yaml") for entry in shipped.iterdir() if entry.name.endswith(".yaml"))
    if str(name_or_path) in names:
        with resources.as_file(shipped / f"{name_or_path}.yaml") as path:
            return parse_config(Schema, read_yaml(path), source=f"schema {name_or_path}")
    path = Path(name_or_path)
    if not path.is_file():
        raise ConfigError(f"schema {str(name_or_path)!r}: expected a YAML file or one of {', '.join(names)}")
    return parse_config(Schema, read_yaml(path), source=str(path))
