"""Files of arrays and one entry: their bytes never change, and what is not one of them is told in one line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bran.encoding.cue_scores import CueScores
from bran.encoding.cues import EDITION
from bran.encoding.knowledge import Knowledge
from bran.encoding.packed_arrays import Packed, pack, unpacked
from bran.errors import ModelError

MODEL = Path(__file__).parents[2] / "bran" / "assets" / "models" / "cdr"
NUMBERS = np.arange(3, dtype=np.int32)


@pytest.mark.parametrize(("kind", "name"), [(Knowledge, "knowledge"), (CueScores, "cues")])
def test_the_files_of_the_bundled_model_are_written_again_byte_by_byte(tmp_path: Path, kind: type, name: str):
    content = (MODEL / f"{name}.safetensors").read_bytes()
    read: Packed = kind.load(MODEL / f"{name}.safetensors")
    read.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == content
    assert read.hash == hashlib.sha256(content).hexdigest()[:12]


def test_arrays_and_entry_are_read_again(tmp_path: Path):
    (tmp_path / "file").write_bytes(pack({"numbers": NUMBERS}, entry="what", said={"of": ["a", "b"]}))
    with unpacked(tmp_path / "file", entry="what", writer="bran train") as (said, array):
        assert said == {"of": ["a", "b"]}
        np.testing.assert_array_equal(array("numbers"), NUMBERS)
        assert array("numbers").dtype == np.int32


def test_a_file_of_something_else_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "file").write_bytes(pack({"numbers": NUMBERS}, entry="kinds", said=["causes"]))
    with pytest.raises(ModelError, match=r"file: cannot be read .*; expected what `bran train` writes"):
        CueScores.load(tmp_path / "file")
    with pytest.raises(ModelError, match=r"file: cannot be read .*; expected what `bran knowledge build` writes"):
        Knowledge.load(tmp_path / "file")


def test_settings_that_do_not_hold_are_told_in_one_line(tmp_path: Path):
    said = {"edition": EDITION, "config": {"buckets": "many", "folds": -1}, "types": ["CID"]}
    (tmp_path / "file").write_bytes(pack({}, entry="cues", said=said))
    with pytest.raises(ModelError, match=r"file: cannot be read .*buckets.*; expected what `bran train`") as caught:
        CueScores.load(tmp_path / "file")
    assert "\n" not in str(caught.value)
