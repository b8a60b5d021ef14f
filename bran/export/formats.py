"""The formats of ``bran export``: which there are, what tells them, and what each of them needs.

A format is one entry of ``FORMATS`` and one function, which writes what :class:`~bran.export.run_tables.Tables` holds
to a path and is imported only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Literal, cast

from bran.errors import ConfigError, FormatError, Place

if TYPE_CHECKING:
    from bran.export.run_tables import Tables

Export = Callable[["Tables", Path], int]
"""Writes to the path, which appears when all is written; gives the number of rows or documents written."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that tables are exported to.

    Attributes:
        name: what ``--as`` takes.
        suffixes: that tell it without ``--as``; empty: only the name does.
        writer: its function, as ``module:name``.
        needs: ``rows``, or ``documents`` with their texts, which a table has not.
        endings: what the output may end in when ``--as`` names the format; empty: anything.
        doc: what it is, in a line.
        counted: what it has in such a number as :meth:`export` gives, one of it.
    """

    name: str
    suffixes: tuple[str, ...]
    writer: str
    doc: str
    needs: Literal["rows", "documents"] = "rows"
    endings: tuple[str, ...] = ()
    counted: str = "relation"

    def export(self, tables: Tables, path: Path) -> int:
        """Write ``tables`` to ``path``; gives the number of rows or documents written.

        Raises:
            ConfigError: when the format does not take the suffix of ``path``.
            FormatError: when ``tables`` has not what the format needs, or ``path`` cannot be written to.
        """
        if self.endings and not path.name.endswith(self.endings):
            raise ConfigError(f"{path}: expected a name that ends in {', '.join(self.endings)} for {self.name}")
        if self.needs == "documents" and not tables.has_documents:
            message = f"is a table; {self.name} holds texts too: expected the folder of a `bran extract` run"
            raise FormatError(message, Place(str(tables.path)))
        return cast(Export, resolve_name(self.writer))(tables, path)


def _with_gzip(*suffixes: str) -> tuple[str, ...]:
    return tuple(f"{suffix}{packed}" for suffix in suffixes for packed in ("", ".gz"))


FORMATS = (
    Format("parquet", (".parquet",), "bran.export.flat_files:export_parquet", "the table, typed"),
    Format("tsv", _with_gzip(".tsv"), "bran.export.flat_files:export_tsv", "the table, tab-separated"),
    Format("csv", _with_gzip(".csv"), "bran.export.flat_files:export_csv", "the table, comma-separated"),
    Format("jsonl", _with_gzip(".jsonl"), "bran.export.flat_files:export_jsonl", "the table, an object per row"),
    Format("sqlite", (".sqlite", ".db"), "bran.export.sqlite:export_sqlite", "a database with indexes"),
    Format(
        "ctd",
        (),
        "bran.export.ctd:export_ctd",
        "pairs with the columns of CTD",
        endings=_with_gzip(".tsv"),
        counted="pair",
    ),
    Format(
        "kgx",
        (),
        "bran.export.kgx:export_kgx",
        "nodes and edges of the Biolink model",
        endings=_with_gzip(".tsv", ".jsonl"),
        counted="edge",
    ),
    Format(
        "neo4j",
        (),
        "bran.export.neo4j:export_neo4j",
        "a folder for neo4j-admin database import",
        counted="relationship",
    ),
    *(
        Format(name, suffixes, f"bran.export.document_formats:{function}", doc, needs="documents", counted="document")
        for name, suffixes, function, doc in (
            ("pubtator", _with_gzip(".pubtator"), "export_pubtator", "documents with mentions and relations"),
            ("pubtator-scores", (), "export_pubtator_scores", "the same, with a column of probabilities"),
            ("bioc-xml", _with_gzip(".xml"), "export_bioc_xml", "documents with scores and evidence"),
            ("bioc-json", _with_gzip(".json"), "export_bioc_json", "the same as JSON"),
            ("brat", (), "export_brat", "a folder of documents for curators"),
            ("label-studio", (), "export_label_studio", "a folder of tasks for curators, and their interface"),
        )
    ),
)
"""Every format, in the order of the documentation."""


def choose_format(path: Path, name: str | None = None) -> Format:
    """The format called ``name``, or else the one that the suffix of ``path`` tells.

    Raises:
        ConfigError: names what was given and what there is.
    """
    if name is None:
        for format_ in FORMATS:
            if format_.suffixes and path.name.endswith(format_.suffixes):
                return format_
        known = ", ".join(suffix for format_ in FORMATS for suffix in format_.suffixes)
        raise ConfigError(f"{path}: the suffix tells the format; expected one of {known}, or --as {_names()}")
    for format_ in FORMATS:
        if format_.name == name:
            return format_
    raise ConfigError(f"format {name!r}; expected one of {_names()}")


def _names() -> str:
    return ", ".join(format_.name for format_ in FORMATS)
