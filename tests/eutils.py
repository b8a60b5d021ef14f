"""A stand-in for NCBI's E-utilities on this machine: a few invented records, and answers that go wrong on request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">'
)


def article(pmid: str, title: str = "Zorvapine and <i>tremor</i> in β-cells.", version: int = 1) -> str:
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="{version}">{pmid}</PMID>'
        f'<Article PubModel="Print"><Journal><Title>Invented Letters</Title></Journal>'
        f"<ArticleTitle>{title}</ArticleTitle>"
        f"<Abstract><AbstractText>Tremor followed zorvapine in patient {pmid}.</AbstractText></Abstract></Article>"
        "</MedlineCitation></PubmedArticle>"
    )


def article_set(*articles: str) -> bytes:
    head = f'<?xml version="1.0" ?>\n{DOCTYPE}\n<PubmedArticleSet>'
    return "\n".join([head, *articles, "</PubmedArticleSet>\n"]).encode()


def search_result(pmids: list[str], count: int | None = None) -> bytes:
    found = len(pmids) if count is None else count
    result = {"count": str(found), "retmax": str(len(pmids)), "retstart": "0", "idlist": pmids}
    return json.dumps({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}).encode()


@dataclass(frozen=True)
class Answer:
    """One answer: what it says, and what is wrong with how it comes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """Promised in the headers, when it is not that of the body."""
    pieces: int = 1
    pause: float = 0.0
    """Seconds before each piece."""


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    path: str
    parameters: dict[str, str]
    agent: str
    at: float

    @property
    def pmids(self) -> list[str]:
        return self.parameters["id"].split(",")


class StandIn:
    """Knows ``records`` (PMID -> XML) and ``searches`` (query -> PMIDs); answers ``script`` first, in order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.records: dict[str, str] = {}
        self.searches: dict[str, list[str]] = {}
        self.script: list[Answer | None] = []
        self.asked: list[Asked] = []
        self.clock: Callable[[], float] = time.monotonic

    def know(self, *pmids: object) -> list[str]:
        known = [str(pmid) for pmid in pmids]
        self.records |= {pmid: article(pmid) for pmid in known}
        return known

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        scripted = self.script.pop(0) if self.script else None
        if scripted is not None:
            return scripted
        if asked.path == "/eutils/esearch.fcgi":
            found = self.searches.get(asked.parameters["term"], [])
            return Answer(search_result(found[: int(asked.parameters["retmax"])], len(found)))
        if asked.path == "/eutils/efetch.fcgi":
            return Answer(article_set(*(self.records[pmid] for pmid in asked.pmids if pmid in self.records)))
        return Answer(b"no such page", status=404)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server on a free port of this machine, for as long as the ``with`` block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            parameters = {name: values[0] for name, values in form.items()}
            asked = Asked(self.path, parameters, self.headers["User-Agent"], server.clock())
            with suppress(BrokenPipeError, ConnectionResetError):  # the one who asked has given up
                self.send(server.answer(asked))

        def send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            length = len(answer.body) if answer.length is None else answer.length
            for name, value in {"Content-Length": str(length), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            size = -(-len(answer.body) // answer.pieces) or 1
            for start in range(0, len(answer.body), size):
                time.sleep(answer.pause)
                self.wfile.write(answer.body[start : start + size])
                self.wfile.flush()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        server = StandIn(f"http://127.0.0.1:{http.server_port}/eutils")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
