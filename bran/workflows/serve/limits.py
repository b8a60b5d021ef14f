"""What a server takes, so that no request can keep it from the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server, each of which is an error of its own when it is met.

    Attributes:
        body: bytes of a request.
        documents: of a request.
        characters: of a document.
        mentions: of a document; time and memory grow with their square.
        seconds: until a request is answered; also until its body has come.
        requests: under way at once.
        queue: documents that wait or are worked on.
        batch: documents that go through the model together.
    """

    body: int = 2**20
    documents: int = 64
    characters: int = 20_000
    mentions: int = 1_000
    seconds: float = 30.0
    requests: int = 128
    queue: int = 512
    batch: int = 64
