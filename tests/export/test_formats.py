from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name

import pytest

from bran.errors import ConfigError, FormatError
from bran.export.formats import FORMATS, Format, choose_format
from bran.export.run_tables import open_tables


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_every_format_has_its_function_and_is_found(format_: Format) -> None:
    assert callable(resolve_name(format_.writer))
    assert choose_format(Path("any"), format_.name) is format_
    for suffix in format_.suffixes:
        assert choose_format(Path(f"a{suffix}")) is format_


def test_names_and_suffixes_are_of_one_format_each() -> None:
    names = [format_.name for format_ in FORMATS]
    suffixes = [suffix for format_ in FORMATS for suffix in format_.suffixes]
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)


def test_unknown_format_and_suffix_name_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"format 'excel'; expected one of parquet, tsv"):
        choose_format(Path("a.tsv"), "excel")
    with pytest.raises(
        ConfigError, match=r"a\.xlsx: the suffix tells the format; expected one of \.parquet.*--as parquet"
    ):
        choose_format(Path("a.xlsx"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.tsv"
    path.write_text("document\ttype\thead\ttail\n1\tCID\tC\tD\n")
    return path


def test_ending_that_the_format_does_not_take(tmp_path: Path, table: Path) -> None:
    with (
        open_tables(table) as tables,
        pytest.raises(ConfigError, match=r"a\.csv: expected a name that ends in \.tsv, \.tsv\.gz for ctd"),
    ):
        choose_format(tmp_path / "a.csv", "ctd").export(tables, tmp_path / "a.csv")


def test_formats_with_texts_need_a_run(tmp_path: Path, table: Path) -> None:
    texts = Format("story", (".story",), "nowhere:nothing", "whole documents", needs="documents")
    with (
        open_tables(table) as tables,
        pytest.raises(FormatError, match=r"table\.tsv: is a table; story holds texts too"),
    ):
        texts.export(tables, tmp_path / "a.story")
