"""Invented files of records in each format that can be cut, as Hypothesis draws them."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.sax.saxutils import escape

from hypothesis import strategies as st

signs = st.sampled_from("abc é\u2028\U0001f9ea.<>&|-") | st.characters(exclude_categories=["Cs", "Cc"])
texts = st.text(signs, max_size=30)
ids = st.sampled_from(["1", "2", "3", "40", "500"])
"""Few, so that some come twice."""


@st.composite
def jsonl(draw: st.DrawFn) -> bytes:
    """Lines, blank ones and broken ones among them."""
    good = st.builds(lambda id_, text: json.dumps({"id": id_, "text": text}, ensure_ascii=False), ids, texts)
    lines = draw(st.lists(good | st.sampled_from(["", "  ", "{broken", '{"text": "no id"}', "[1]", "\ufeff{}"])))
    return _joined(draw, ['{"id": "0", "text": "first"}', *lines])


@st.composite
def pubtator(draw: st.DrawFn) -> bytes:
    """Title rows with what may follow them, and rows that do not belong there."""
    text = texts.map(lambda words: words.replace("\u2028", " "))
    title = st.builds("{}|t|{}".format, ids, text)
    row = st.sampled_from(["", "1|a|An abstract.", "1\t0\t1\ta\tChemical\tC1", "junk", "7|t", "\t|t|none", "x\x00|t|y"])
    return _joined(draw, ["0|t|first", *draw(st.lists(title | row))])


@st.composite
def pubmed(draw: st.DrawFn) -> bytes:
    """Records, versions of one PMID among them, and deletions."""
    article = st.builds(
        '<PubmedArticle><MedlineCitation>\n<PMID Version="{}">{}</PMID><Article><ArticleTitle>{}</ArticleTitle>'
        "</Article></MedlineCitation></PubmedArticle>".format,
        st.integers(1, 3),
        ids | st.just("no number"),
        texts.map(escape),
    )
    book = st.builds(
        '<PubmedBookArticle\n><BookDocument><PMID Version="1">{}</PMID><ArticleTitle>{}</ArticleTitle></BookDocument>'
        "</PubmedBookArticle>".format,
        ids,
        texts.map(escape),
    )
    records = draw(st.lists(article | book | st.sampled_from(["\n", "<!-- aside -->", "  \n"])))
    deleted = draw(st.lists(ids))
    pmids = "\n".join(f'<PMID Version="1">{id_}</PMID>' for id_ in deleted)
    head = draw(st.sampled_from(["", '<?xml version="1.0" encoding="utf-8"?>\n', "<!-- <PubmedArticle > -->\n"]))
    body = "".join(records) + (f"<DeleteCitation>\n{pmids}</DeleteCitation>" if deleted else "")
    return f"{head}<PubmedArticleSet\n>\n{body}</PubmedArticleSet>\n<!-- end -->".encode()


@st.composite
def bioc(draw: st.DrawFn) -> bytes:
    """Documents of a collection with its own infons and a document type."""
    document = st.builds(
        '<document><id>{}</id><infon key="a>b">x</infon>\n'
        "<passage><offset>0</offset><text>{}</text></passage></document>".format,
        ids,
        texts.map(escape),
    )
    records = draw(st.lists(document | st.sampled_from(["\n\n", "<document><id>9</id></document >", "<document/>"])))
    head = '<?xml version="1.0"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
    return f"{head}<collection a='x>y'><source>S</source>\n<date/><key/>{''.join(records)}</collection>".encode()


def _joined(draw: st.DrawFn, lines: list[str]) -> bytes:
    """Lines with either line end, with or without a last one, and a byte order mark."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end, end * 3]))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


FORMATS: dict[str, Callable[[], st.SearchStrategy[bytes]]] = {
    "jsonl": jsonl,
    "pubtator": pubtator,
    "pubmed": pubmed,
    "bioc-xml": bioc,
}
