"""Composite mentions of BC5CDR: one annotation for the whole, and one for each concept in it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bran.corpus.readers.bioc_records import BioCAnnotation

PARTS = "parts"
"""Infon of an annotation: the words of each concept of a composite mention, as a JSON list."""
_ROLE = "CompositeRole"


def folded(annotations: Sequence[BioCAnnotation]) -> list[BioCAnnotation]:
    """``annotations`` without individual mentions that lie in a composite one, which gets their words as parts."""
    parts: dict[int, list[str]] = {
        index: [] for index, annotation in enumerate(annotations) if _role(annotation) == "CompositeMention"
    }
    if not parts:
        return list(annotations)
    kept = []
    for index, annotation in enumerate(annotations):
        around = (at for at in parts if at != index and _covers(annotations[at], annotation))
        if _role(annotation) == "IndividualMention" and (composite := next(around, None)) is not None:
            parts[composite].append(annotation.text or "")
        else:
            kept.append(index)
    return [_with_parts(annotations[index], parts.get(index, [])) for index in kept]


def _role(annotation: BioCAnnotation) -> object:
    return annotation.infons.get(_ROLE)


def _covers(outer: BioCAnnotation, inner: BioCAnnotation) -> bool:
    (start, end), (first, last) = _hull(outer), _hull(inner)
    return start <= first < last <= end


def _hull(annotation: BioCAnnotation) -> tuple[int, int]:
    locations = annotation.locations
    if not locations:
        return 0, 0
    return min(place.offset for place in locations), max(place.offset + place.length for place in locations)


def _with_parts(annotation: BioCAnnotation, parts: list[str]) -> BioCAnnotation:
    if not parts:
        return annotation
    return annotation.model_copy(update={"infons": annotation.infons | {PARTS: json.dumps(parts)}})
