from __future__ import annotations

import gzip
import io
import stat
import sys
from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.files import (
    atomic_write,
    atomic_write_binary,
    file_stem,
    open_binary,
    open_source,
    open_text,
    read_head,
    read_lines,
    rewound,
)


def test_gzip_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    packed = tmp_path / "plain.txt"
    packed.write_bytes(gzip.compress(b"one\ntwo\n"))
    plain = tmp_path / "packed.gz"
    plain.write_bytes(b"one\ntwo\n")
    assert list(read_lines(packed)) == list(read_lines(plain)) == [(1, b"one"), (2, b"two")]
    with open_text(packed) as text, open_binary(plain) as binary:
        assert text.read().encode() == binary.read()


def test_only_a_line_feed_ends_a_line() -> None:
    stream = io.BytesIO("\ufeffone\r\ntwo\rstill two\u2028\x85still two\r\r\n\nlast".encode())
    expected = [(1, "one"), (2, "two\rstill two\u2028\x85still two\r"), (3, ""), (4, "last")]
    assert [(number, line.decode()) for number, line in read_lines(stream)] == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x7fELF\x00\x01", "is binary"),
        (gzip.compress(b"line\n" * 999, mtime=0)[:-20], "whole file"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "input.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        list(read_lines(path))
    assert caught.value.place.path == str(path)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a directory; expected a file"):
        list(read_lines(tmp_path))
    with pytest.raises(FormatError, match=r"absent\.txt: cannot be opened"):
        list(read_lines(tmp_path / "absent.txt"))


@pytest.mark.parametrize("content", [b"caf\xe9\n", gzip.compress(b"line\n" * 999, mtime=0)[:-20]])
def test_text_that_breaks_while_it_is_read_names_its_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "input.txt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"input\.txt: "), open_text(path) as text:
        text.read()


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    with atomic_write(path) as stream:
        stream.write("naïve\n")
        assert not path.exists()
    assert path.read_bytes() == "naïve\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_the_umask_rules_who_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with atomic_write(tmp_path / "ours") as stream:
        stream.write("x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "ours")}
    assert len(modes) == 1


@pytest.mark.parametrize("name", ["out.txt", "out.txt.gz"])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_leaves_what_was_there(tmp_path: Path, name: str, interruption: type[BaseException]) -> None:
    path = tmp_path / name
    path.write_text("before")

    def write_half() -> None:
        with atomic_write(path) as stream:
            stream.write("half")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_compressed_output_is_reproducible(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with atomic_write_binary(tmp_path / name) as stream:
            stream.write(b"same bytes")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"same bytes"


def test_an_absent_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be written"), atomic_write(tmp_path / "absent" / "out.txt"):
        pass


class Pipe(io.BytesIO):
    """Cannot go back, and gives little at a time."""

    name = "<pipe>"

    def seekable(self) -> bool:
        return False

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(3, size or 3))


@pytest.mark.parametrize("packed", [False, True])
def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    pipe = Pipe(gzip.compress(b"one\ntwo\n") if packed else b"one\ntwo\n")
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
    assert list(read_lines("-")) == [(1, b"one"), (2, b"two")]
    assert not pipe.closed
    with pytest.raises(FormatError, match="stdin: is empty"), open_binary("-"):
        pass


def test_what_was_looked_at_is_read_again() -> None:
    content = bytes(range(256)) * 100
    head, stream = rewound(Pipe(content), 1000, "name")
    assert head == content[:1000]
    assert (stream.read(10), stream.read(), stream.read()) == (content[:10], content[10:], b"")
    assert stream.name == "name"
    assert rewound(io.BytesIO(b"ab"), 1000, "name")[0] == b"ab"


def test_the_head_of_a_broken_file_is_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(b"line\n" * 9)[:-9])
    with open_binary(path) as stream:
        assert read_head(stream, 1000).startswith(b"line\nline\n")
    with pytest.raises(FormatError, match=r"cut\.gz: cannot be read on"), open_source(path) as stream:
        stream.read()


def test_a_stream_is_left_as_it_is() -> None:
    given = io.BytesIO(b"x")
    with open_source(given) as stream:
        assert stream is given
    assert not given.closed
    with pytest.raises(FormatError, match="<pipe>: cannot be read on"), open_source(Pipe()):
        raise EOFError


@pytest.mark.parametrize(
    ("path", "stem"), [("a/b.c.txt.gz", "b.c"), ("x", "x"), ("<stdin>", "stdin"), ("", "document"), (".gz", "document")]
)
def test_what_documents_are_called_after(path: str, stem: str) -> None:
    assert file_stem(path) == stem
