"""What ``bran corpus weak`` does: texts and tables of statements in, documents with relations out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bran.corpus.document import Document
from bran.corpus.exclusion import Excluded
from bran.corpus.readers import ErrorHandler
from bran.corpus.schema import Schema
from bran.corpus.stated import StatementIndex
from bran.corpus.statements import read_statements
from bran.corpus.weak import WeakCounts, WeakLabels, weak_documents
from bran.corpus.writers import open_document_writer, write_documents
from bran.errors import ConfigError, FormatError
from bran.wording import counted


@dataclass(frozen=True, slots=True)
class WeakSupervision:
    """How documents get their relations.

    Attributes:
        schema: of the documents that are written.
        tables: statements, as :func:`bran.corpus.statements.read_statements` takes them.
        kinds: the schema's relation type of each relation of the tables that counts; when empty, those that are
            called as a relation type is.
        exclude: documents that must not be among those that are written, nor be believed.
        turned: tables may have the tail before the head.
        by_pair: a statement counts for all documents that mention both its ends.
        keep_unstated: write documents without a stated pair too.

    Raises:
        ConfigError: when a kind is no relation type, or relations hold between mentions.
    """

    schema: Schema
    tables: Sequence[Path]
    kinds: Mapping[str, str] = field(default_factory=dict)
    exclude: Excluded = field(default_factory=Excluded)
    turned: bool = False
    by_pair: bool = False
    keep_unstated: bool = False

    def __post_init__(self) -> None:
        known = self.schema.relation_types
        if self.schema.level != "concept":
            raise ConfigError(f"schema {self.schema.name} relates mentions; expected one that relates concepts")
        for relation, type_ in self.kinds.items():
            if type_ not in known:
                raise ConfigError(f"kind {relation}={type_}: expected a relation type, one of {', '.join(known)}")

    def labels(self) -> WeakLabels:
        """What gives documents their relations, the tables read.

        Raises:
            DataError: when a table cannot be read.
        """
        kinds = self.kinds or {name: name for name in self.schema.relation_types}
        index = StatementIndex(self.schema, by_pair=self.by_pair)
        for table in self.tables:
            index.add(read_statements(table, kinds, exclude=self.exclude.ids), str(table))
        return WeakLabels(self.schema, index, turned=self.turned)

    def write(self, texts: Iterable[Document], output: Path, *, on_error: ErrorHandler) -> WeakLabels:
        """Write the documents of ``texts`` that something is stated of; returns the labels, with their counts.

        Args:
            texts: documents with mentions, read with the schema; those of one id or title count once.
            output: its suffix tells the format.
            on_error: is told of documents that the format cannot hold.

        Raises:
            DataError: when a table or a text cannot be read, a table has the tail before the head, or no document is
                left; then nothing is written.
        """
        labels = self.labels()
        documents = weak_documents(texts, labels, exclude=self.exclude, keep_unstated=self.keep_unstated)
        with open_document_writer(output, schema=self.schema) as writer:
            if not write_documents(documents, writer, on_error=on_error):
                raise FormatError(_nothing(labels.counts))
        return labels


def _nothing(counts: WeakCounts) -> str:
    found = f"nothing is left of {counted(counts.texts, 'text')}: {counts.left_out.total()} excluded or repeated"
    unstated = f"{counts.unstated} without a stated pair, {counted(counts.unmentioned, 'statement')} without a mention"
    return f"{found}, {unstated}; expected texts with linked mentions (bran tag) that the tables name, or --by-pair"
