"""``bran knowledge``: tables in, a folder out, pairs looked up in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bran.cli.main import app

# D012640 (Seizures) is a disease of the MeSH tree that ships, D008012 (Lidocaine) is not.
ROWS = (
    "\n".join(f"{pmid}\tmarker/mechanism\tMESH:D012640\tMESH:D008012" for pmid in (11, 12, 13))
    + "\n14\ttherapeutic\tMESH:D012640\tMESH:D008012\n"
)
KINDS = ("--kind", "marker/mechanism=causes", "--kind", "therapeutic=treats")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "relations.tsv"
    path.write_text(ROWS)
    return path


def run(*args: object):
    return CliRunner().invoke(app, ["knowledge", *map(str, args)])


def test_build_and_lookup(table, tmp_path):
    exclude = tmp_path / "held_out.txt"
    exclude.write_text("12\n")
    built = run("build", table, "-o", tmp_path / "kb", *KINDS, "--turned", "--exclude", exclude)
    assert built.exit_code == 0, built.output
    assert "3 statements of 2 pairs in 3 documents" in built.output
    found = run("lookup", "MESH:D008012", "MESH:D012640", "--knowledge", tmp_path / "kb")
    assert found.stdout == "causes\t11 13\ntreats\t14\n"
    nothing = run("lookup", "MESH:D012640", "MESH:D008012", "--knowledge", tmp_path / "kb")
    assert nothing.stdout == "causes\t-\ntreats\t-\n"
    assert nothing.stderr.startswith("nothing is stated of MESH:D012640 and MESH:D008012; ")
    assert found.stderr == ""


def test_turned_columns_are_refused(table, tmp_path):
    built = run("build", table, "-o", tmp_path / "kb", *KINDS)
    assert built.exit_code == 4
    assert "is a disease, as 4 of 4 heads are" in built.output
    assert not (tmp_path / "kb").exists()


def test_documents_need_numbers(table, tmp_path):
    table.write_text(ROWS.replace("13\t", "PMC13\t"))
    built = run("build", table, "-o", tmp_path / "kb", *KINDS, "--turned")
    assert built.exit_code == 4
    assert "document 'PMC13'; expected a PMID" in built.output


def test_a_kind_without_a_name(table, tmp_path):
    built = run("build", table, "-o", tmp_path / "kb", "--kind", "therapeutic")
    assert built.exit_code == 3
    assert "kind 'therapeutic': expected RELATION=NAME" in built.output


def test_what_ships_knows_lidocaine():
    found = run("lookup", "MESH:D008012", "MESH:D012640")
    assert found.exit_code == 0
    assert len(found.stdout.split("\n")[0].split()) > 10
