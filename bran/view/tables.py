"""A table of texts as Markdown, LaTeX and HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "Δ": r"$\Delta$",
    "×": r"$\times$",
    "–": "--",
}
_SIGNED = re.compile(r"(?<![\w-])-(?=\d)")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header; the first column is text, the others are numbers unless they are named.

    Attributes:
        title: what the table shows, in one line.
        header: titles of the columns.
        rows: as many cells each.
        notes: lines to be read below it.
        texts: titles of further columns that hold text.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    texts: Sequence[str] = field(default=())

    def to_markdown(self) -> str:
        """The table under its title."""
        marks = ["---" if text else "---:" for text in self._is_text]
        lines = [self.header, marks, *self.rows]
        table = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
        return "\n".join([f"## {self.title}", "", *table, *_spaced(self.notes)]) + "\n"

    def to_latex(self) -> str:
        """The table for a paper; needs the package ``booktabs``."""
        columns = "".join("l" if text else "r" for text in self._is_text)
        rows = [" & ".join(map(latex, row)) + r" \\" for row in self.rows]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{latex(' '.join([self.title + '.', *self.notes]))}}}",
                rf"\begin{{tabular}}{{{columns}}}",
                r"\toprule",
                " & ".join(map(latex, self.header)) + r" \\",
                r"\midrule",
                *rows,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
                "",
            ]
        )

    def to_html(self) -> str:
        """The table under its title, as a section."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.header)
        body = "".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        table = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        return f"<section><h2>{escape(self.title)}</h2>{table}{notes}</section>"

    def _cells(self, row: Sequence[str]) -> str:
        kinds = ("" if text else ' class="number"' for text in self._is_text)
        return "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))

    @property
    def _is_text(self) -> list[bool]:
        return [number == 0 or title in self.texts for number, title in enumerate(self.header)]


def latex(text: str) -> str:
    """``text`` with what LaTeX would read as commands escaped, and real minus signs."""
    escaped = "".join(_LATEX.get(character, character) for character in text)
    return _SIGNED.sub("$-$", escaped)


def _spaced(notes: Sequence[str]) -> list[str]:
    return [line for note in notes for line in ("", note)]
