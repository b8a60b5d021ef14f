"""Words, mentions and entities of an encoded document as groups of its subwords."""

from __future__ import annotations

import numpy as np

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.encoding.subwords import Ints, SubwordSequence
from bran.extraction.explanation import Span, TextUnits, Unit


def text_units(document: Document, sequence: SubwordSequence, schema: Schema) -> TextUnits:
    """What the subwords of ``document`` make up.

    Args:
        document: with mentions.
        sequence: its subwords.
        schema: tells what relations hold between: concepts, or mentions.
    """
    mentions = sorted(document.mentions, key=lambda m: (m.start, m.end, m.type, m.concepts))
    return TextUnits(
        starts=sequence.starts,
        ends=sequence.ends,
        words=_words(document, sequence),
        mentions=tuple(_unit(document, sequence, ((m.start, m.end),), type_=m.type) for m in mentions),
        entities=tuple(
            _unit(document, sequence, tuple((m.start, m.end) for m in e.mentions), type_=e.type, id_=e.id)
            for e in schema.entities(document)
        ),
    )


def _words(document: Document, sequence: SubwordSequence) -> tuple[Unit, ...]:
    """Runs of subwords without space between them, cut at mentions, and where letters and digits end."""
    text = document.text
    cuts = {edge for mention in document.mentions for edge in (mention.start, mention.end)}
    units: list[list[int]] = []
    previous = -1
    for number, start in enumerate(sequence.starts.tolist()):
        inside = start == previous and start not in cuts and text[start].isalnum() and text[start - 1].isalnum()
        if inside:
            units[-1].append(number)
        else:
            units.append([number])
        previous = int(sequence.ends[number])
    return tuple(_word(text, sequence, np.array(unit, dtype=np.int64)) for unit in units)


def _word(text: str, sequence: SubwordSequence, subwords: Ints) -> Unit:
    span = int(sequence.starts[subwords[0]]), int(sequence.ends[subwords[-1]])
    return Unit(text[slice(*span)], subwords, (span,))


def _unit(document: Document, sequence: SubwordSequence, spans: tuple[Span, ...], *, type_: str, id_: str = "") -> Unit:
    inside = np.zeros(len(sequence.ids), dtype=np.bool_)
    for start, end in spans:
        inside |= (sequence.starts >= start) & (sequence.ends <= end)
    return Unit(document.text[slice(*spans[0])], inside.nonzero()[0].astype(np.int64), spans, type_, id_)
