from __future__ import annotations

from pathlib import Path

from bran.tagging.lexicon_tables import Entry, KeyTable, NameBlocks, write_names


def test_names_by_number_over_several_blocks(tmp_path: Path) -> None:
    names = [f"name {number} β" for number in range(3000)]
    write_names(tmp_path / "names.bin", names)
    blocks = NameBlocks.load(tmp_path / "names.bin")
    assert [blocks[number] for number in (0, 1023, 1024, 2999)] == [names[number] for number in (0, 1023, 1024, 2999)]


def test_entries_come_back_as_they_were_saved(tmp_path: Path) -> None:
    entries = {
        "gout": [Entry(7, 1, 0, firm=3, weak=70_000)],
        "pb": [Entry(1, 0, 1), Entry(2, 0, 2, weak=5), Entry(3, 1, 2)],
        "β": [Entry(200_000, 0, 0)],
    }
    KeyTable.build(entries).save(tmp_path, "light")
    table = KeyTable.load(tmp_path, "light")
    assert table.entries("pb") == tuple(entries["pb"])
    assert table.entries("gout") == (Entry(7, 1, 0, firm=3, weak=65_535),)
    assert table.entries("β") == tuple(entries["β"])
    assert table.entries("absent") == ()


def test_rows_of_a_type() -> None:
    rows = KeyTable.build({"gout": [Entry(7, 1, 0)], "pb": [Entry(1, 0, 1), Entry(3, 1, 2, firm=2)]}).rows(1)
    assert sorted(zip(rows.concepts.tolist(), rows.firm.tolist(), strict=True)) == [(3, 2.0), (7, 0.0)]
