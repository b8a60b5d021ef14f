"""Words of documents as labels in drawings."""

from __future__ import annotations

LABEL = 22
"""Characters of a label."""


def label(text: str, most: int = LABEL) -> str:
    """``text`` in at most ``most`` characters that can be drawn: without line ends and half characters."""
    drawn = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    return drawn if len(drawn) <= most else f"{drawn[: most - 1]}…"
