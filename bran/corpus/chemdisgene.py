"""ChemDisGene as published: texts in PubTator, and beside them tables of the relations that they state.

``ctd_derived`` holds ``dev_abstracts.txt`` and ``dev_relationships.tsv`` (``train``, ``test`` alike), with the tail
before the head; ``curated`` holds ``abstracts.txt`` and ``approved_relns_*.tsv``, with the head first and other signs
in the names of relations. Which way round a table is, is told by the types that its ends are mentioned with.

Zhang et al.: *A Distant Supervision Corpus for Extracting Biomedical Relationships Between Chemicals, Diseases and
Genes*, LREC 2022.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bran.corpus.document import Document, Relation
from bran.corpus.readers.pubtator_format import ConceptIds, pubtator_format
from bran.corpus.schema import Schema
from bran.corpus.stated import Ends, Reading, Said, StatementIndex
from bran.corpus.statements import read_statements
from bran.wording import counted

_ABSTRACTS = "_abstracts.txt"
_RELATIONS = "_relationships.tsv"
_CURATED = "abstracts.txt"
_CURATED_RELATIONS = "approved_relns_*.tsv"
_VERSION = re.compile(r"_v\d+(?=\.tsv$)")


def relation_tables(texts: Path) -> tuple[Path, ...]:
    """The tables that are published beside the file ``texts``, the last version of each.

    None when it is not one of ChemDisGene.
    """
    name = texts.name.removesuffix(".gz")
    pattern = _CURATED_RELATIONS if name == _CURATED else name.replace(_ABSTRACTS, _RELATIONS)
    found = [table for suffix in ("", ".gz") for table in texts.parent.glob(pattern + suffix)]
    newest = {_VERSION.sub("", table.name.removesuffix(".gz")): table for table in sorted(found, key=_version)}
    return tuple(newest.values()) if name.endswith(_CURATED) else ()


def _version(table: Path) -> tuple[int, str]:
    """The number of the version of ``table``, 0 for one without, and its name."""
    found = _VERSION.search(table.name.removesuffix(".gz"))
    return int(found.group().removeprefix("_v")) if found else 0, table.name


def missing_texts(folder: Path) -> tuple[str, ...]:
    """A line for each table of relations in ``folder`` that has no texts beside it, as the training part may have."""
    lines = []
    for table in sorted(folder.glob(f"*{_RELATIONS}*")):
        texts = folder / table.name.removesuffix(".gz").replace(_RELATIONS, _ABSTRACTS)
        if not texts.is_file() and not texts.with_name(f"{texts.name}.gz").is_file():
            lines.append(f"{table}: its documents have no text here; expected {texts.name} (or .gz) beside it")
    return tuple(lines)


class TableJoin:
    """Joins documents with the relations that tables state of them.

    Args:
        schema: relations of types that it does not have are left out.

    Attributes:
        notices: what was not as the schema has it, a line for each kind of thing, counted.
    """

    def __init__(self, schema: Schema) -> None:
        self.notices: list[str] = []
        self._schema = schema
        self._ids = ConceptIds(pubtator_format(schema), schema)

    def __call__(self, documents: Sequence[Document], tables: Iterable[Path]) -> list[Document]:
        """The ``documents``, each with the relations of all ``tables``.

        A relation whose ends are not mentioned is kept, for it is gold, and counted.

        Raises:
            DataError: when a table cannot be read, or holds no relation of the schema.
        """
        relations: dict[str, dict[Relation, None]] = {document.id: {} for document in documents}
        for table in tables:
            for document_id, relation in self._relations(documents, table):
                relations[document_id][relation] = None
        return [document.with_relations(tuple(relations[document.id])) for document in documents]

    def _relations(self, documents: Sequence[Document], table: Path) -> Iterator[tuple[str, Relation]]:
        index, others = StatementIndex(self._schema), Counter[str]()
        names = {name: name for name in self._schema.relation_types}
        count = index.add(read_statements(table, names, others=others), table.name)
        readings = {document.id: list(index.readings(document)) for document in documents}
        turned = _is_turned(reading for of_document in readings.values() for reading in of_document)
        self._note(table, count if turned else 0, "relation", "with the tail before the head, turned")
        self._note(table, sum(others.values()), "relation", f"of types unknown to the schema: {', '.join(others)}")
        absent = index.documents() - readings.keys()
        self._note(table, len(absent), "document", "with relations, but no text")
        unmentioned = 0
        for document in documents:
            mentioned = {(r.ends, r.said): r for r in readings[document.id] if r.turned == turned}
            for ends, said in _each(index.said(document)):
                reading = mentioned.get((ends, said))
                unmentioned += reading is None
                yield document.id, _found(reading) if reading else self._unmentioned(ends, said, turned=turned)
        self._note(table, unmentioned, "relation", "with an end that the document does not mention")

    def _unmentioned(self, ends: Ends, said: Said, *, turned: bool) -> Relation:
        head, tail = ends[::-1] if turned else ends
        head_type, tail_type = self._schema.relation_types[said.kind].pairs[0]
        return Relation(said.kind, self._ids.qualify(head, head_type), self._ids.qualify(tail, tail_type))

    def _note(self, table: Path, count: int, noun: str, what: str) -> None:
        if count:
            self.notices.append(f"{table}: {counted(count, noun)} {what}")


def _each(said: Mapping[Ends, Iterable[Said]]) -> Iterator[tuple[Ends, Said]]:
    return ((ends, one) for ends, several in said.items() for one in several)


def _is_turned(readings: Iterable[Reading]) -> bool:
    """Whether more rows have the tail first than the head; one that may be read both ways counts for neither."""
    ways = Counter(reading.turned for reading in readings)
    return ways[True] > ways[False]


def _found(reading: Reading) -> Relation:
    return Relation(reading.said.kind, reading.pair.head.id, reading.pair.tail.id)
