"""Styles and scripts of pages, put together from the files that ship with the package."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from importlib import resources

_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def read_asset(name: str) -> str:
    """The content of the file ``name`` of ``bran/assets/view``."""
    return (resources.files("bran.assets") / "view" / name).read_text(encoding="utf-8")


def stylesheet(*names: str) -> str:
    """The styles of the files ``names``, in that order."""
    return "\n".join(map(read_asset, names))


def script(*names: str) -> str:
    """The modules ``names`` as one script.

    They are written as ES modules, which a served page loads as they are. Each import stands on a line of its own,
    and no two modules give a name at their top level twice; so that one module remains when imports and the word
    ``export`` are taken away.

    Args:
        names: each after those that it imports from.
    """
    return '"use strict";\n' + "\n".join(_EXPORT.sub("", _IMPORT.sub("", read_asset(name))) for name in names)


def content_policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """A Content Security Policy: these styles and scripts alone, no network, nothing that is embedded.

    Args:
        styles: the content of each ``style`` element.
        scripts: the content of each ``script`` element that runs.
    """
    allowed = [
        "default-src 'none'",
        f"style-src {_hashes(styles)}",
        f"script-src {_hashes(scripts)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(allowed)


def _hashes(texts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
