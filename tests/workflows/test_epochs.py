from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import FormatError
from bran.workflows.epochs import EpochFile, read_epochs


def test_an_epoch_is_written_once_however_often_a_fit_starts(tmp_path: Path) -> None:
    path = tmp_path / "fold-1" / "epochs.jsonl"
    first = EpochFile(path)
    assert first.add({"pair_loss": 0.5}, 1)
    assert first.add({"pair_loss": 0.4}, 2)
    again = EpochFile(path)
    assert again.add({"pair_loss": 9.0}, 2) is None
    assert again.add({"pair_loss": 0.3}, 3)
    assert [(epoch.epoch, epoch.metrics) for epoch in read_epochs(path)] == [
        (1, {"pair_loss": 0.5}),
        (2, {"pair_loss": 0.4}),
        (3, {"pair_loss": 0.3}),
    ]


def test_a_line_that_a_kill_has_cut_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "epochs.jsonl"
    EpochFile(path).add({"pair_loss": 0.5}, 1)
    EpochFile(path).add({"pair_loss": 0.4}, 2)
    path.write_text(path.read_text()[:-9])
    assert [epoch.epoch for epoch in read_epochs(path)] == [1]  # reading changes nothing
    assert EpochFile(path).add({"pair_loss": 0.4}, 2)
    assert [epoch.epoch for epoch in read_epochs(path)] == [1, 2]


def test_what_is_no_epoch_is_named(tmp_path: Path) -> None:
    path = tmp_path / "epochs.jsonl"
    path.write_text('{"epoch": 1, "time": 0, "metrics": {}}\n{"epoch": "x"}\n')
    with pytest.raises(FormatError, match=r"epochs\.jsonl.*2.*expected what `bran train` writes of an epoch"):
        read_epochs(path)
