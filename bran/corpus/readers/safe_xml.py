"""XML from anywhere, read element by element: nothing is fetched, no entity is expanded, memory stays constant.

libxml2 bounds the depth of elements and the length of a text (10 million bytes); on top of that every external
resource (a DTD included) is answered with nothing, and a document type that declares entities is refused. A
document type as such is fine: PubMed and BioC files carry one.
"""

from __future__ import annotations

import gzip
import html
import re
import zlib
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from lxml import etree

from bran.corpus.readers.errors import ErrorHandler
from bran.errors import DataError, FormatError, Place
from bran.files import open_source, read_head, rewound, source_name

Element: TypeAlias = Any
"""An ``lxml.etree._Element``; lxml has no types of its own."""

_ENTITIES = "declares entities; expected a document type without <!ENTITY, or none"
_CHUNK = 1 << 16
_GZIP_MAGIC = b"\x1f\x8b"
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_NOT_ELEMENTS = re.compile(
    rb"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!DOCTYPE[^>\[]*(?:\[.*?(?:\]\s*>|\Z)|>|\Z)", re.DOTALL
)


class _Nothing(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """Answers every request for a file or address with an empty document."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        return self.resolve_empty(context)


def root_name(head: bytes) -> str | None:
    """The name of the root element in the first bytes of an XML document, in whatever encoding; else ``None``."""
    markup = _NOT_ELEMENTS.sub(b"", head.replace(b"\0", b"")).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    match = _ROOT.match(markup)
    return match[1].decode() if match else None


def read_elements(
    source: str | Path | BinaryIO, tags: Collection[str], *, roots: Collection[str], on_error: ErrorHandler
) -> Iterator[Element]:
    """Every element of ``source`` with one of ``tags``, whole, in order; it is emptied once the next is asked for.

    Args:
        source: a path, or a binary stream; plain or gzipped.
        tags: names of the elements; none of them within another.
        roots: what the root element may be.
        on_error: is told, once, where the document breaks off; elements before that place have been given.
    """
    name = source_name(source)
    try:
        with open_source(source) as stream:
            yield from _elements(_chunks(stream, name), tags, roots, name)
    except DataError as error:
        on_error.skip(error)


def flat_text(element: Element | None) -> str:
    """:func:`raw_text`, white space made single spaces; empty for ``None``."""
    return "" if element is None else " ".join(raw_text(element).split())


def raw_text(element: Element) -> str:
    """The text of ``element`` without its markup.

    Entities that only an external document type declares (``&alpha;``) are taken to be those of HTML.
    """
    return "".join(_texts(element)) if len(element) else element.text or ""


def _texts(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag is etree.Entity:
            yield html.unescape(child.text)
        else:
            yield from _texts(child)
        yield child.tail or ""


def _chunks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of ``stream``, unpacked; the first piece is as long as what is checked before all else.

    Raises:
        FormatError: when it is empty or cannot be read to its end.
    """
    start, whole = rewound(stream, len(_GZIP_MAGIC), name)
    unpacked: Any = gzip.GzipFile(fileobj=whole, mode="rb") if start == _GZIP_MAGIC else whole
    try:
        if head := read_head(unpacked, _CHUNK):
            yield head
        # read1 gives what there is before it raises.
        yield from iter(lambda: unpacked.read1(_CHUNK), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"cannot be read on: {error}; expected a whole file", Place(name)) from None


def _elements(chunks: Iterator[bytes], tags: Collection[str], roots: Collection[str], name: str) -> Iterator[Element]:
    head = next(chunks, b"")
    _check_prolog(head, roots, name)
    parser = _parser(("end",), tags)
    for chunk in chain([head], chunks):
        broken = _fed(parser, chunk)
        for _, element in parser.read_events():
            yield element
            _free(element)
        if broken is not None:
            raise _placed(broken, name)
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _placed(error, name) from None


def _check_prolog(head: bytes, roots: Collection[str], name: str) -> None:
    """Look at what stands before the root element.

    Raises:
        FormatError: when it declares entities, the root is none of ``roots``, or ``head`` does not reach it.
    """
    if not head:
        raise FormatError("is empty; expected XML", Place(name))
    # libxml2 must not even see a parameter entity: it asks for its file at once.
    if b"<!DOCTYPE" in (ascii_head := head.replace(b"\0", b"")) and b"<!ENTITY" in ascii_head:
        raise FormatError(_ENTITIES, Place(name))
    parser = _parser(("start",))
    broken = _fed(parser, head)
    _, root = next(parser.read_events(), (None, None))
    if root is None:
        if broken is not None:
            raise _placed(broken, name)
        raise FormatError(f"no element in the first {len(head)} bytes; expected {' or '.join(roots)}", Place(name))
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is not None and any(True for _ in document_type.iterentities()):
        raise FormatError(_ENTITIES, Place(name))
    if root.tag not in roots:
        raise FormatError(f"root element {root.tag!r}; expected {' or '.join(roots)}", Place(name, root.sourceline))


def _fed(parser: Any, data: bytes) -> Exception | None:
    """Parse ``data``; what went wrong, if anything. Elements before that place can still be taken."""
    try:
        parser.feed(data)
    except (etree.XMLSyntaxError, UnicodeError, LookupError) as error:
        return error
    return None


def _placed(error: Exception, name: str) -> FormatError:
    line = getattr(error, "lineno", None)
    message = str(getattr(error, "msg", None) or error).strip().replace("\n", " ")
    return FormatError(f"{message}; expected well-formed XML", Place(name, line or None))


def _free(element: Element) -> None:
    """Empty ``element`` and take what stands before it out of the tree, so that the tree does not grow."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _parser(events: tuple[str, ...], tags: Collection[str] | None = None) -> Any:
    parser = etree.XMLPullParser(
        events=events,
        tag=tags,
        load_dtd=False,
        no_network=True,
        resolve_entities=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    parser.resolvers.add(_Nothing())
    return parser
