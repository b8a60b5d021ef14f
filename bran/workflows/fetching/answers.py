"""What the E-utilities answer: a list of PMIDs, and records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated

from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bran.corpus.readers.errors import Strict
from bran.corpus.readers.safe_xml import read_elements
from bran.errors import DataError, NetworkError
from bran.wording import counted

_PMID_PATHS = {"PubmedArticle": "MedlineCitation/PMID", "PubmedBookArticle": "BookDocument/PMID"}
"""The records of a ``PubmedArticleSet``, and where each has its id."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        count: how many records match.
        pmids: the first of them, in the order of the answer.
    """

    count: int
    pmids: tuple[str, ...]


class _Search(BaseModel):
    """The part of ESearch's JSON that is used."""

    model_config = ConfigDict(extra="ignore")

    count: int = Field(ge=0)
    idlist: list[Annotated[str, Field(pattern="^[0-9]+$")]]


def read_search(body: bytes, *, most: int) -> Found:
    """The PMIDs in an answer of ESearch (``retmode=json``) that was asked for ``most`` of them.

    Raises:
        NetworkError: when it is no such answer, or its list is cut; asking again may help.
    """
    try:
        # Not strict: the messages of the search engine hold bare line ends.
        answer = json.loads(body, strict=False)
        result = answer["esearchresult"]
        if "ERROR" in result:
            raise NetworkError("the search fails", retry_after=0.0)
        search = _Search.model_validate(result)
    except (ValueError, KeyError, TypeError, ValidationError, RecursionError):
        raise NetworkError("expected a JSON search result", retry_after=0.0) from None
    expected = min(search.count, most)
    if len(search.idlist) != expected:
        message = f"{counted(len(search.idlist), 'id')} of {counted(search.count, 'record')}; expected {expected} PMIDs"
        raise NetworkError(message, retry_after=0.0)
    return Found(search.count, tuple(search.idlist))


def read_articles(body: bytes) -> dict[str, bytes]:
    """The records in an answer of EFetch (``retmode=xml``): PMID -> its XML elements, UTF-8.

    Several versions of a record stand behind each other. Nothing is loaded from elsewhere.

    Raises:
        NetworkError: when it is no ``PubmedArticleSet``, is cut, or has XML entities; asking again may help.
    """
    records: dict[str, bytes] = {}
    try:
        for element in read_elements(BytesIO(body), _PMID_PATHS, roots=["PubmedArticleSet"], on_error=Strict()):
            pmid = (element.findtext(_PMID_PATHS[element.tag]) or "").strip()
            if not (pmid.isascii() and pmid.isdecimal()):
                raise NetworkError(f"PMID {pmid[:40]!r} of a {element.tag}; expected digits", retry_after=0.0)
            if next(element.iter(etree.Entity), None) is not None:
                raise NetworkError(f"XML entities in record {pmid}; expected none", retry_after=0.0)
            xml = etree.tostring(element, encoding="utf-8", with_tail=False)
            records[pmid] = records.get(pmid, b"") + xml + b"\n"
    except DataError as error:
        raise NetworkError(error.message, retry_after=0.0) from None
    return records
