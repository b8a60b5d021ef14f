"""``bran fetch``: PMIDs or a query in, PubMed XML out. The one command that goes to the network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.cli.reporting import report
from bran.corpus.readers import ErrorLog
from bran.wording import counted


def fetch(
    output: Annotated[Path, typer.Option("--output", "-o", help="File, .xml or .xml.gz.")],
    pmids: Annotated[list[str] | None, typer.Argument(metavar="PMID...", help="PubMed ids.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="In PubMed's syntax.")] = None,
    ids: Annotated[Path | None, typer.Option("--ids", help="File of PubMed ids, one a line.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="First records of the query.", show_default="all")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", envvar="NCBI_EMAIL", help="Your address, which NCBI wants.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option("--api-key", envvar="NCBI_API_KEY", help="NCBI's; 10 requests a second instead of 3."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Folder for what was fetched.", show_default="~/.cache/bran")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask anew for what is in the cache.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for one request.")] = 60.0,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", envvar="BRAN_EUTILS_URL", help="Another server.", show_default="NCBI's E-utilities"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No counts on stderr.")] = False,
) -> None:
    """Fetch abstracts from PubMed, within NCBI's rules; the same command goes on where it was ended.

    PMIDs that PubMed does not have are named on stderr; the exit code is then 6.

    NCBI's disclaimer and copyright notice: https://www.ncbi.nlm.nih.gov/About/disclaimer.html

    Examples: bran fetch 99000001 99000002 -o abstracts.xml.gz; bran fetch --query "lidocaine AND seizures" -o found.xml
    """
    from bran.workflows.fetch import fetch as run
    from bran.workflows.fetching.access import NCBI, Access
    from bran.workflows.fetching.cache import default_folder
    from bran.workflows.fetching.pmids import parse_pmid, read_pmids

    if not pmids and query is None and ids is None:
        raise typer.BadParameter("nothing to fetch; expected PMIDs, --query or --ids")

    def say(line: str) -> None:
        if not quiet:
            typer.echo(line, err=True)

    wanted = [parse_pmid(pmid) for pmid in pmids or ()] + list(read_pmids(ids) if ids else ())
    log = ErrorLog()
    fetched = run(
        wanted,
        output=output,
        access=Access(base_url or NCBI, email=email or None, api_key=api_key or None, timeout=timeout),
        cache_folder=cache or default_folder(),
        on_error=log,
        query=query,
        limit=limit,
        refresh=refresh,
        say=say,
    )
    found = f"{counted(fetched.records, 'record')}, {fetched.cached} of them from the cache"
    say(f"{output}: {found}; {counted(fetched.requests, 'request')}")
    report(log)
