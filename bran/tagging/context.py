"""What the rest of a document tells of its short mentions: which of several concepts, or which long name, is meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bran.tagging.resolver import Resolution

_LONGEST_SHORT = 6
"""Characters of a word that may be an abbreviation."""

_SETTLED = ("name", "defined")
"""How a short mention is resolved that its context does not change."""

Named = tuple[str, str, Resolution]
"""Surface, type and what they were resolved to."""


def in_context(mentions: Sequence[Named]) -> list[Resolution]:
    """The resolutions of a document's mentions, those of likely abbreviations by the long names beside them.

    An abbreviation that has several candidates takes the one that the document names in full; one whose only
    evidence is a use elsewhere, or none, takes a name that begins with its letters.
    """
    long = {
        (type_, surface.casefold()): resolution
        for surface, type_, resolution in mentions
        if len(resolution.concepts) == 1 and not is_short(surface)
    }
    if not long:
        return [resolution for *_, resolution in mentions]
    return [
        _told(surface, type_, resolution, long) if is_short(surface) and resolution.how not in _SETTLED else resolution
        for surface, type_, resolution in mentions
    ]


def is_short(surface: str) -> bool:
    """Whether ``surface`` looks like an abbreviation: one short word with a capital."""
    return len(surface) <= _LONGEST_SHORT and " " not in surface and any(map(str.isupper, surface))


def _told(surface: str, type_: str, resolution: Resolution, long: Mapping[tuple[str, str], Resolution]) -> Resolution:
    beside = {known.concepts[0] for (known_type, _), known in long.items() if known_type == type_}
    meant = [concept for concept in resolution.candidates if concept in beside]
    if not meant:
        meant = list(_initialled(surface, [(name, known) for (kind, name), known in long.items() if kind == type_]))
    return replace(resolution, concepts=(meant[0],), parts=(), how="context") if meant else resolution


def _initialled(surface: str, names: Iterable[tuple[str, Resolution]]) -> dict[str, None]:
    """The concepts of the names that ``surface`` abbreviates; none when they are several."""
    found = {known.concepts[0]: None for name, known in names if abbreviates(surface, name)}
    return found if len(found) == 1 else {}


def abbreviates(short: str, name: str) -> bool:
    """Whether the letters of ``short`` begin ``name`` and stand in it in order (``PHT``: ``phenytoin``)."""
    letters = [letter for letter in short.casefold().removesuffix("s") if letter.isalpha()]
    rest = iter(name.casefold())
    return bool(letters) and name.casefold().startswith(letters[0]) and all(letter in rest for letter in letters)
