"""Maths as MathML, made when the site is built: browsers show it by themselves, without a script or a font."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def on_page_content(html: str, **_: Any) -> str:
    """Replace what ``pymdownx.arithmatex`` has marked."""
    html = _BLOCK.sub(lambda match: convert(_plain(match[1]), display="block"), html)
    return _INLINE.sub(lambda match: convert(_plain(match[1])), html)


def _plain(tex: str) -> str:
    """The source of a formula, without spaces by hand that MathML does by itself."""
    return re.sub(r"\\!", "", unescape(tex)).strip()
