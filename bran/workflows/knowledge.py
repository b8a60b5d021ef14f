"""What ``bran knowledge build`` does: tables of relations by document in, a knowledge base out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bran.corpus.mesh import MeshTree
from bran.corpus.statements import check_ends, read_statements
from bran.encoding.knowledge import KNOWLEDGE, Knowledge
from bran.errors import DataError


@dataclass(frozen=True, slots=True)
class KnowledgeCounts:
    """What a knowledge base holds."""

    statements: int
    pairs: int
    documents: int


def build_knowledge(
    tables: Sequence[Path],
    folder: Path,
    *,
    kinds: Mapping[str, str],
    exclude: Collection[str] = (),
    turned: bool = False,
) -> KnowledgeCounts:
    """Compile ``tables`` into ``folder``.

    Args:
        tables: as :func:`bran.corpus.statements.read_statements` takes them.
        folder: made if absent.
        kinds: what each relation that counts is to be called.
        exclude: ids of documents whose statements are left out.
        turned: the tables have the tail before the head.

    Raises:
        DataError: when a table cannot be read, has its columns turned, or an id is no PMID.
    """
    diseases = MeshTree.bundled().tree_numbers
    statements = set()
    for table in tables:
        read = list(read_statements(table, kinds, exclude=exclude, turned=turned))
        check_ends(read, diseases, path=table, name="disease")
        statements.update(read)
    for statement in statements:
        if not (statement.document.isascii() and statement.document.isdigit()):
            raise DataError(f"document {statement.document!r}; expected a PMID, by which documents are told apart")
    knowledge = Knowledge.of(statements, kinds=tuple(dict.fromkeys(kinds.values())))
    folder.mkdir(parents=True, exist_ok=True)
    knowledge.save(folder / KNOWLEDGE)
    return KnowledgeCounts(len(statements), len(knowledge), len({statement.document for statement in statements}))
