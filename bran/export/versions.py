"""Versions of the tables: newer ones are refused, older ones read where they have what is needed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from bran.errors import FormatError, Place
from bran.export.table import SCHEMA_VERSION, VERSION_KEY


def stated_version(schema: pa.Schema) -> int | None:
    """The version that a Parquet file says it is of; ``None`` for version 1 and for tables of other programs."""
    stated = (schema.metadata or {}).get(VERSION_KEY.encode(), b"")
    return int(stated) if stated.isdigit() else None


def check_not_newer(version: int | None, path: Path) -> None:
    """Refuse what a later program wrote.

    Raises:
        FormatError: names both versions.
    """
    if version is not None and version > SCHEMA_VERSION:
        message = f"is of table version {version}; this version of bran reads up to {SCHEMA_VERSION}: update bran"
        raise FormatError(message, Place(str(path)))


def check_columns(found: pa.Schema, required: Iterable[str], path: Path) -> None:
    """Refuse a table without what is needed of it.

    Args:
        found: the columns and metadata of the table.
        required: names of columns.
        path: of the table, for the error.

    Raises:
        FormatError: names the versions, the columns, and what to do.
    """
    version = stated_version(found)
    check_not_newer(version, path)
    if missing := [name for name in required if name not in found.names]:
        message = (
            f"is of table version {version or 1} and has no {', '.join(missing)}; "
            f"expected version {SCHEMA_VERSION}: run `bran extract` again"
        )
        raise FormatError(message, Place(str(path)))


def check_version(found: pa.Schema, version: int, path: Path) -> None:
    """Refuse a part that another version wrote than that of its run: columns would be lost without a word.

    Args:
        found: the columns and metadata of the part.
        version: of the run.
        path: of the part, for the error.

    Raises:
        FormatError: names both versions.
    """
    stated = stated_version(found) or 1
    if stated != version:
        message = (
            f"is of table version {stated}, the run of version {version}; "
            "expected parts of one run: run `bran extract` into a new folder"
        )
        raise FormatError(message, Place(str(path)))
