"""Numbers with their nouns, as messages have them."""

from __future__ import annotations


def counted(count: int, noun: str, spec: str = "") -> str:
    """``1 document``, ``2 documents``.

    Args:
        count: how many.
        noun: its singular; the plural has an ``s`` more.
        spec: how the number is written (``,``).
    """
    return f"{count:{spec}} {noun}{'' if count == 1 else 's'}"
