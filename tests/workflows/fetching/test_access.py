"""Which servers are asked, and what they are told."""

from __future__ import annotations

import pytest

from bran.errors import ConfigError
from bran.workflows.fetching.access import NCBI, Access


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        (NCBI, "eutils.ncbi.nlm.nih.gov-entrez-eutils"),
        ("https://mirror.example.org/eutils/", "mirror.example.org-eutils"),
        ("http://127.0.0.1:8000/eutils", "127.0.0.1-8000-eutils"),
        ("http://localhost:8000", "localhost-8000"),
        ("http://[::1]:8000/a/../b", "1-8000-a-..-b"),
    ],
)
def test_servers_and_their_file_names(base_url: str, name: str) -> None:
    assert Access(base_url, email="me@example.org", api_key="0123456789abcdef").name == name
    assert "/" not in name


@pytest.mark.parametrize(
    ("base_url", "message"),
    [
        ("http://eutils.ncbi.nlm.nih.gov/entrez/eutils", "plain HTTP to another machine; expected https"),
        ("http://127.0.0.1.example.org/", "plain HTTP to another machine; expected https"),
        ("http://10.0.0.1/eutils", "plain HTTP to another machine; expected https"),
        ("ftp://127.0.0.1/", "expected https://HOST/PATH"),
        ("file:///etc/hosts", "expected https://HOST/PATH"),
        ("eutils.ncbi.nlm.nih.gov", "expected https://HOST/PATH"),
        ("", "expected https://HOST/PATH"),
        ("https://[::1", "not a URL"),
        ("https://host:port/", "not a URL"),
        ("https://user:secret@example.org/", "expected neither user, password nor query"),
        ("https://example.org/?api_key=1", "expected neither user, password nor query"),
    ],
)
def test_servers_that_are_not_asked(base_url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        Access(base_url, email="me@example.org")
    assert "secret" not in str(error.value)


def test_ncbi_wants_an_address() -> None:
    with pytest.raises(ConfigError, match="expected --email or NCBI_EMAIL"):
        Access()
    assert Access("https://mirror.example.org").email is None
    with pytest.raises(ConfigError, match="e-mail address 'me'; expected name@host"):
        Access(email="me")


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_time_limits_are_positive(timeout: float) -> None:
    with pytest.raises(ConfigError, match="expected more than 0 seconds"):
        Access(email="me@example.org", timeout=timeout)


def test_what_a_request_says_of_the_one_who_asks() -> None:
    plain = Access(email="me@example.org")
    assert plain.parameters() == {"tool": "bran", "email": "me@example.org"}
    assert plain.requests_per_second == 3
    keyed = Access(email="me@example.org", api_key="0123456789abcdef")
    assert keyed.parameters() == {**plain.parameters(), "api_key": "0123456789abcdef"}
    assert keyed.requests_per_second == 10
    assert keyed.url("efetch") == "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi"


def test_the_key_is_in_no_text() -> None:
    access = Access(email="me@example.org", api_key="0123456789abcdef")
    assert "0123456789abcdef" not in repr(access)
    assert access.redact("key 0123456789abcdef") == "key ***"
