"""The tokenizers that a spaCy pipeline over abstracts may use, by name, and how well they fit mentions.

A recogniser can only find mentions that begin and end where tokens do: a tokenizer that keeps
``cisplatin-induced`` in one piece costs it every mention that is half of such a word.
:class:`Alignment` measures that; docs/results says what came out.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # compiled, without a stub
from spacy.util import registry

from bran.corpus.document import Document
from bran.errors import ConfigError

TOKENIZERS = {
    "scispacy": "bran.ScispacyTokenizer.v1",
    "spacy": "spacy.Tokenizer.v1",
    "punctuation": "bran.PunctuationTokenizer.v1",
}
"""Names in spaCy's registry of tokenizers, by the short names of bran."""

_MARK = r"(?:[^\w\s]|_)"
_BESIDE_A_MARK = re.compile(rf"(?<={_MARK})(?=\S)|(?<=\S)(?={_MARK})")
"""Every place within a word that has a punctuation mark on one of its sides; matches no characters.

As zero-width infixes these also part marks that follow one another, which spaCy keeps together when
the marks themselves are the infixes.
"""


def punctuation_tokenizer() -> Callable[[Language], Tokenizer]:
    """Parts words at white space and around every punctuation mark: ``5-HT(1A)`` gives ``5 - HT ( 1A )``.

    Registered as ``bran.PunctuationTokenizer.v1``.
    """

    def build(nlp: Language) -> Tokenizer:
        return Tokenizer(nlp.vocab, infix_finditer=_BESIDE_A_MARK.finditer)

    return build


def scispacy_tokenizer() -> Callable[[Language], Tokenizer]:
    """The tokenizer that scispaCy's models come with; it keeps hyphens, and most brackets, inside words.

    Registered as ``bran.ScispacyTokenizer.v1``.
    """

    def build(nlp: Language) -> Tokenizer:
        from scispacy.custom_tokenizer import combined_rule_tokenizer

        nlp.tokenizer = spacy.blank("en").tokenizer  # it asks the one in place for its token_match
        with warnings.catch_warnings(action="ignore", category=FutureWarning):  # of its regular expressions
            return combined_rule_tokenizer(nlp)

    return build


# Entry points of the package say the same, so that spaCy finds them before anything has imported this module.
registry.tokenizers.register("bran.PunctuationTokenizer.v1", func=punctuation_tokenizer)
registry.tokenizers.register("bran.ScispacyTokenizer.v1", func=scispacy_tokenizer)


def blank_pipeline(tokenizer: str = "punctuation") -> Language:
    """An English pipeline without components.

    Args:
        tokenizer: one of :data:`TOKENIZERS`.

    Raises:
        ConfigError: when there is no such tokenizer.
    """
    if tokenizer not in TOKENIZERS:
        raise ConfigError(f"tokenizer {tokenizer!r}; expected one of {', '.join(TOKENIZERS)}")
    return spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": TOKENIZERS[tokenizer]}}})


@dataclass(frozen=True, slots=True)
class Alignment:
    """How many mentions begin and end where tokens do.

    Attributes:
        mentions: how many there are.
        misaligned: how many begin or end inside a token.
        tokens: how many the texts were cut into.
    """

    mentions: int
    misaligned: int
    tokens: int

    @property
    def share(self) -> float:
        """The part of the mentions that is misaligned; 0 when there are none."""
        return self.misaligned / max(self.mentions, 1)

    @classmethod
    def measure(cls, nlp: Language, documents: Iterable[Document]) -> Alignment:
        """Cut the texts of ``documents`` with the tokenizer of ``nlp`` and compare with their mentions."""
        mentions = misaligned = tokens = 0
        for document in documents:
            doc = nlp.make_doc(document.text)
            starts = {token.idx for token in doc}
            ends = {token.idx + len(token) for token in doc}
            tokens += len(doc)
            mentions += len(document.mentions)
            misaligned += sum(m.start not in starts or m.end not in ends for m in document.mentions)
        return cls(mentions, misaligned, tokens)
