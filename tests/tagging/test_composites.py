from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.tagging.composites import FILE, read_composites, readings, write_composites
from bran.tagging.lexicon_uses import AnnotatedCorpus, Uses
from tests.names import gold_documents


@pytest.mark.parametrize(
    ("surface", "reading"),
    [
        ("breast and ovarian cancer", ("breast cancer", "ovarian cancer")),
        ("lung, liver or kidney disease", ("lung disease", "liver disease", "kidney disease")),
        ("cancer of the lung and liver", ("cancer of the lung", "cancer of the liver")),
        ("hepatitis A/B", ("hepatitis A", "hepatitis B")),
        ("chorea and athetosis", ("chorea", "athetosis")),
        ("renal and/or hepatic failure", ("renal failure", "hepatic failure")),
    ],
)
def test_readings(surface: str, reading: tuple[str, ...]) -> None:
    assert reading in list(readings(surface))


@pytest.mark.parametrize("surface", ["tremor", "", "and", ", , ,", "a, b, c, d, e, f, g, h, i"])
def test_no_coordination(surface: str) -> None:
    assert list(readings(surface)) == []


def test_composites_that_people_annotated(tmp_path: Path) -> None:
    write_composites(tmp_path, Uses.count([AnnotatedCorpus(gold_documents(), gold=True)]))
    assert read_composites(tmp_path) == {("hc", "Disease"): ("MESH:D000013", "MESH:D000014")}


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("hc\tDisease\n", encoding="utf-8")
    with pytest.raises(FormatError, match=f"{FILE}:1: row 'hc"):
        read_composites(tmp_path)
