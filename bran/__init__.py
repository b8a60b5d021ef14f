"""Document-level biomedical relation extraction: abstracts in, relation tables out.

``bran.load()`` gives a model: ``model(text)`` is a document with its mentions and relations. What the names below
stand for is imported when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module as _import_module

__version__ = "0.1.0"

_PLACES = {
    "Document": "bran.corpus.document",
    "Pipeline": "bran.workflows.pipeline",
    "load": "bran.workflows.pipeline",
    "read_documents": "bran.corpus.readers",
}
"""Where public names are defined. ``__init__.pyi`` tells type checkers the same."""

__all__ = ["Document", "Pipeline", "__version__", "load", "read_documents"]


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
