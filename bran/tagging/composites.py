"""Composite mentions: words that name several concepts at once (``breast and ovarian cancer``)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from bran.errors import FormatError, Place
from bran.files import atomic_write, open_text
from bran.tagging.lexicon_uses import Uses

FILE = "composites.tsv"
"""What people annotated with several concepts, a header line first."""
_HEADER = "light_form\ttype\tids\tdocuments\n"

Composites = Mapping[tuple[str, str], tuple[str, ...]]
"""Namespaced concepts by light form and type."""

_COORDINATION = re.compile(
    r"\s*(?:,\s*(?:and|or)\b|\band/or\b|\band\b|\bor\b|&|/|,|;|\bas well as\b|\bplus\b)\s*", re.I
)
_LONGEST_HEAD = 4
"""Words that the parts of a composite may share."""


def write_composites(folder: Path, uses: Uses) -> None:
    """Write the composite uses that are firm, each form's most frequent one."""
    best: dict[tuple[str, str], tuple[int, tuple[str, ...]]] = {}
    firm: Counter[tuple[str, str]] = Counter()
    for (form, type_, concepts), count in sorted(uses.firm.items()):
        if len(concepts) == 1:
            firm[form, type_] = max(firm[form, type_], count)
        elif count > best.get((form, type_), (0, ()))[0]:
            best[form, type_] = count, concepts
    with atomic_write(folder / FILE) as stream:
        stream.write(_HEADER)
        for (form, type_), (count, concepts) in sorted(best.items()):
            if count > firm[form, type_]:
                stream.write(f"{form}\t{type_}\t{'|'.join(concepts)}\t{count}\n")


def read_composites(folder: Path) -> Composites:
    """What :func:`write_composites` wrote.

    Raises:
        FormatError: when a row has not four columns.
    """
    composites = {}
    with open_text(folder / FILE) as lines:
        for number, line in enumerate(lines, start=1):
            if line == _HEADER:
                continue
            columns = line.rstrip("\n").split("\t")
            if len(columns) != 4:
                message = f"row {line[:60]!r}: expected form, type, ids and count, tab-separated"
                raise FormatError(message, Place(str(folder / FILE), number))
            composites[columns[0], columns[1]] = tuple(f"MESH:{id_}" for id_ in columns[2].split("|"))
    return composites


def readings(surface: str) -> Iterator[tuple[str, ...]]:
    """Ways to read a coordination as its parts, likeliest first; none when ``surface`` is not one.

    ``"breast and ovarian cancer"`` is read as (``breast cancer``, ``ovarian cancer``), ``"cancer of the lung or
    liver"`` as (``cancer of the lung``, ``cancer of the liver``), ``"chorea/athetosis"`` as its two words.
    """
    parts = [part for part in _COORDINATION.split(surface) if part]
    if not 1 < len(parts) <= _MOST_PARTS:
        return
    last, first = parts[-1].split(), parts[0].split()
    for shared in range(1, min(len(last), _LONGEST_HEAD + 1)):
        yield (*(f"{part} {' '.join(last[-shared:])}" for part in parts[:-1]), parts[-1])
    for shared in range(len(first) - 1, 0, -1):
        yield (parts[0], *(f"{' '.join(first[:shared])} {part}" for part in parts[1:]))
    yield tuple(parts)


_MOST_PARTS = 8
