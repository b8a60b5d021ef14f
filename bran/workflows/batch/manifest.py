"""What a start has to do: the plan, less the parts that are still true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bran.errors import FormatError
from bran.export.run_folder import Entry, RunFolder, natural
from bran.workflows.batch.part import remove_part
from bran.workflows.batch.shards import Shard
from bran.workflows.batch.source_files import changes


@dataclass(slots=True)
class Agenda:
    """What is done, and what is not.

    Attributes:
        done: entries of parts that are still true.
        todo: shards that have no such part.
        stale: keys of parts that are not true any more.
        changed: files that were changed since, and how.
        added: files that no part was read from.
        withdrawn: files that parts were read from and that are no input any more.
    """

    done: list[Entry] = field(default_factory=list)
    todo: list[Shard] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: RunFolder, shards: Sequence[Shard]) -> Agenda:
        """Compare ``shards`` with the parts in ``folder``."""
        agenda, entries = cls(), _entries(folder)
        planned = {path for shard in shards for path in shard.paths}
        known = {source.path for entry in entries.values() for source in entry.sources}
        agenda.withdrawn = sorted(known - planned, key=natural)
        agenda.added = sorted(planned - known, key=natural)
        for shard in shards:
            agenda._add(shard, entries.pop(shard.key, None))
        for entry in entries.values():  # of files that are withdrawn, or cut otherwise
            agenda.stale.append(entry.key)
            if planned.issuperset(source.path for source in entry.sources):
                agenda.changed += changes(entry)
        agenda.changed = list(dict.fromkeys(agenda.changed))
        return agenda

    def _add(self, shard: Shard, entry: Entry | None) -> None:
        """Take in a shard and what is known of its part."""
        lines = changes(entry) if entry else []
        self.changed += lines
        if entry and not lines:
            self.done.append(entry)
            return
        self.todo.append(shard)
        if entry:
            self.stale.append(entry.key)

    def clear(self, folder: RunFolder) -> None:
        """Remove the parts that are not true any more."""
        for key in self.stale:
            remove_part(folder.part(key), folder.work / f"{key}.stale")


def _entries(folder: RunFolder) -> dict[str, Entry]:
    """The entries by key; a part whose entry is damaged counts as none, and is done again."""
    entries = {}
    for path in folder.parts.glob("*"):
        try:
            entry = folder.entry(path.name)
        except FormatError:
            continue
        entries[path.name] = entry
    return entries
