"""The files that MeSH comes in, each record with its names: tables, NLM's XML and NLM's ASCII.

- Tables, tab-separated, without header: ``id, name, synonyms joined by |`` and, for descriptors, ``tree numbers``.
- XML (``desc2020.xml``, ``supp2020.xml``): <https://www.nlm.nih.gov/mesh/xmlmesh.html>.
- ASCII (``d2020.bin``, ``c2020.bin``): one ``FIELD = value`` a line, a record begins with ``*NEWRECORD``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bran.corpus.readers.errors import Strict
from bran.errors import FormatError, Place
from bran.files import open_binary, open_text

if TYPE_CHECKING:
    from bran.corpus.readers.safe_xml import Element

_ID = re.compile(r"[CD][0-9]{6,12}", re.ASCII)
_DISORDERS = frozenset(f"T{number:03}" for number in (19, 20, 37, 46, 47, 48, 49, 184, 190, 191))
"""UMLS semantic types of the group Disorders: all that NLM's ASCII file says of a record's class."""

CHEMICAL_CLASS, PROTOCOL_CLASS, DISEASE_CLASS, ORGANISM_CLASS = 1, 2, 3, 4
"""Values of ``SCRClass``; higher ones are population groups and anatomy."""


@dataclass(frozen=True, slots=True)
class MeshRecord:
    """A descriptor (``D...``) or supplementary concept (``C...``).

    Attributes:
        id: bare id (``D003693``).
        name: preferred name.
        synonyms: its other names; in MeSH they may be inverted (``Neoplasm, Abdominal``).
        trees: tree numbers; descriptors only.
        scr_class: NLM's class of a supplementary concept, where the file tells it.
    """

    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    scr_class: int | None = None


def read_mesh(path: str | Path) -> Iterator[MeshRecord]:
    """The records of a MeSH file, plain or gzipped, in its order; the format is told by how it begins.

    Raises:
        FormatError: names the line (in XML, the record) that breaks the format.
    """
    with open_binary(path) as stream:
        head = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return _read_xml(path)
    return _read_ascii(path) if head.startswith(b"*NEWRECORD") else _read_table(path)


def _read_table(path: str | Path) -> Iterator[MeshRecord]:
    with open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            columns = line.rstrip("\r\n").split("\t")
            if len(columns) not in (3, 4) or not _ID.fullmatch(columns[0]) or not columns[1]:
                message = f"row {line.rstrip()[:60]!r}: expected a MeSH id, a name, synonyms and perhaps tree numbers"
                raise FormatError(message, Place(str(path), number))
            id_, name, synonyms, trees = [*columns, ""][:4]
            yield MeshRecord(id_, name, _split(synonyms), _split(trees))


def _split(column: str) -> tuple[str, ...]:
    return tuple(filter(None, column.split("|")))


def _read_ascii(path: str | Path) -> Iterator[MeshRecord]:
    with open_text(path) as lines:
        fields: dict[str, list[str]] = {}
        begin = 1
        for number, line in enumerate(lines, start=1):
            if line.startswith("*NEWRECORD"):
                if fields:
                    yield _ascii_record(fields, Place(str(path), begin))
                fields, begin = {}, number
            elif " = " in line:
                name, _, value = line.rstrip("\r\n").partition(" = ")
                fields.setdefault(name.strip(), []).append(value.strip())
        yield _ascii_record(fields, Place(str(path), begin))


def _ascii_record(fields: dict[str, list[str]], place: Place) -> MeshRecord:
    id_, name = (next(iter(fields.get(key, ())), "") for key in ("UI", "MH" if "MH" in fields else "NM"))
    if not _ID.fullmatch(id_) or not name:
        raise FormatError(
            f"record with UI {id_!r} and name {name!r}: expected a MeSH id (UI) and a name (MH, NM)", place
        )
    entries = (value for key in ("PRINT ENTRY", "ENTRY", "SY") for value in fields.get(key, ()))
    semantic = fields.get("ST", [])
    disorder = id_.startswith("C") and bool(semantic) and _DISORDERS.issuperset(semantic)
    return MeshRecord(
        id_,
        name,
        tuple(dict.fromkeys(entry.partition("|")[0] for entry in entries)),
        tuple(fields.get("MN", ())),
        DISEASE_CLASS if disorder else None,
    )


def _read_xml(path: str | Path) -> Iterator[MeshRecord]:
    from bran.corpus.readers.safe_xml import read_elements

    tags = ("DescriptorRecord", "SupplementalRecord")
    for element in read_elements(path, tags, roots=[f"{tag}Set" for tag in tags], on_error=Strict()):
        yield _xml_record(element, Place(str(path), element.sourceline))


def _xml_record(element: Element, place: Place) -> MeshRecord:
    prefix = "Descriptor" if element.tag == "DescriptorRecord" else "SupplementalRecord"
    id_, name = element.findtext(f"{prefix}UI") or "", element.findtext(f"{prefix}Name/String") or ""
    if not _ID.fullmatch(id_) or not name:
        raise FormatError(f"record with id {id_!r} and name {name!r}: expected a MeSH id and a name", place)
    terms = _texts(element.iterfind("ConceptList/Concept/TermList/Term/String"))
    scr_class = element.get("SCRClass", "")
    return MeshRecord(
        id_,
        name,
        tuple(term for term in dict.fromkeys(terms) if term != name),
        tuple(_texts(element.iterfind("TreeNumberList/TreeNumber"))),
        int(scr_class) if scr_class.isdecimal() else None,
    )


def _texts(elements: Iterable[Element]) -> Iterator[str]:
    return (element.text for element in elements if element.text)
