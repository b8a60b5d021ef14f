"""What a start has to do: the plan, less the parts that are still true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bran.errors import FormatError
from bran.export.run_folder import Entry, RunFolder
from bran.workflows.batch.part import remove_part
from bran.workflows.batch.shards import Shard, unchanged


@dataclass(slots=True)
class Agenda:
    """What is done, and what is not.

    Attributes:
        done: entries of parts that are still true.
        todo: shards that have no such part.
        stale: keys of parts that are not true any more.
        changed: files that were changed since.
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
        for shard in shards:
            entry = entries.pop(shard.key, None)
            if entry is None:
                agenda.todo.append(shard)
            elif new := [source.path for source in entry.sources if not unchanged(source)]:
                agenda.todo.append(shard)
                agenda.stale.append(shard.key)
                agenda.changed += new
            else:
                agenda.done.append(entry)
        agenda._compare_files(shards, list(entries.values()))
        agenda.stale += entries
        return agenda

    def _compare_files(self, shards: Sequence[Shard], left: Sequence[Entry]) -> None:
        """Tell added and withdrawn files from those that are only cut otherwise, having been changed."""
        planned = {path for shard in shards for path in shard.paths}
        sources = {source.path: source for entry in left for source in entry.sources}
        known = {source.path for entry in self.done for source in entry.sources} | set(sources) | set(self.changed)
        self.withdrawn = [path for path in sources if path not in planned]
        self.changed += [path for path, source in sources.items() if path in planned and not unchanged(source)]
        self.changed = list(dict.fromkeys(self.changed))
        self.added = [path for path in dict.fromkeys(p for s in self.todo for p in s.paths) if path not in known]

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
