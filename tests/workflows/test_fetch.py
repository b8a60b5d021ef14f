"""Records in one file: from a query or PMIDs, from the server or the cache."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from bran.corpus.readers import ErrorLog
from bran.errors import ConfigError, DataError, FormatError, NetworkError
from bran.workflows import fetch as module
from bran.workflows.fetch import Fetched, fetch
from bran.workflows.fetching import transport
from bran.workflows.fetching.access import Access
from tests.eutils import Answer, StandIn, article, article_set, search_result, stand_in

Fetch = Callable[..., Fetched]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither pace nor pauses: the tests of the transport have them."""
    monkeypatch.setattr(transport, "BACKOFF", (0.0,))
    monkeypatch.setattr(Access, "requests_per_second", 10_000)


@pytest.fixture
def run(server: StandIn, tmp_path: Path) -> Fetch:
    """``fetch`` into ``out.xml``; what was said and left out stands in ``run.said`` and ``run.log``."""

    def call(pmids: list[str] | None = None, *, output: str = "out.xml", **options: object) -> Fetched:
        call.said, call.log = [], ErrorLog()
        server.asked.clear()
        return fetch(
            pmids or [],
            output=tmp_path / output,
            access=Access(server.url),
            cache_folder=tmp_path / "cache",
            on_error=call.log,
            say=call.said.append,
            **options,
        )

    return call


def pmids_in(path: Path) -> list[str]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [pmid.text for pmid in etree.fromstring(content).iterfind("PubmedArticle/MedlineCitation/PMID")]


def test_records_in_the_order_asked_for_each_once(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.know(8, 7, 9)
    assert run(["9", "7", "9", "8"]) == Fetched(records=3, cached=0, requests=1, missing=())
    assert pmids_in(tmp_path / "out.xml") == ["9", "7", "8"]
    assert server.asked[0].parameters == {"db": "pubmed", "id": "9,7,8", "retmode": "xml", "tool": "bran"}
    assert (tmp_path / "out.xml").read_text(encoding="utf-8").startswith('<?xml version="1.0" encoding="UTF-8"?>\n')


def test_a_gzipped_file_has_the_same_content(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.know(7, 8)
    run(["7", "8"])
    run(["7", "8"], output="out.xml.gz")
    assert gzip.decompress((tmp_path / "out.xml.gz").read_bytes()) == (tmp_path / "out.xml").read_bytes()


def test_many_ids_go_in_batches(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    known = server.know(*range(1, 451))
    assert run(known).requests == 3
    assert [len(asked.pmids) for asked in server.asked] == [200, 200, 50]
    assert pmids_in(tmp_path / "out.xml") == known
    assert run.said == [f"asked for {done} of 450 records" for done in (200, 400, 450)]


def test_a_second_run_asks_nothing_and_writes_the_same(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.searches["zorvapine"] = server.know(7, 8)
    run(query="zorvapine")
    first = (tmp_path / "out.xml").read_bytes()
    assert run(query="  zorvapine ") == Fetched(records=2, cached=2, requests=0, missing=())
    assert server.asked == []
    assert (tmp_path / "out.xml").read_bytes() == first
    server.know(9)
    assert run(["8", "9"]) == Fetched(records=2, cached=1, requests=1, missing=())
    assert server.asked[0].pmids == ["9"]


def test_a_run_that_failed_goes_on_where_it_was(
    server: StandIn, run: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    server.searches["zorvapine"] = server.know(*range(1, 8))
    (tmp_path / "out.xml").write_text("as it was")
    server.script = [None, None, None, Answer(status=500), Answer(status=500)]
    with pytest.raises(NetworkError, match=r"efetch\.fcgi: answers 500"):
        run(query="zorvapine")
    assert (tmp_path / "out.xml").read_text() == "as it was"
    server.searches["zorvapine"] = ["99"]  # the list of the first run stays
    assert run(query="zorvapine") == Fetched(records=7, cached=4, requests=2, missing=())
    assert [asked.pmids for asked in server.asked] == [["5", "6"], ["7"]]
    assert pmids_in(tmp_path / "out.xml") == list("1234567")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "out.xml"]


def test_what_passes_is_asked_again(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.know(7)
    whole = article_set(article("7"))
    for wrong in (Answer(status=429), Answer(whole[:80]), Answer(whole, length=len(whole) + 9), Answer(b"{}")):
        server.script = [wrong]
        assert run(["7"], refresh=True).requests == 2
        assert pmids_in(tmp_path / "out.xml") == ["7"]


def test_records_that_the_server_does_not_have_are_told(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.know(7, 9)
    assert run(["7", "8", "9", "10"]) == Fetched(records=2, cached=0, requests=1, missing=("8", "10"))
    assert [str(error) for error in run.log.skipped] == [
        f"{server.url} (document {pmid}): no such record; expected a PMID that PubMed has" for pmid in ("8", "10")
    ]
    assert pmids_in(tmp_path / "out.xml") == ["7", "9"]
    server.know(8)  # they are asked for again: a record may be new
    assert run(["7", "8", "9", "10"]) == Fetched(records=3, cached=2, requests=1, missing=("10",))


def test_nothing_at_all_is_an_error(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has none of the 7 records asked for: 1, 2, 3, 4, 5, \.\.\.$"):
        run(list("1234567"))
    with pytest.raises(DataError, match="query 'zorvapin' finds no record; expected at least one"):
        run(query="zorvapin")
    with pytest.raises(DataError, match="no PMID is asked for; expected at least one"):
        run()
    assert not (tmp_path / "out.xml").exists()


def test_refresh_asks_for_everything_anew(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.searches["zorvapine"] = server.know(7, 8)
    run(query="zorvapine")
    server.searches["zorvapine"] = server.know(7, 8, 9)
    server.records["7"] = article("7", "Zorvapine: a correction.")
    del server.records["8"]
    fetched = run(query="zorvapine", refresh=True)
    assert fetched == Fetched(records=2, cached=0, requests=2, missing=("8",))
    assert "a correction" in (tmp_path / "out.xml").read_text()
    assert pmids_in(tmp_path / "out.xml") == ["7", "9"]
    run(["7", "8"])
    assert server.asked[0].pmids == ["8"], "the record that was withdrawn is forgotten"


def test_what_a_query_finds_is_told_with_its_day(server: StandIn, run: Fetch) -> None:
    server.searches["zorvapine AND 2020[dp]"] = server.know(7)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    run(query="zorvapine AND\n 2020[dp]")
    assert run.said[0] == f"query finds 1 record, as of {today}"
    assert server.asked[0].parameters == {
        "db": "pubmed", "term": "zorvapine AND 2020[dp]", "retmax": "9999", "retmode": "json", "tool": "bran",
    }  # fmt: skip


def test_pmids_and_a_query_together(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.searches["zorvapine"] = server.know(7, 8)
    server.know(9)
    run(["9", "8"], query="zorvapine")
    assert pmids_in(tmp_path / "out.xml") == ["9", "8", "7"]


def test_more_than_a_search_lists_is_refused_or_limited(
    server: StandIn, run: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEARCH_LIMIT", 3)
    server.searches["tremor"] = server.know(1, 2, 3, 4, 5)
    for limit in (None, 4, 10):
        with pytest.raises(DataError, match=r"'tremor' finds 5 records; ESearch lists the first 3 .* \(--limit\)"):
            run(query="tremor", limit=limit)
    assert run(query="tremor", limit=2).records == 2
    assert pmids_in(tmp_path / "out.xml") == ["1", "2"]
    assert run(query="tremor", limit=3).records == 3


def test_a_list_that_is_cut_is_asked_again(server: StandIn, run: Fetch) -> None:
    server.searches["zorvapine"] = server.know(7, 8)
    server.script = [Answer(search_result(["7"], count=2))]
    assert run(query="zorvapine").records == 2


def test_long_runs_are_told_of_the_hours(server: StandIn, run: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(module, "OFF_PEAK", 2)
    run(server.know(1, 2))
    assert not any("Eastern" in line for line in run.said)
    run(server.know(3, 4, 5))
    assert run.said[0].startswith("more than 2 requests: NCBI wants them at weekends")


def test_records_that_were_not_asked_for_are_passed_over(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.script = [Answer(article_set(article("7"), article("77")))]
    run(["7"])
    assert pmids_in(tmp_path / "out.xml") == ["7"]
    assert run(["7", "77"]).missing == ("77",)


def test_servers_have_their_own_records(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    server.know(7)
    run(["7"])
    with stand_in() as other, pytest.raises(DataError, match="has none of the 1 records"):
        fetch(
            ["7"],
            output=tmp_path / "other.xml",
            access=Access(other.url),
            cache_folder=tmp_path / "cache",
            on_error=ErrorLog(),
            say=lambda _: None,
        )


@pytest.mark.parametrize("name", ["out.txt", "out", "out.xml.bz2", "out.gz"])
def test_other_suffixes_are_refused_before_anything_is_asked(server: StandIn, run: Fetch, name: str) -> None:
    with pytest.raises(ConfigError, match=r"the suffix tells the format; expected \.xml or \.xml\.gz"):
        run(["7"], output=name)
    assert server.asked == []


def test_a_folder_that_is_not_there_loses_nothing(server: StandIn, run: Fetch) -> None:
    server.know(7)
    with pytest.raises(FormatError, match=r"cannot be written \(No such file or directory\)"):
        run(["7"], output="absent/out.xml")
    assert run(["7"]).requests == 0


def test_our_reader_takes_the_file(server: StandIn, run: Fetch, tmp_path: Path) -> None:
    pubmed = pytest.importorskip("bran.corpus.readers.pubmed")
    server.know(7, 8)
    run(["7", "8"], output="out.xml.gz")
    documents = list(pubmed.read_pubmed(tmp_path / "out.xml.gz"))
    assert [document.id for document in documents] == ["7", "8"]
    assert documents[0].title == "Zorvapine and tremor in β-cells."
    assert "Tremor followed zorvapine in patient 7." in documents[0].text
