"""What notebooks show of documents and of relation tables: HTML that runs no script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, overload

from bran.corpus.document import Document
from bran.export.frame import rows_frame
from bran.export.table import DIGITS, Row
from bran.view.assets import stylesheet
from bran.view.document_data import document_data
from bran.view.document_html import document_html
from bran.wording import counted

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 100
"""Rows of a table that a notebook draws."""

_HEADER = ("document", "head", "relation", "tail", "score", "probability", "sentence")


def notebook_html(document: Document) -> str:
    """``document`` with its mentions marked and its relations below, as a notebook shows it."""
    return document_html(document_data(document))


class RelationTable(Sequence[Row]):
    """Rows of the relation table, in order: dictionaries with the columns of :data:`bran.export.table.SCHEMA`.

    Args:
        rows: as :func:`bran.export.table.rows` makes them.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> RelationTable: ...
    def __getitem__(self, place: int | slice) -> Row | RelationTable:
        """The row at ``place``, or a table of those in a slice."""
        return RelationTable(self._rows[place]) if isinstance(place, slice) else self._rows[place]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return f"<bran.RelationTable: {self._counted()}>"

    def to_pandas(self) -> pd.DataFrame:
        """A data frame of the columns that hold one value; missing values are ``pandas.NA``."""
        return rows_frame(self._rows)

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in _HEADER)
        body = "".join(map(_row, self._rows[:SHOWN]))
        hidden = len(self) - SHOWN
        more = f"<p>… and {hidden} more; <code>to_pandas()</code> has all.</p>" if hidden > 0 else ""
        return (
            f'<div class="bran-table"><style>{stylesheet("document.css")}</style><table class="bran-relations">'
            f"<caption>{self._counted()}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"
        )

    def _counted(self) -> str:
        documents = len({row["document"] for row in self._rows})
        return f"{counted(len(self), 'relation')} in {counted(documents, 'document')}"


def _row(row: Row) -> str:
    cells = [
        escape(row["document"]),
        _end(row, "head"),
        escape(row["type"]),
        _end(row, "tail"),
        _number(row["score"]),
        _number(row["probability"]),
        escape(row["sentence"] or ""),
    ]
    return "<tr>" + "".join(f'<td dir="auto">{cell}</td>' for cell in cells) + "</tr>"


def _end(row: Row, end: str) -> str:
    return f"<strong>{escape(row[f'{end}_name'] or row[end])}</strong> <small>{escape(row[end])}</small>"


def _number(value: Any) -> str:
    """A score as text tables write it."""
    return "" if value is None else f"{value:.{DIGITS}f}"
