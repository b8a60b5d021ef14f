"""What messages are made of: numbers with their nouns, and what an error says."""

from __future__ import annotations


def counted(count: int, noun: str, spec: str = "") -> str:
    """``1 document``, ``2 documents``.

    Args:
        count: how many.
        noun: its singular; the plural has an ``s`` more.
        spec: how the number is written (``,``).
    """
    return f"{count:{spec}} {noun}{'' if count == 1 else 's'}"


def one_line(error: Exception, *, most: int | None = None) -> str:
    """What ``error`` says, on one line.

    Args:
        error: any; those of other libraries may have many lines.
        most: characters to keep; all by default.
    """
    return " ".join(str(error).split())[:most]
