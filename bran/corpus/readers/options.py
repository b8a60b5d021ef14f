"""What a user may say of the files that are read: keys of JSON lines, where plain texts end, habits of PubTator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from bran.config import Config, parse_config
from bran.corpus.readers.pubtator_format import PubTatorFormat
from bran.errors import ConfigError


class JsonFields(Config):
    """The keys that JSON lines have; without a name given, the first alias that a line holds counts."""

    id: str | None = None
    title: str | None = None
    abstract: str | None = None
    text: str | None = None
    mentions: str | None = None
    relations: str | None = None

    def keys(self, field: str) -> tuple[str, ...]:
        """The keys under which ``field`` may stand."""
        name: str | None = getattr(self, field)
        return (name,) if name is not None else ALIASES.get(field, (field,))


ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "pmid", "document_id", "doc_id", "_id"),
    "text": ("text", "body"),
    "mentions": ("mentions", "entities"),
}
"""Keys of a field that go by several names, in the order in which they are looked for."""


class ReaderOptions(Config):
    """Options of all readers; each takes those that it has a use for."""

    fields: JsonFields = Field(default=JsonFields())
    """jsonl: the keys of a document."""
    text: Literal["file", "paragraphs"] | None = None
    """text: whether a file is one document, or each stretch between blank lines; by default a file is one
    document and standard input holds paragraphs."""
    pubtator: PubTatorFormat | None = None
    """pubtator: how ids are joined and left out; by default as in the corpus that the schema is named after."""


def reader_options(fields: Iterable[str] = (), **options: Any) -> ReaderOptions:
    """Options with ``fields`` as a command line has them: ``id=PMID``.

    Raises:
        ConfigError: when a field is unknown, or has no ``=``.
    """
    named = dict(map(_named, fields))
    return parse_config(ReaderOptions, {"fields": named, **options}, source="reader options")


def _named(item: str) -> tuple[str, str]:
    """The field and its key, from ``FIELD=KEY``."""
    field, separator, key = item.partition("=")
    known = JsonFields.model_fields
    if field not in known or not separator or not key:
        raise ConfigError(f"field {item!r}: expected FIELD=KEY, such as id=PMID, with a field of {', '.join(known)}")
    return field, key
