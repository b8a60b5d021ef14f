"""``bran tag``: texts of any format in, documents with linked mentions out, and what is told of the rest."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.corpus.document import Document
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from tests.builders import document
from tests.recognisers import bare, notes, trained_model, unlinked, write_lexicon
from tests.runs import write_corpus

CDR = load_schema("cdr")
Tag = Callable[..., Result]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that name the tiny recogniser and the tiny lexicon."""
    folder = tmp_path_factory.mktemp("models")
    trained_model().save(folder / "recogniser", card="")
    return ["--ner", str(folder / "recogniser"), "--lexicon", str(write_lexicon(folder / "lexicon"))]


@pytest.fixture
def tag(models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tag:
    """``bran tag`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["tag", *map(str, arguments), *models])

    return call


def read(name: str) -> list[Document]:
    return list(read_documents(name, schema=CDR))


def lines(*texts: str) -> bytes:
    return "".join(json.dumps({"id": str(number), "text": text}) + "\n" for number, text in enumerate(texts)).encode()


def test_plain_texts_become_linked_documents(tag: Tag, tmp_path: Path) -> None:
    for doc in notes()[:2]:
        (tmp_path / f"{doc.id}.txt").write_text(doc.text, encoding="utf-8")
    result = tag("31.txt", "32.txt", "-o", "tagged.pubtator")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "2 documents, 4 mentions, 4 of them linked\n"
    found = read("tagged.pubtator")
    assert unlinked(found) == unlinked(notes()[:2])
    assert [mention.concepts for doc in found for mention in doc.mentions] == [
        ("MESH:C1",),
        ("MESH:D1",),
        ("MESH:C2",),
        ("MESH:D3",),
    ]


def test_json_lines_packed_and_their_fields(tag: Tag, tmp_path: Path) -> None:
    rows = [json.dumps({"PMID": doc.id, "note": doc.text, "year": 1999}) + "\n" for doc in notes()]
    (tmp_path / "notes.gz").write_bytes(gzip.compress("".join(rows).encode()))
    result = tag("notes.gz", "-o", "tagged.jsonl.gz", "--field", "id=PMID", "--field", "text=note", "-q")
    assert (result.exit_code, result.output) == (0, "")
    found = read("tagged.jsonl.gz")
    assert unlinked(found) == unlinked(notes())
    assert [(doc.id, doc.meta["year"]) for doc in found] == [(doc.id, 1999) for doc in notes()]


def test_documents_with_mentions_keep_them_unless_retagged(tag: Tag, tmp_path: Path) -> None:
    wrong = document("1", "{Velorin induced|Disease|MESH:D9} tremor in two men.")
    write_corpus(tmp_path / "notes.txt", [wrong, *bare(notes()[1:2])])
    assert tag("notes.txt", "-o", "kept.pubtator").exit_code == 0
    assert unlinked(read("kept.pubtator")) == [unlinked([wrong])[0], unlinked(notes())[1]]
    assert tag("notes.txt", "-o", "new.pubtator", "--retag").exit_code == 0
    assert unlinked(read("new.pubtator")) == unlinked(notes()[:2])


def test_labels_are_for_spacy_pipelines(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "case.txt").write_text("Velorin.", encoding="utf-8")
    result = tag("case.txt", "-o", "tagged.jsonl", "--label", "DRUG=Chemical")
    assert result.exit_code == 3
    assert "label 'DRUG': labels are those of a spaCy pipeline (--ner)" in result.stderr


def test_standard_input_holds_one_text_a_paragraph(models: list[str], tmp_path: Path) -> None:
    text = "\n\n".join(doc.text for doc in notes()[:3])
    command = ["tag", "-", "-o", str(tmp_path / "tagged.jsonl"), *models]
    result = CliRunner().invoke(app, command, input=text.encode())
    assert result.exit_code == 0, result.output
    assert unlinked(read(str(tmp_path / "tagged.jsonl"))) == unlinked(notes()[:3])


def test_mentions_without_concept(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "case.txt").write_text(notes()[4].text, encoding="utf-8")
    assert "2 mentions, 1 of them linked" in tag("case.txt", "-o", "kept.jsonl").stderr
    assert "2 mentions, 2 of them linked" in tag("case.txt", "-o", "text.jsonl", "--unlinked", "text").stderr
    result = tag("case.txt", "-o", "other.jsonl", "--unlinked", "drop")
    assert result.exit_code == 2
    assert "--unlinked" in result.stderr


def test_what_is_left_out_is_named_and_the_rest_is_written(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(lines("Velorin.", "v" * 60) + b'{"id": "0", "text": "Again."}\n{"id": 7\n')
    result = tag("absent.txt", "notes.jsonl", "-o", "tagged.jsonl", "--max-characters", "50")
    assert result.exit_code == 6
    told = result.stderr.splitlines()
    assert told[0] == "1 document, 1 mention, 1 of them linked"
    assert told[1].startswith("skipped: absent.txt: cannot be opened")
    assert "skipped: notes.jsonl (document 1): holds 60 characters; expected at most 50 (--max-characters)" in told
    assert any(line.startswith("skipped: notes.jsonl:3 (document 0): id '0' stands twice") for line in told)
    assert told[-1] == "documents skipped: 4"
    assert [doc.id for doc in read("tagged.jsonl")] == ["0"]


def test_strict_stops_at_the_first_and_writes_nothing(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(lines("Velorin.", "v" * 60))
    result = tag("notes.jsonl", "-o", "tagged.jsonl", "--max-characters", "50", "--strict")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith("error: notes.jsonl (document 1): holds 60 characters")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.jsonl"]


@pytest.mark.parametrize(
    "text",
    [" ", "()[].,;:—%", "Velorin\x00\x07 and \x1ftremor", "日本の薬 и тремор", "İİ ½ ﬃ 👩‍⚕️ e\u0301"],
)
def test_odd_texts_pass(tag: Tag, tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.jsonl").write_bytes(lines("Velorin.", text, "Velorin."))
    result = tag("notes.jsonl", "-o", "tagged.jsonl")
    assert result.exit_code in {0, 6}
    assert "fault" not in result.stderr
    found = {doc.id: doc for doc in read("tagged.jsonl")}
    assert [len(found[id_].mentions) for id_ in ("0", "2")] == [1, 1]


def test_a_book_is_tagged_when_asked(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("velorin word " * 8_000, encoding="utf-8")
    refused = tag("long.txt", "-o", "tagged.jsonl")
    assert (refused.exit_code, "holds 103999 characters" in refused.stderr) == (6, True)
    assert tag("long.txt", "-o", "tagged.jsonl", "--max-characters", "1000000").exit_code == 0
    (found,) = read("tagged.jsonl")
    assert len(found.mentions) > 4_000
    assert all(mention.concepts == ("MESH:C1",) for mention in found.mentions if found.surface(mention) == "velorin")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "tagged.docx"], 3, "tagged.docx: the suffix tells the format; expected one of .txt"),
        (["-o", "tagged.jsonl", "--output-format", "word"], 3, "output format 'word'; expected one of pubtator"),
        (["-o", "tagged.jsonl", "--label", "DRUG"], 3, "label 'DRUG': expected LABEL=TYPE, such as DRUG=Chemical"),
        (["-o", "tagged.jsonl", "--label", "=Chemical"], 3, "label '=Chemical': expected LABEL=TYPE"),
        (["-o", "tagged.jsonl", "--label", "DRUG="], 3, "label 'DRUG=': expected LABEL=TYPE"),
        (["-o", "tagged.jsonl", "--schema", "none"], 3, "none"),
        (
            ["-o", "tagged.jsonl", "--field", "id"],
            3,
            "field 'id': expected FIELD=KEY, such as id=PMID, with a field of id, title",
        ),
        (["-o", "tagged.jsonl", "--input-format", "word"], 3, "input format 'word'"),
        (["-o", "tagged.jsonl", "--workers", "0"], 2, "--workers"),
        (["-o", "tagged.jsonl", "--max-characters", "0"], 2, "--max-characters"),
        ([], 2, "--output"),
    ],
)
def test_wrong_options_are_one_line(tag: Tag, tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    (tmp_path / "case.txt").write_text("Velorin.", encoding="utf-8")
    result = tag("case.txt", *arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["case.txt"]


@pytest.mark.parametrize(
    ("option", "message"),
    [("--ner", "neither installed nor a folder with a pipeline"), ("--lexicon", "expected the folder of a lexicon")],
)
def test_models_that_are_not_there(tmp_path: Path, models: list[str], option: str, message: str) -> None:
    (tmp_path / "case.txt").write_text("Velorin.", encoding="utf-8")
    command = ["tag", str(tmp_path / "case.txt"), "-o", str(tmp_path / "tagged.jsonl"), *models, option, "absent"]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, result.stdout) == (5, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_help_imports_no_torch() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom bran.cli.main import app\n"
        "result = CliRunner().invoke(app, ['tag', '--help'])\n"
        "assert result.exit_code == 0 and '--unlinked' in result.output\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert not {"torch", "spacy", "scispacy", "sklearn", "tokenizers", "mlflow", "lxml"} & set(result.stdout.split())
