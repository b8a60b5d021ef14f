"""What a PubMed record says beside its text."""

from __future__ import annotations

import re
from typing import Any

from bran.corpus.readers.safe_xml import Element, flat_text

_YEAR = re.compile(r"[12][0-9]{3}")
_NUMBER = re.compile("[0-9]{1,9}")
_DATES = (
    "Journal/JournalIssue/PubDate/Year",
    "Journal/JournalIssue/PubDate/MedlineDate",
    "ArticleDate/Year",
    "Book/PubDate/Year",
    "ContributionDate/Year",
)
_JOURNALS = ("Journal/ISOAbbreviation", "Journal/Title", "Book/BookTitle")
_RETRACTED = "Retracted Publication"


def record_meta(record: Element, citation: Element, article: Element) -> dict[str, Any]:
    """The ``Document.meta`` of a record: what it does not say has no key.

    Args:
        record: a ``PubmedArticle`` or ``PubmedBookArticle``.
        citation: its ``MedlineCitation`` or ``BookDocument``.
        article: the element that holds title and abstract.
    """
    version = citation.find("PMID").get("Version", "1")
    found = {
        "version": int(version) if _NUMBER.fullmatch(version) else 1,
        "year": _year(article),
        "journal": flat_text(citation.find("MedlineJournalInfo/MedlineTA")) or _first(article, _JOURNALS),
        "language": " ".join(flat_text(language) for language in article.iterfind("Language")),
        "doi": _doi(record, article),
        "mesh": _ids(citation.find("MeshHeadingList"), "DescriptorName"),
        "chemicals": _ids(citation.find("ChemicalList"), "NameOfSubstance"),
        "vernacular_title": flat_text(article.find("VernacularTitle")),
        "retracted": _is_retracted(article.find("PublicationTypeList")),
    }
    return {key: value for key, value in found.items() if value}


def _first(element: Element, paths: tuple[str, ...]) -> str:
    return next(filter(None, (flat_text(element.find(path)) for path in paths)), "")


def _year(article: Element) -> int | None:
    found = _YEAR.search(_first(article, _DATES))
    return int(found[0]) if found else None


def _doi(record: Element, article: Element) -> str:
    for element in article.iterfind("ELocationID"):
        if element.get("EIdType") == "doi" and element.get("ValidYN") != "N":
            return flat_text(element)
    ids = record.iterfind("PubmedData/ArticleIdList/ArticleId")
    return next((flat_text(id_) for id_ in ids if id_.get("IdType") == "doi"), "")


def _is_retracted(types: Element | None) -> bool:
    return types is not None and any(flat_text(type_) == _RETRACTED for type_ in types)


def _ids(entries: Element | None, tag: str) -> tuple[str, ...]:
    """The MeSH ids of the elements called ``tag`` in a list."""
    found = () if entries is None else entries.iter(tag)
    return tuple(f"MESH:{id_}" for element in found if (id_ := element.get("UI")))
