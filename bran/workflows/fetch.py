"""PMIDs or a query in, one ``PubmedArticleSet`` out: what ``bran fetch`` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bran.corpus.readers import ErrorHandler
from bran.errors import ConfigError, DataError, Place
from bran.files import atomic_write_binary
from bran.wording import counted
from bran.workflows.fetching.access import Access
from bran.workflows.fetching.answers import read_articles, read_search
from bran.workflows.fetching.cache import Cache
from bran.workflows.fetching.transport import Transport

BATCH = 200
"""Records per request."""

SEARCH_LIMIT = 9_999
"""ESearch gives no more than these first PubMed records of a query."""

OFF_PEAK = 100
"""Requests; NCBI wants more than these made at weekends or between 21:00 and 5:00 Eastern Time."""

_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<PubmedArticleSet>\n'
_TAIL = b"</PubmedArticleSet>\n"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run did.

    Attributes:
        records: PMIDs whose records stand in the output.
        cached: how many of them were there from an earlier run.
        requests: how many the server was sent, repeated ones included.
        missing: PMIDs that the server has no record of.
    """

    records: int
    cached: int
    requests: int
    missing: tuple[str, ...]


def fetch(
    pmids: Iterable[str],
    *,
    output: Path,
    access: Access,
    cache_folder: Path,
    on_error: ErrorHandler,
    query: str | None = None,
    limit: int | None = None,
    refresh: bool = False,
    say: Callable[[str], None],
) -> Fetched:
    """Write the PubMed records of ``pmids``, and then of what ``query`` finds, each once, to ``output``.

    Batches are kept in ``cache_folder`` as they come, so that a run that was ended goes on where it was.

    Args:
        pmids: as digits.
        output: ``.xml`` or ``.xml.gz``.
        access: the server and the one who asks.
        cache_folder: holds one file per server.
        on_error: is told of each PMID that the server has no record of.
        query: in PubMed's syntax.
        limit: take no more than the first records of ``query``.
        refresh: ask for everything anew.
        say: is told how the run goes on, in lines.

    Raises:
        ConfigError: when ``output`` has another suffix.
        DataError: when nothing is found, too much is, or a file cannot be used.
        NetworkError: when the server cannot be reached or answers wrongly.
    """
    if not output.name.endswith((".xml", ".xml.gz")):
        raise ConfigError(f"{output}: the suffix tells the format; expected .xml or .xml.gz")
    transport = Transport(access)
    with Cache(cache_folder / f"{access.name}.sqlite") as cache:
        job = _Job(transport, cache, refresh, say)
        wanted = list(dict.fromkeys([*pmids, *(job.search(query, limit) if query is not None else ())]))
        if not wanted:
            raise DataError("no PMID is asked for; expected at least one")
        unknown = [pmid for pmid in wanted if refresh or not cache.has(pmid)]
        missing = job.fill(unknown)
        found = [pmid for pmid in wanted if pmid not in missing]
        if not found:
            raise DataError(f"{access.base_url} has none of the {len(wanted)} records asked for: {_few(wanted)}")
        _write(found, cache, output)
    for pmid in missing:
        on_error.skip(DataError("no such record; expected a PMID that PubMed has", Place(access.base_url, None, pmid)))
    return Fetched(len(found), len(wanted) - len(unknown), transport.requests, tuple(missing))


@dataclass(frozen=True, slots=True)
class _Job:
    """Brings what is asked for from the server into the cache."""

    transport: Transport
    cache: Cache
    refresh: bool
    say: Callable[[str], None]

    def search(self, query: str, limit: int | None) -> Sequence[str]:
        """The PMIDs that ``query`` finds, or found when it was asked first; DataError for none or too many."""
        query = " ".join(query.split())
        asked = None if self.refresh else self.cache.search(query)
        if asked is None:
            parameters = {"db": "pubmed", "term": query, "retmax": str(SEARCH_LIMIT), "retmode": "json"}
            found = self.transport.ask("esearch", parameters, partial(read_search, most=SEARCH_LIMIT))
            asked = self.cache.keep_search(query, found)
        count = asked.found.count
        self.say(f"query finds {counted(count, 'record')}, as of {asked.day}")
        if not count:
            raise DataError(f"query {query!r} finds no record; expected at least one")
        if min(limit or count, count) > len(asked.found.pmids):
            message = f"query {query!r} finds {count} records; ESearch lists the first {SEARCH_LIMIT} of a query"
            raise DataError(f"{message}: split it, as by year (2019:2020[dp]), or take a part of them (--limit)")
        return asked.found.pmids[:limit]

    def fill(self, pmids: Sequence[str]) -> dict[str, None]:
        """Bring the records of ``pmids`` into the cache; those that the server does not have, in order."""
        missing: dict[str, None] = {}
        if len(pmids) > OFF_PEAK * BATCH:
            self.say(f"more than {OFF_PEAK} requests: NCBI wants them at weekends or from 21:00 to 5:00 Eastern Time")
        for start in range(0, len(pmids), BATCH):
            batch = pmids[start : start + BATCH]
            parameters = {"db": "pubmed", "id": ",".join(batch), "retmode": "xml"}
            records = self.transport.ask("efetch", parameters, read_articles)
            self.cache.replace(batch, records)
            missing |= dict.fromkeys(pmid for pmid in batch if pmid not in records)
            self.say(f"asked for {start + len(batch)} of {len(pmids)} records")
        return missing


def _write(pmids: Sequence[str], cache: Cache, output: Path) -> None:
    with atomic_write_binary(output) as stream:
        stream.write(_HEAD)
        for record in cache.records(pmids):
            stream.write(record)
        stream.write(_TAIL)


def _few(pmids: Sequence[str], shown: int = 5) -> str:
    return ", ".join(pmids[:shown]) + (", ..." if len(pmids) > shown else "")
