"""The linker: mentions in, mentions with MeSH concepts out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from bran.corpus.document import Document, Mention
from bran.tagging.context import in_context
from bran.tagging.lexicon import Lexicon
from bran.tagging.lexicon_uses import lexicon_type
from bran.tagging.normal_forms import light_form
from bran.tagging.resolver import THRESHOLDS, Resolution, Resolver

TEXT_NAMESPACE = "TEXT"
"""Namespace of the ids that group unlinked mentions by their light form."""


class Linker:
    """Links mentions to concepts: by name, by use, by parts, by the most similar name, then by their document.

    Args:
        lexicon: names and uses.
        unlinked: what becomes of a mention without concept: ``keep`` leaves it without, ``text`` gives it an
            id of its light form (``TEXT:gnc92h2``), so that mentions of the same words are one entity.
        thresholds: least score of a fuzzy candidate, by type; a type that is not there has none.
    """

    def __init__(
        self,
        lexicon: Lexicon,
        *,
        unlinked: Literal["keep", "text"] = "keep",
        thresholds: Mapping[str, float] = THRESHOLDS,
    ) -> None:
        self.unlinked = unlinked
        self._resolver = Resolver(lexicon, thresholds)

    def link(self, document: Document, expansions: Mapping[str, str] = MappingProxyType({})) -> Document:
        """``document`` with the concepts of its mentions; those that they come with are replaced.

        Args:
            document: its mentions may be of any type; the lexicon has names of chemicals and diseases.
            expansions: long form of each abbreviation that the document defines.
        """
        mentions = (
            self._linked(document.surface(mention), mention, resolution)
            for mention, resolution in zip(document.mentions, self.resolutions(document, expansions), strict=True)
        )
        return document.with_mentions(tuple(mentions))

    def resolutions(self, document: Document, expansions: Mapping[str, str]) -> list[Resolution]:
        """What each mention of ``document`` is resolved to, with all candidates."""
        named = []
        for mention in document.mentions:
            surface, type_ = document.surface(mention), lexicon_type(mention.type)
            named.append((surface, type_, self._expanded(surface, type_, expansions)))
        return in_context(named)

    def _expanded(self, surface: str, type_: str, expansions: Mapping[str, str]) -> Resolution:
        """By its long form, when the document defines one and it or the surface has a name; else by the surface."""
        short = self._resolver.resolve(surface, type_)
        defined = expansions.get(surface) or expansions.get(surface.removesuffix("s"))
        if not defined:
            return short
        long = self._resolver.resolve(defined, type_)
        by_name = [resolution for resolution in (long, short) if resolution.concepts and resolution.how != "fuzzy"]
        best = (by_name or [long])[0]
        return replace(best, how="defined") if best.concepts else best

    def _linked(self, surface: str, mention: Mention, resolution: Resolution) -> Mention:
        concepts, parts = resolution.concepts, resolution.parts
        if not concepts and self.unlinked == "text":
            concepts = (f"{TEXT_NAMESPACE}:{light_form(surface).replace(' ', '_') or surface}",)
        return replace(mention, concepts=concepts, parts=parts, raw_concepts=None)
