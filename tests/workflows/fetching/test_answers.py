"""What is read of the server's answers, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bran.errors import NetworkError
from bran.workflows.fetching.answers import Found, read_articles, read_search
from tests.eutils import article, article_set, search_result

BOMB = (
    '<!DOCTYPE PubmedArticleSet [<!ENTITY a "tremor"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<PubmedArticleSet>{}</PubmedArticleSet>"
)
EXTERNAL = (
    '<!DOCTYPE PubmedArticleSet [<!ENTITY x SYSTEM "file:///etc/hostname">]><PubmedArticleSet>{}</PubmedArticleSet>'
)


def test_a_search() -> None:
    assert read_search(search_result(["7", "5"]), most=10) == Found(2, ("7", "5"))
    assert read_search(search_result(["7", "5"], count=30), most=2) == Found(30, ("7", "5"))
    assert read_search(search_result([]), most=2) == Found(0, ())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "expected a JSON search result"),
        (b"<html>busy</html>", "expected a JSON search result"),
        (b"[]", "expected a JSON search result"),
        (b"null", "expected a JSON search result"),
        (b"[" * 100_000, "expected a JSON search result"),
        (b"\xff\xfe{}", "expected a JSON search result"),
        (b'{"error":"API rate limit exceeded"}', "expected a JSON search result"),
        (b'{"esearchresult":{"count":"x","idlist":[]}}', "expected a JSON search result"),
        (search_result(["1", "2"])[:-9], "expected a JSON search result"),
        (b'{"esearchresult":{"ERROR":"Search Backend failed:\n retry"}}', "the search fails"),
        (search_result(["1"], count=2), "1 id of 2 records; expected 2 PMIDs"),
        (search_result(["1", "b"]), "expected a JSON search result"),
        (search_result(["1", "१२"]), "expected a JSON search result"),
    ],
)
def test_searches_that_may_be_asked_again(body: bytes, message: str) -> None:
    with pytest.raises(NetworkError, match=message) as error:
        read_search(body, most=10)
    assert error.value.retry_after == 0.0


def test_records_by_pmid() -> None:
    book = "<PubmedBookArticle><BookDocument><PMID Version='1'>9</PMID></BookDocument></PubmedBookArticle>"
    formula = 'of <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mi>x</mml:mi></mml:math> &lt; 5 &#945;'
    records = read_articles(article_set(article("7"), article("8", formula), article("7", "Again.", version=2), book))
    assert sorted(records) == ["7", "8", "9"]
    assert records["7"].count(b"<PubmedArticle>") == 2
    assert "β-cells" in records["7"].decode()
    title = etree.fromstring(records["8"]).find(".//ArticleTitle")
    assert "".join(title.itertext()) == "of x < 5 α"


def test_a_set_without_records() -> None:
    assert read_articles(article_set()) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is empty; expected XML"),
        (b"busy", "no element in the first 4 bytes; expected PubmedArticleSet"),
        (b'{"error":"API rate limit exceeded"}', "expected well-formed XML"),
        (b"\xff" * 9, "expected well-formed XML"),
        (b"<html/>", "root element 'html'; expected PubmedArticleSet"),
        (article_set(article("7"))[:-30], "expected well-formed XML"),
        (article_set(article("7"))[:-5], "expected well-formed XML"),
        (BOMB.format(article("7", "&b;")).encode(), "declares entities"),
        (EXTERNAL.format(article("7", "&x;")).encode(), "declares entities"),
        (EXTERNAL.format(article("7")).encode(), "declares entities"),
        (article_set(article("7", "&eacute;")), "XML entities in record 7; expected none"),
        (article_set(article("seven")), "PMID 'seven' of a PubmedArticle; expected digits"),
        (article_set("<PubmedArticle/>"), "PMID '' of a PubmedArticle; expected digits"),
    ],
)
def test_records_that_may_be_asked_again(body: bytes, message: str) -> None:
    with pytest.raises(NetworkError, match=message) as error:
        read_articles(body)
    assert error.value.retry_after == 0.0


WHOLE = {read_articles: article_set(article("7"), article("8")), read_search: search_result(["7", "8"])}


@given(
    st.sampled_from([(read, body) for read, body in WHOLE.items()]),
    st.integers(0, 600),
    st.integers(0, 60),
    st.binary(max_size=12),
)
def test_a_damaged_answer_raises_nothing_else(chosen: tuple, start: int, cut: int, put: bytes) -> None:
    read, body = chosen
    damaged = body[:start] + put + body[start + cut :]
    try:
        result = read(damaged) if read is read_articles else read(damaged, most=10)
    except NetworkError:
        return
    if read is read_articles:
        assert all(etree.fromstring(b"<set>" + record + b"</set>") is not None for record in result.values())
    else:
        assert all(pmid.isdecimal() for pmid in result.pmids)
