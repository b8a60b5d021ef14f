from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from bran.corpus.readers.errors import ErrorLog, Strict
from bran.corpus.readers.safe_xml import flat_text, raw_text, read_elements, root_name
from bran.errors import FormatError
from tests.streams import stream_of


def texts(source: Path | bytes, log: ErrorLog | None = None) -> list[str]:
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    return [flat_text(element) for element in read_elements(stream, ["r"], roots=["set"], on_error=log or Strict())]


def test_each_element_comes_whole_and_in_order() -> None:
    assert texts(b"<set><r>1</r><other><r>2<b> and</b> more</r></other>\n<r/></set>") == ["1", "2 and more", ""]


def test_files_and_streams_may_be_gzipped(tmp_path: Path) -> None:
    packed = gzip.compress(b"<set><r>1</r></set>")
    path = tmp_path / "file.xml"
    path.write_bytes(packed)
    assert texts(path) == texts(packed) == ["1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_used(encoding: str) -> None:
    assert texts(f'<?xml version="1.0" encoding="{encoding}"?><set><r>naïve é</r></set>'.encode(encoding)) == [
        "naïve é"
    ]


def test_a_byte_order_mark_and_comments_are_no_text() -> None:
    assert texts(b"\xef\xbb\xbf<set><r>a<!-- not this -->b<?nor this?></r></set>") == ["ab"]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE set PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed.dtd">',
        "<!DOCTYPE set SYSTEM 'BioC.dtd'>",
        "<!DOCTYPE set [<!ELEMENT set ANY>]>",
    ],
)
def test_a_document_type_is_fine(doctype: str) -> None:
    assert texts(f"<?xml version='1.0'?>{doctype}<set><r>1</r></set>".encode()) == ["1"]


def test_a_document_type_beside_the_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local.dtd").write_text('<!ENTITY alpha "from the file">')
    monkeypatch.chdir(tmp_path)
    assert texts(b'<!DOCTYPE set SYSTEM "local.dtd"><set><r>TNF-&alpha;&amp;&#946;</r></set>') == ["TNF-α&β"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "billion laughs": f'<!DOCTYPE set [<!ENTITY l0 "ha">{LAUGHS}]><set><r>&l9;</r></set>',
    "laughs in an attribute": f'<!DOCTYPE set [<!ENTITY l0 "ha">{LAUGHS}]><set><r a="&l9;"/></set>',
    "external entity": '<!DOCTYPE set [<!ENTITY x SYSTEM "SECRET">]><set><r>&x;</r></set>',
    "external parameter entity": '<!DOCTYPE set [<!ENTITY % p SYSTEM "SECRET"> %p;]><set><r>1</r></set>',
    "an entity that is not used": '<!DOCTYPE set [<!ENTITY x "y">]><set><r>1</r></set>',
    "behind a comment": '<!-- <set> --><!DOCTYPE set [<!-- ]> --><!ENTITY x "y">]><set><r>&x;</r></set>',
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("case", BOMBS)
def test_entities_are_refused_and_nothing_is_opened(case: str, encoding: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("<!ELEMENT set ANY> do not read")
    log = ErrorLog()
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    assert texts((declaration + BOMBS[case].replace("SECRET", secret.as_uri())).encode(encoding), log) == []
    assert [error.message for error in log.skipped] == [
        "declares entities; expected a document type without <!ENTITY, or none"
    ]


def test_an_entity_hidden_by_its_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not XML at all")
    hidden = "+ADwAIQ-ENTITY % p SYSTEM '{}'> %p;".format((tmp_path / "secret").as_uri())
    with pytest.raises(FormatError) as caught:
        texts(f'<?xml version="1.0" encoding="UTF-7"?><!DOCTYPE set [{hidden}]><set><r>1</r></set>'.encode())
    assert "not XML" not in str(caught.value)


def test_a_prolog_without_end_is_refused() -> None:
    with pytest.raises(FormatError, match="no element in the first 65536 bytes; expected set"):
        texts(b"<!DOCTYPE set [" + b"<!ELEMENT a ANY>" * 5000 + b"]><set/>")


def test_a_text_of_5_million_characters_is_read_but_not_one_of_11() -> None:
    assert len(texts(b"<set><r>" + b"word " * 1_000_000 + b"</r></set>")[0]) == 4_999_999
    log = ErrorLog()
    assert texts(b"<set><r>1</r><r>" + b"word " * 2_200_000 + b"</r><r>3</r></set>", log) == ["1"]
    assert [error.place.path for error in log.skipped] == ["stream"]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        (b"<set><r>1</r>\n<r>2</r>\n<r>3", 3),
        (b"<set><r>1</r>\n<r>2</r>\n<r>&#xD800;</r></set>", 3),
        (b"<set><r>1</r>\n<r>2</r>\n<r>\x0b</r></set>", 3),
        (b"<set><r>1</r>\n<r>2</r>\n<r>\xff</r></set>", 3),
        (b"<set><r>1</r>\n<r>2</r>\n\n</wrong><r>3</r></set>", 4),
        (b"<set>" + b"<r>1</r>\n" + b"<r>2</r>" + b"\n" * 70_000 + b"<r>3", 70_002),
    ],
)
def test_what_stands_before_the_break_is_read_and_the_break_told_once(broken: bytes, line: int) -> None:
    log = ErrorLog()
    assert texts(broken, log) == ["1", "2"]
    assert [(error.place.path, error.place.line) for error in log.skipped] == [("stream", line)]
    assert "expected well-formed XML" in log.skipped[0].message


def test_what_a_broken_gzip_file_still_holds_is_read() -> None:
    packed = gzip.compress(b"<set><r>1</r>" + b"<r>two</r>" * 50)
    log = ErrorLog()
    assert texts(packed[:-9], log)[:2] == ["1", "two"]
    assert "cannot be read on" in log.skipped[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  ", "expected"),
        (b"no markup", "expected well-formed XML"),
        (b"<html><r>1</r></html>", "root element 'html'; expected set"),
        (b'<?xml version="1.0" encoding="no-such"?><set/>', "expected well-formed XML"),
    ],
)
def test_what_is_no_such_xml_is_told(content: bytes, message: str) -> None:
    log = ErrorLog()
    assert texts(content, log) == []
    assert len(log.skipped) == 1
    assert message in log.skipped[0].message


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be opened"):
        texts(tmp_path / "missing.xml")


def test_elements_that_were_read_leave_the_tree() -> None:
    pieces = (b"<r><a>%d</a><b>text</b></r>\n" % number for number in range(20_000))
    stream = stream_of([b"<set>", *pieces, b"</set>"])
    largest = count = 0
    for element in read_elements(stream, ["r"], roots=["set"], on_error=Strict()):
        count += 1
        largest = max(largest, len(element.getparent()))
    assert count == 20_000
    # A chunk of 64 KiB holds fewer than 3,000 of them.
    assert largest < 3_000


def test_raw_text_keeps_its_white_space() -> None:
    element = next(
        read_elements(io.BytesIO(b"<set><r> a\n<i>b</i>\tc </r></set>"), ["r"], roots=["set"], on_error=Strict())
    )
    assert raw_text(element) == " a\nb\tc "


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<set/>", "set"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!DOCTYPE set SYSTEM 'x'><!-- <no> --><set a='1'>", "set"),
        (b"<!DOCTYPE set [<!ELEMENT a ANY>]><set>", "set"),
        ("<?xml version='1.0' encoding='utf-16'?><set>".encode("utf-16"), "set"),
        (b"1|t|<b>", None),
        (b"{}", None),
        (b"", None),
    ],
)
def test_the_root_is_told_by_the_first_bytes(head: bytes, name: str | None) -> None:
    assert root_name(head) == name
