"""A page of HTML that needs no other file: styles, figures and tables are in it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd; text-align: left; }
th { border-bottom: 2px solid #888; } td.number { text-align: right; } tbody tr:hover { background: #f3f6fa; }
.wide { overflow-x: auto; } code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { background: #f5f5f5; padding: .7rem; overflow-x: auto; } svg { max-width: 100%; height: auto; }
dt { font-weight: 600; float: left; clear: left; width: 9rem; } dd { margin-left: 9.5rem; overflow-wrap: anywhere; }
"""


def page(title: str, sections: Iterable[str]) -> str:
    """The page called ``title``; ``sections`` are HTML already."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = "\n".join([f"<h1>{escape(title)}</h1>", *sections])
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{body}\n</body>\n</html>\n'


def facts(values: Iterable[tuple[str, str]]) -> str:
    """Names with their values."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in values) + "</dl>"


def figure(title: str, svg: str) -> str:
    """A drawing under its title."""
    return f"<section><h2>{escape(title)}</h2>{svg}</section>"


def code(title: str, lines: Iterable[str]) -> str:
    """Lines to be copied, under their title."""
    return f"<section><h2>{escape(title)}</h2><pre>{escape(chr(10).join(lines))}</pre></section>"
