"""Where the parts of a BioC document stand in ``Document.text``.

BioC counts offsets from the beginning of the document, with gaps of its own between passages; a document here
joins them by one space. Some files count bytes or UTF-16 units, or from the beginning of the passage: a mention
that is not where its offset says is looked for there, and kept when only one place can be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bran.corpus.readers.bioc_records import BioCAnnotation, BioCPassage, BioCSentence

Span = tuple[int, int]
_MAX_GAP = 100
"""More white space than this between two sentences is not believed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that annotations lie in.

    Attributes:
        offset: its first character, as BioC counts.
        start: its first character, in ``Document.text``.
        text: its characters.
    """

    offset: int
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The text of a passage, and what its own annotations and those of each sentence lie in."""

    passage: Piece
    sentences: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The hull of an annotation in ``Document.text``.

    Attributes:
        start: first character.
        end: one past the last.
        exact: whether it stands where its offset says.
    """

    start: int
    end: int
    exact: bool


def layouts(passages: Sequence[BioCPassage]) -> Iterator[Layout]:
    """The layout of each passage, when all are joined by one space."""
    start = offset = 0
    for passage in passages:
        found = _layout(passage, start, offset)
        yield found
        start += len(found.passage.text) + 1
        offset = found.passage.offset + len(found.passage.text) + 1


def _layout(passage: BioCPassage, start: int, expected: int) -> Layout:
    sentences = passage.sentences
    offset = next((part.offset for part in (passage, *sentences) if part.offset is not None), expected)
    if passage.text or not sentences:
        piece = Piece(offset, start, passage.text or "")
        return Layout(piece, tuple(piece for _ in sentences))
    text, pieces = "", []
    for sentence in sentences:
        text += " " * _gap(sentence, offset + len(text), first=not text)
        at = offset + len(text) if sentence.offset is None else sentence.offset
        pieces.append(Piece(at, start + len(text), sentence.text or ""))
        text += sentence.text or ""
    return Layout(Piece(offset, start, text), tuple(pieces))


def _gap(sentence: BioCSentence, end: int, *, first: bool) -> int:
    """How many spaces stand before ``sentence``, when the text before it ends at offset ``end``."""
    gap = -1 if sentence.offset is None else sentence.offset - end
    return gap if 0 <= gap <= _MAX_GAP else int(not first)


def joined(pieces: Sequence[Piece]) -> Callable[[BioCAnnotation], Piece]:
    """What an annotation of the whole document lies in: the whole text, where BioC has no gaps but ours, or a piece."""
    whole = Piece(pieces[0].offset if pieces else 0, 0, " ".join(piece.text for piece in pieces))
    if all(piece.offset - piece.start == whole.offset for piece in pieces):
        return lambda annotation: whole

    def around(annotation: BioCAnnotation) -> Piece:
        offset = min((location.offset for location in annotation.locations), default=0)
        return next((piece for piece in pieces if 0 <= offset - piece.offset < len(piece.text)), whole)

    return around


def find(annotation: BioCAnnotation, piece: Piece) -> Found | None:
    """Where ``annotation`` stands in ``piece``: where its offsets say, or the only other place they can mean."""
    spans = [(location.offset - piece.offset, location.length) for location in annotation.locations]
    words = (annotation.text or "").split()
    if not spans:
        return None
    hull = _characters(spans, piece.text)
    if hull and (not words or _reads(piece.text, hull, words)):
        return _found(hull, piece, exact=True)
    if not words:
        return None
    hulls = {tuple(other) for other in _other_readings(spans, piece) if _reads(piece.text, other, words)}
    if not hulls and len(places := _occurrences(piece.text, annotation.text or "")) == 1:
        hulls = {tuple(places)}
    return _found(list(hulls.pop()), piece, exact=False) if len(hulls) == 1 else None


def _found(spans: list[Span], piece: Piece, *, exact: bool) -> Found:
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    return Found(piece.start + start, piece.start + end, exact)


def _reads(text: str, spans: list[Span], words: list[str]) -> bool:
    """Whether ``spans``, one after the other or with all between them, hold ``words``."""
    parts = [word for start, end in spans for word in text[start:end].split()]
    return bool(spans) and words in (parts, text[min(spans)[0] : max(end for _, end in spans)].split())


def _characters(spans: list[Span], text: str) -> list[Span]:
    """Start and end of each of ``spans`` (start and length); none when one lies outside."""
    fit = all(start >= 0 and length > 0 and start + length <= len(text) for start, length in spans)
    return [(start, start + length) for start, length in spans] if fit else []


def _other_readings(spans: list[Span], piece: Piece) -> Iterator[list[Span]]:
    yield _characters([(start + piece.offset, length) for start, length in spans], piece.text)
    if not piece.text.isascii():
        yield _units(spans, piece.text, lambda text: text.encode("utf-8", "replace"), "utf-8", 1)
        yield _units(spans, piece.text, lambda text: text.encode("utf-16-le", "replace"), "utf-16-le", 2)


def _units(spans: list[Span], text: str, encode: Callable[[str], bytes], encoding: str, size: int) -> list[Span]:
    """``spans`` counted in units of ``size`` bytes of an encoding, in characters."""
    data = encode(text)
    units = _characters([(start * size, length * size) for start, length in spans], data.decode("latin-1"))
    try:
        return [(len(data[:start].decode(encoding)), len(data[:end].decode(encoding))) for start, end in units]
    except UnicodeDecodeError:
        return []


def _occurrences(text: str, words: str) -> list[Span]:
    """The first places where ``words`` stand, two at most."""
    first = text.find(words)
    second = text.find(words, first + 1) if first >= 0 else -1
    return [(at, at + len(words)) for at in (first, second) if at >= 0]
