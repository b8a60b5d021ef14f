from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pytest

from bran.errors import ConfigError
from bran.view.plots.curves import curves
from bran.view.plots.files import png, svg, write_both, write_figure
from bran.view.plots.style import COLOURS, line_style, styled

LINES = {"a": [(1.0, 2.0), (2.0, 3.0)]}


def test_a_figure_as_both_formats(tmp_path: Path) -> None:
    figure = curves(LINES, x="x", y="y")
    files = write_both(figure, tmp_path / "figures", "curve")
    assert [path.name for path in files] == ["curve.svg", "curve.png"]
    assert files[0].read_text(encoding="utf-8") == svg(figure) + "\n"
    assert files[1].read_bytes() == png(figure)
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert b"Software" not in files[1].read_bytes()


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"curve\.pdf: the suffix tells the format; expected one of \.svg, \.png"):
        write_figure(curves(LINES, x="x", y="y"), tmp_path / "curve.pdf")
    assert not list(tmp_path.iterdir())


def test_the_settings_of_the_user_change_nothing() -> None:
    before = svg(curves(LINES, x="x", y="y"))
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 20, "svg.hashsalt": "other"}):
        assert svg(curves(LINES, x="x", y="y")) == before
        assert mpl.rcParams["font.size"] == 20


def test_lines_are_told_apart() -> None:
    looks = [tuple(line_style(number).values()) for number in range(4 * len(COLOURS))]
    assert len(set(looks)) == len(looks)
    for one, next_one in pairwise(looks):
        assert one[0] != next_one[0]
        assert one[1] != next_one[1]  # without hue alone


def test_a_styled_function_keeps_its_name() -> None:
    @styled
    def draw() -> str:
        """Says so."""
        return str(mpl.rcParams["svg.hashsalt"])

    assert (draw(), draw.__name__, draw.__doc__) == ("bran", "draw", "Says so.")
