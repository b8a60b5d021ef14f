"""A document as HTML that runs no script: its text with mentions marked, and its relations with bars.

For notebooks and pages; the report and the served page draw the same data with ``bran/assets/view/document.js``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple

from bran.export.table import DIGITS
from bran.view.assets import stylesheet
from bran.view.document_data import DocumentData, PassageData, RelationData, Span, TypeData, type_data

_HEADER = ("relation", "score", "probability", "against gold", "strongest evidence")


class Segment(NamedTuple):
    """Characters that the same mentions cover.

    Attributes:
        start: first character.
        end: one past the last.
        mentions: places in ``DocumentData.mentions``, outer ones first.
    """

    start: int
    end: int
    mentions: tuple[int, ...]


def segments(data: DocumentData, span: Span) -> Iterator[Segment]:
    """The part ``span`` of the text, cut where a mention begins or ends; mentions may overlap in any way."""
    start, end = span
    inside = [(number, m) for number, m in enumerate(data.mentions) if m.start < end and m.end > start]
    cuts = {start, end, *(m.start for _, m in inside), *(m.end for _, m in inside)}
    for low, high in pairwise(sorted(cut for cut in cuts if start <= cut <= end)):
        covering = tuple(number for number, m in inside if m.start <= low and m.end >= high)
        yield Segment(low, high, covering)


def document_html(data: DocumentData, *, types: Sequence[TypeData] | None = None) -> str:
    """``data`` as one ``article`` element that brings its styles.

    Args:
        data: what is shown.
        types: how entity types are told apart; by default as :func:`type_data` says of those in the document.
    """
    found = type_data(mention.type for mention in data.mentions)
    shown = {each.name: each for each in (*found, *(types or ()))}
    passages = "".join(_passage(data, passage, shown) for passage in data.passages)
    return (
        f'<article class="bran-document"><style>{stylesheet("document.css")}</style>{legend_html(list(shown.values()))}'
        f"{passages}{relations_html(data)}</article>"
    )


def legend_html(types: Sequence[TypeData]) -> str:
    """The entity types as their mentions look."""
    marks = (
        f'<mark class="bran-mention bran-slot-{each.slot}" data-first data-last data-badge="{escape(each.badge)}">'
        f"{escape(each.name)}</mark>"
        for each in types
    )
    return f'<p class="bran-legend">{" ".join(marks)}</p>' if types else ""


def text_html(data: DocumentData, span: Span, types: Mapping[str, TypeData]) -> str:
    """The part ``span`` of the text of ``data`` with its mentions marked, escaped.

    Args:
        data: the document.
        span: characters of its text.
        types: how entity types are told apart, by name.
    """
    return "".join(_segment(data, segment, types) for segment in segments(data, span))


def relations_html(data: DocumentData) -> str:
    """The relations of ``data`` as a table with a bar for each score, escaped; columns without a value are left out."""
    if not data.relations:
        return ""
    rows = [_row(data, relation) for relation in data.relations]
    kept = [number for number in range(len(_HEADER)) if any(row[number] for row in rows)]
    head = "".join(f'<th scope="col">{_HEADER[number]}</th>' for number in kept)
    body = "".join("<tr>" + "".join(f"<td>{row[number]}</td>" for number in kept) + "</tr>" for row in rows)
    caption = f"<caption>{len(rows)} relation{'s' if len(rows) > 1 else ''}</caption>"
    return f'<table class="bran-relations">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _passage(data: DocumentData, passage: PassageData, types: Mapping[str, TypeData]) -> str:
    text = text_html(data, (passage.start, passage.end), types)
    return f'<p class="bran-passage" data-kind="{escape(passage.kind)}" dir="auto">{text}</p>'


def _segment(data: DocumentData, segment: Segment, types: Mapping[str, TypeData]) -> str:
    words = escape(data.text[segment.start : segment.end])
    if not segment.mentions:
        return words
    mention = data.mentions[segment.mentions[-1]]
    look = types[mention.type]
    ending = [data.mentions[number].type for number in segment.mentions if data.mentions[number].end == segment.end]
    badge = "".join(types[name].badge for name in dict.fromkeys(reversed(ending)))
    edges = (" data-first" if segment.start == mention.start else "") + (
        f' data-last data-badge="{escape(badge)}"' if badge else ""
    )
    told = escape(f"{mention.type}: {' '.join(mention.concepts) or 'not linked'}")
    return (
        f'<mark class="bran-mention bran-slot-{look.slot}" data-depth="{len(segment.mentions)}"{edges} '
        f'title="{told}">{words}</mark>'
    )


def _row(data: DocumentData, relation: RelationData) -> list[str]:
    head, tail = (
        f"<strong>{escape(name or id_)}</strong> <small>{escape(id_)}</small>"
        for name, id_ in ((relation.head_name, relation.head), (relation.tail_name, relation.tail))
    )
    sentences = relation.evidence[0].sentences if relation.evidence else ()
    evidence = " … ".join(escape(data.text[slice(*span)]) for span in sentences)
    numbers = map(_bar, (relation.score, relation.probability))
    return [f"{head} → {escape(relation.type)} → {tail}", *numbers, relation.status or "", evidence]


def _bar(value: float | None) -> str:
    """A bar from 0 to 1 with its number, as tables write it."""
    if value is None:
        return ""
    bar = (
        '<svg class="bran-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="100" height="10"/><rect width="{100 * value:.4g}" height="10"/></svg>'
    )
    return f"{bar}{value:.{DIGITS}f}"
