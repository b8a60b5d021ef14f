"""``bran extract``: PubTator in, a relation table out, and what is told of documents that are left out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.corpus.document import Document
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema
from bran.export.table import FLAT, SCHEMA
from bran.extraction.model_hash import model_hash
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.tagging.lexicon import Lexicon
from bran.workflows.bundled import model_folder
from tests.builders import documents, tiny_model
from tests.recognisers import notes, trained_model, write_lexicon
from tests.runs import abstracts, write_corpus

CDR = load_schema("cdr")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights that keeps about half of the candidates."""
    folder = tmp_path_factory.mktemp("model")
    made = tiny_model(name="mine")
    predicted = Predictor(made, precision="auto").predict(documents(), threshold=0.0)
    scores = sorted(relation.score or 0.0 for document in predicted for relation in document.relations)
    made.description = made.description.model_copy(update={"threshold": scores[len(scores) // 2]})
    made.save(folder)
    return folder


@pytest.fixture
def abstracts_file(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "abstracts.txt", documents())


def extract(model: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["extract", *map(str, arguments), "--model", str(model)])


def expected(model: Path, docs: list[Document], threshold: float | None = None) -> list[tuple[str, str, str]]:
    """(document, head, tail) of what the model finds, by falling score within each document."""
    found = Predictor.load(model).predict(docs, threshold=threshold)
    return [
        (document.id, relation.head, relation.tail)
        for document in found
        for relation in sorted(document.relations, key=lambda r: (-round(r.score or 0, 6), r.head, r.tail))
    ]


def ends(rows: list[dict]) -> list[tuple[str, str, str]]:
    return [(row["document"], row["head"], row["tail"]) for row in rows]


def read_tsv(text: str) -> list[dict]:
    header, *lines = (line.split("\t") for line in text.splitlines())
    return [dict(zip(header, cells, strict=True)) for cells in lines]


def test_tsv(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.tsv"
    result = extract(model, abstracts_file, "-o", output)
    assert (result.exit_code, result.stdout) == (0, "")
    rows = read_tsv(output.read_text(encoding="utf-8"))
    assert list(rows[0]) == FLAT.names
    assert ends(rows) == expected(model, documents())
    assert result.stderr == f"4 documents, {len(rows)} relations\n"
    texts = {document.id: document.text for document in documents()}
    for row in rows:
        text = texts[row["document"]]
        for end in ("head", "tail"):
            assert text[int(row[f"{end}_start"]) : int(row[f"{end}_end"])] in row["sentence"]
        assert 0 < float(row["share"]) <= 1
        assert float(row["score"]) >= TrainedModel.load(model).description.threshold - 1e-6
        assert row["model"] == "mine"
        assert row["model_version"]


def test_parquet_and_jsonl_hold_the_same(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    for suffix in ("tsv", "parquet", "jsonl.gz"):
        assert extract(model, abstracts_file, "-o", tmp_path / f"found.{suffix}").exit_code == 0
    parquet = pq.read_table(tmp_path / "found.parquet")
    assert parquet.schema.names == SCHEMA.names
    lines = gzip.decompress((tmp_path / "found.jsonl.gz").read_bytes()).decode().splitlines()
    records = [json.loads(line) for line in lines]
    assert ends(parquet.to_pylist()) == ends(records) == expected(model, documents())
    for record, row in zip(records, parquet.to_pylist(), strict=True):
        assert record["score"] == pytest.approx(row["score"], abs=1e-6)
        assert sum(pair["share"] for pair in record["evidence"]) == pytest.approx(1, abs=1e-3)
        assert record["evidence"][0]["head_start"] == row["head_start"]


def test_pubtator_keeps_the_documents(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.pubtator"
    assert extract(model, abstracts_file, "-o", output).exit_code == 0
    read, written = (load_corpus(path, CDR).documents for path in (abstracts_file, output))
    assert [document.with_relations(()) for document in written] == [document.with_relations(()) for document in read]
    found = [(document.id, relation.head, relation.tail) for document in written for relation in document.relations]
    assert found == expected(model, documents())


def test_several_files_plain_and_packed(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    plain = write_corpus(tmp_path / "plain.txt", abstracts(2))
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(abstracts_file.read_bytes()))
    output = tmp_path / "found.tsv"
    result = extract(model, packed, plain, "-o", output, "--threshold", "0", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert ends(read_tsv(output.read_text())) == expected(model, [*documents(), *abstracts(2)], 0.0)


def test_the_terminal_shows_a_table(model: Path, abstracts_file: Path) -> None:
    result = extract(model, abstracts_file, "--threshold", "0")
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in result.stdout.splitlines() if "│" in line]
    assert [row[0] for row in rows if row[0]] == [id_ for id_, _, _ in expected(model, documents(), 0.0)]
    assert {cell for row in rows for cell in row if cell.startswith("MESH:")} >= {"MESH:C1", "MESH:D1"}
    assert max(map(len, result.stdout.splitlines())) <= 120


def test_no_relation_no_table(model: Path, abstracts_file: Path) -> None:
    result = extract(model, abstracts_file, "--threshold", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "4 documents, 0 relations\n")


def test_the_threshold_is_the_least_score(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.tsv"
    extract(model, abstracts_file, "-o", output, "--threshold", "0")
    every = read_tsv(output.read_text())
    assert len(every) == sum(len(CDR.candidates(document)) for document in documents())
    middle = sorted(float(row["score"]) for row in every)[3] + 1e-6
    extract(model, abstracts_file, "-o", output, "--threshold", str(middle))
    assert ends(read_tsv(output.read_text())) == ends([row for row in every if float(row["score"]) >= middle])


@pytest.mark.parametrize("threshold", ["-0.1", "1.1", "nan", "high"])
def test_a_threshold_that_is_none(model: Path, abstracts_file: Path, threshold: str) -> None:
    result = extract(model, abstracts_file, f"--threshold={threshold}")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"error: threshold {threshold!r}: expected a number from 0 to 1")


def test_brackets_in_an_abstract_are_no_markup(model: Path, tmp_path: Path) -> None:
    text = "[bold]Velorin[/bold] and [/] [1] [link=x]tremor[/link]."
    mentions = [(f"{text.index(name)}\t{text.index(name) + len(name)}\t{name}", type_) for name, type_ in NAMED]
    rows = [f"7|t|{text}", *(f"7\t{place}\t{type_}\tC{number}" for number, (place, type_) in enumerate(mentions))]
    path = tmp_path / "brackets.txt"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    result = extract(model, path, "--threshold", "0")
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.replace("│", " ").split())
    for part in ("[bold]Velorin[/bold]", "[/]", "[1]", "[link=x]tremor[/link]"):
        assert part in shown


NAMED = (("[bold]Velorin", "Chemical"), ("tremor", "Disease"))


def test_the_model_that_ships_is_the_default(samples: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "found.tsv"
    result = CliRunner().invoke(app, ["extract", *map(str, samples), "-o", str(output)])
    assert result.exit_code == 0, result.output
    rows = read_tsv(output.read_text(encoding="utf-8"))
    assert rows
    assert {row["model"] for row in rows} == {"bran-cdr"}
    assert {row["model_hash"] for row in rows} == {model_hash(model_folder())}
    labels = {row["head"]: row["head_label"] for row in rows} | {row["tail"]: row["tail_label"] for row in rows}
    lexicon = Lexicon.load()
    assert all(labels.values())
    assert labels == {concept: lexicon.name(concept) for concept in labels}


# Texts without mentions


@pytest.fixture(scope="module")
def taggers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options that name a tiny recogniser and a tiny lexicon."""
    folder = tmp_path_factory.mktemp("taggers")
    trained_model().save(folder / "recogniser", card="")
    return ["--ner", str(folder / "recogniser"), "--lexicon", str(write_lexicon(folder / "lexicon"))]


def test_plain_text_is_tagged_before(model: Path, taggers: list[str], tmp_path: Path) -> None:
    path, output = tmp_path / "case.txt", tmp_path / "found.tsv"
    path.write_text("Velorin induced tremor in two men.", encoding="utf-8")
    result = extract(model, path, "-o", output, "--threshold", "0", *taggers)
    assert (result.exit_code, result.stderr) == (0, "1 document, 1 relation\n")
    (row,) = read_tsv(output.read_text(encoding="utf-8"))
    assert (row["document"], row["head"], row["tail"]) == ("case", "MESH:C1", "MESH:D1")
    assert (row["head_start"], row["head_end"], row["sentence"]) == ("0", "7", "Velorin induced tremor in two men.")


def test_annotated_documents_and_texts_in_one_stream(
    model: Path, taggers: list[str], abstracts_file: Path, tmp_path: Path
) -> None:
    lines, more = tmp_path / "texts.jsonl", write_corpus(tmp_path / "more.txt", abstracts(2))
    lines.write_text("".join(json.dumps({"id": doc.id, "text": doc.text}) + "\n" for doc in notes()), encoding="utf-8")
    output = tmp_path / "found.pubtator"
    result = extract(model, abstracts_file, lines, more, "-o", output, "--threshold", "0", *taggers)
    assert result.exit_code == 0, result.output
    written = load_corpus(output, CDR).documents
    assert [doc.id for doc in written] == [doc.id for doc in [*documents(), *notes(), *abstracts(2)]]
    for document in written[:4]:
        assert document.mentions == next(doc.mentions for doc in documents() if doc.id == document.id)
    assert [len(doc.mentions) for doc in written[4:10]] == [len(doc.mentions) for doc in notes()]


def test_no_tagger_is_loaded_for_annotated_documents(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.tsv"
    assert extract(model, abstracts_file, "-o", output, "--ner", "absent").exit_code == 0
    assert ends(read_tsv(output.read_text())) == expected(model, documents())
    result = extract(model, abstracts_file, "-o", output, "--ner", "absent", "--lexicon", "absent", "--retag")
    assert (result.exit_code, len(result.stderr.splitlines())) == (5, 1)
    assert "expected the folder of a lexicon" in result.stderr


def test_tables_have_preferred_names_hash_and_year(model: Path, taggers: list[str], tmp_path: Path) -> None:
    path, output = tmp_path / "case.jsonl", tmp_path / "found.tsv"
    path.write_text('{"id": "7", "text": "Velorin induced tremor in two men.", "year": 2001}\n', encoding="utf-8")
    assert extract(model, path, "-o", output, "--threshold", "0", *taggers).exit_code == 0
    (row,) = read_tsv(output.read_text(encoding="utf-8"))
    assert (row["tail_name"], row["tail_label"]) == ("tremor", "Tremor")
    assert (row["model_hash"], row["year"]) == (model_hash(model), "2001")


def test_a_lexicon_is_loaded_for_tables_alone(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    absent = ("--lexicon", "absent")
    assert extract(model, abstracts_file, "-o", tmp_path / "found.pubtator", *absent).exit_code == 0
    result = extract(model, abstracts_file, "-o", tmp_path / "found.tsv", *absent)
    assert (result.exit_code, len(result.stderr.splitlines())) == (5, 1)


def test_retagging_replaces_mentions(model: Path, taggers: list[str], tmp_path: Path) -> None:
    path = tmp_path / "wrong.txt"
    path.write_text(
        "7|t|Velorin induced tremor in two men.\n7\t0\t15\tVelorin induced\tDisease\tD9\n", encoding="utf-8"
    )
    output = tmp_path / "found.tsv"
    assert extract(model, path, "-o", output, "--threshold", "0", *taggers).stderr == "1 document, 0 relations\n"
    assert extract(model, path, "-o", output, "--threshold", "0", "--retag", *taggers).exit_code == 0
    assert ends(read_tsv(output.read_text())) == [("7", "MESH:C1", "MESH:D1")]


@pytest.mark.parametrize("label", ["DRUG", "=Chemical", "DRUG="])
def test_a_label_that_is_none(model: Path, abstracts_file: Path, label: str) -> None:
    result = extract(model, abstracts_file, "--label", label)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == f"error: label {label!r}: expected LABEL=TYPE, such as DRUG=Chemical\n"


def test_texts_that_are_too_long_are_left_out(model: Path, taggers: list[str], tmp_path: Path) -> None:
    path = tmp_path / "case.txt"
    path.write_text("Velorin induced tremor.", encoding="utf-8")
    result = extract(model, path, "--max-characters", "22", *taggers)
    assert result.exit_code == 6
    assert f"skipped: {path} (document case): holds 23 characters; expected at most 22" in result.stderr


# What is left out


BROKEN = """\
1000|t|Velorin and gait in 2 men.
1000\t0\t7\tVelorin\tChemical\tC1
1000\t12\t16\tgait\tDisease\tD1

2000|t|Velorin and sleep.
2000\t0\t7\tvelorin\tChemical\tC1

2001|t|Velorin and skin.
2001\t0\t700\tVelorin\tChemical\tC1

2002|t|Velorin and vision.
2002\tnothing

2003|t|Velorin and a plant.
2003\t0\t7\tVelorin\tChemical\tC1
2003\t14\t19\tplant\tPlant\tP1
2003\t12\t13\ta\tPlant\tP2

1000|t|Velorin and gait again.
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.txt"
    path.write_text(BROKEN, encoding="utf-8")
    return path


def test_broken_documents_are_named_and_the_rest_is_kept(model: Path, broken: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.pubtator"
    result = extract(model, broken, "-o", output)
    assert (result.exit_code, result.stdout) == (6, "")
    assert result.stderr.splitlines() == [
        f"2 documents, {output.read_text().count('CID')} relations",
        f"skipped: {broken}:6 (document 2000): mention 0-7 'velorin': expected 'Velorin', as in the text",
        f"skipped: {broken}:9 (document 2001): mention 0-700: expected to end within the 17 characters",
        f"skipped: {broken}:12 (document 2002): row '2002\\tnothing' with 2 columns: "
        "expected a mention (6 or 7) or a relation (4, 5)",
        f"skipped: {broken}:19 (document 1000): id '1000' stands twice; expected one document per id",
        f"dropped rows: 2; first {broken}:16 (document 2003): entity type 'Plant'; expected one of Chemical, Disease",
        "documents skipped: 4",
    ]
    assert [line for line in output.read_text().splitlines() if "|t|" in line] == [
        "1000|t|Velorin and gait in 2 men.",
        "2003|t|Velorin and a plant.",
    ]


def test_a_document_of_an_earlier_file_is_left_out(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "found.tsv"
    result = extract(model, abstracts_file, abstracts_file, "-o", output)
    assert result.exit_code == 6
    assert (
        "skipped: " + f"{abstracts_file} (document 11): id '11' was read before; expected one document per id"
        in result.stderr
    )
    assert ends(read_tsv(output.read_text())) == expected(model, documents())


@pytest.mark.parametrize("name", ["found.tsv", "found.parquet"])
def test_strict_stops_at_the_first_and_writes_nothing(model: Path, broken: Path, tmp_path: Path, name: str) -> None:
    result = extract(model, broken, "--strict", "-o", tmp_path / name)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == (
        f"error: {broken}:6 (document 2000): mention 0-7 'velorin': expected 'Velorin', as in the text\n"
    )
    assert list(tmp_path.iterdir()) == [broken]


def test_strictness_counts_unknown_types(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "plant.txt"
    path.write_text("1|t|A plant.\n1\t2\t7\tplant\tPlant\tP1\n", encoding="utf-8")
    result = extract(model, path, "--strict")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == f"error: {path}:2 (document 1): entity type 'Plant'; expected one of Chemical, Disease\n"


UNREADABLE = {
    "empty": (b"", ": is empty; expected some content"),
    "blank": (b"\n\n", ": holds only blank lines; expected documents"),
    "binary": (b"\x7fELF\x02\x01\x01\x00\x00\x00", ": is binary; expected text"),
    "prose": (b"Dear all,\n", ":1: begins with 'Dear all,'; expected one of pubtator"),
    "gzip": (gzip.compress(b"7|t|Title.\n7|a|Text.\n", mtime=0)[:-9], "(document 7): cannot be read on: "),
    "latin": (
        "7|t|Caf\u00e9.\n".encode("latin-1"),
        ":1 (document 7): byte 0xe9 in column 8 is not UTF-8; expected text",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_one_line_and_the_rest_goes_on(
    model: Path, abstracts_file: Path, tmp_path: Path, kind: str
) -> None:
    content, message = UNREADABLE[kind]
    path = tmp_path / kind
    path.write_bytes(content)
    output = tmp_path / "found.tsv"
    result = extract(model, path, abstracts_file, "-o", output)
    assert (result.exit_code, result.stdout) == (6, "")
    (skipped,) = [line for line in result.stderr.splitlines() if line.startswith("skipped: ")]
    assert skipped.startswith(f"skipped: {path}")
    assert message in skipped
    assert result.stderr.endswith("documents skipped: 1\n")
    assert ends(read_tsv(output.read_text())) == expected(model, documents())
    strict = extract(model, path, "--strict", "-o", output)
    assert (strict.exit_code, strict.stdout, strict.stderr) == (4, "", skipped.replace("skipped", "error", 1) + "\n")


def test_missing_files_and_folders_are_named(model: Path, abstracts_file: Path, tmp_path: Path) -> None:
    result = extract(model, tmp_path / "absent.txt", tmp_path, abstracts_file, "--quiet")
    assert result.exit_code == 6
    assert result.stderr.splitlines() == [
        f"skipped: {tmp_path / 'absent.txt'}: cannot be opened (No such file or directory); expected a readable file",
        f"skipped: {tmp_path}: is a directory; expected a file",
        "documents skipped: 2",
    ]


def test_an_interrupt_leaves_no_file(
    model: Path, abstracts_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "_relation", interrupt)
    for name in ("found.tsv", "found.parquet", "found.jsonl.gz"):
        result = extract(model, abstracts_file, "-o", tmp_path / name, "--threshold", "0")
        assert (result.exit_code, result.output) == (130, "interrupted\n")
    assert list(tmp_path.iterdir()) == [abstracts_file]
