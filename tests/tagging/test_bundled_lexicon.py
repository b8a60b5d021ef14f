"""The lexicon that ships: small, quick, with its card, and as good as its card says."""

from __future__ import annotations

import re
import time
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.document import Document, Mention
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema
from bran.evaluation.tagging import candidate_recall, concept_scores, linking_scores, mention_scores
from bran.tagging.abbreviations import Abbreviations
from bran.tagging.lexicon import Lexicon
from bran.tagging.linker import Linker
from bran.tagging.superseded import renewed, superseded_ids


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


def test_it_is_small_and_has_a_card() -> None:
    files = {path.name: path for path in (Path(str(resources.files("bran.assets"))) / "lexicon").iterdir()}
    assert sum(path.stat().st_size for path in files.values()) < 8e6
    card = files["README.md"].read_text(encoding="utf-8")
    assert all(
        words in card for words in ("U.S. National Library of Medicine", "2020", "modified", "bran lexicon build")
    )


def test_it_opens_at_once() -> None:
    start = time.perf_counter()
    Lexicon.load()
    assert time.perf_counter() - start < 1  # 0.03 s alone; tests run beside others


@pytest.mark.parametrize(
    ("surface", "type_", "name"),
    [
        ("naloxone hydrochloride", "Chemical", "Naloxone"),
        ("β-carotene", "Chemical", "beta Carotene"),
        ("tumours of the lung", "Disease", "Lung Neoplasms"),
        ("Wilson's disease", "Disease", "Hepatolenticular Degeneration"),
        ("adrenaline", "Chemical", "Epinephrine"),
        ("high blood pressure", "Disease", "Hypertension"),
    ],
)
def test_words_that_it_knows(lexicon: Lexicon, surface: str, type_: str, name: str) -> None:
    assert lexicon.name(lexicon.lookup(surface, type=type_)[0].concept) == name


@pytest.fixture(scope="module")
def development(corpora: Path) -> tuple[Document, ...]:
    return load_corpus(corpora / "bc5cdr", load_schema("cdr")).part("development")


@pytest.fixture(scope="module")
def strange(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    """A lexicon that is made as the one that ships, but has not seen Development."""
    folder = tmp_path_factory.mktemp("lexicon")
    inputs = {
        "--descriptors": ["mesh/descriptors.tsv.gz"],
        "--supplementary": ["mesh/supplementary_concepts.tsv.gz"],
        "--aliases": [
            "cdr=bc5cdr/CDR_TrainingSet.PubTator.txt.gz",
            "biored=biored/Train.PubTator.gz",
            "biored=biored/Dev.PubTator.gz",
            "ncbi-disease=ner/NCBIdisease_TrainDev.PubTator.gz",
            "nlm-chem=ner/NLMchem_Test.PubTator.gz",
        ],
        "--automatic": [
            "chemdisgene=chemdisgene/curated/abstracts.txt.gz",
            "chemdisgene=chemdisgene/ctd_derived/dev_abstracts.txt.gz",
            "chemdisgene=chemdisgene/ctd_derived/test_abstracts.txt.gz",
        ],
        "--exclude": ["bc5cdr/test_pmids.txt", "bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz"],
    }
    arguments = [
        word
        for option, items in inputs.items()
        for item in items
        for word in (option, re.sub(r"^([a-z-]+=)?", rf"\g<1>{corpora}/", item))
    ]
    done = CliRunner().invoke(app, ["lexicon", "build", "-o", str(folder), *arguments])
    assert done.exit_code == 0, done.output
    return Lexicon.load(folder)


@pytest.fixture(scope="module")
def linked(strange: Lexicon, development: tuple[Document, ...]) -> list[Document]:
    abbreviations, linker = Abbreviations(), Linker(strange)
    return [linker.link(document, abbreviations(document.text)) for document in development]


@pytest.mark.corpus
def test_it_links_the_mentions_of_bc5cdr_development(
    strange: Lexicon, development: tuple[Document, ...], linked: list[Document]
) -> None:
    accuracy = linking_scores(development, linked)
    assert accuracy["Chemical"].accuracy > 0.91
    assert accuracy["Disease"].accuracy > 0.895
    concepts = concept_scores(development, linked)
    assert concepts["Chemical"].f1 > 0.93
    assert concepts["Disease"].f1 > 0.90
    current = superseded_ids(development, strange)
    assert linking_scores([renewed(document, current) for document in development], linked)["Chemical"].accuracy > 0.935


@pytest.mark.corpus
def test_candidates_hold_the_concepts(strange: Lexicon, development: tuple[Document, ...]) -> None:
    abbreviations, linker = Abbreviations(), Linker(strange)
    found = [
        [resolution.candidates for resolution in linker.resolutions(document, abbreviations(document.text))]
        for document in development
    ]
    assert candidate_recall(development, found, k=10) == {
        "Chemical": pytest.approx(0.925, abs=0.01),
        "Disease": pytest.approx(0.96, abs=0.01),
    }


@pytest.mark.corpus
def test_its_names_alone_find_most_mentions(strange: Lexicon, development: tuple[Document, ...]) -> None:
    found = [
        document.with_mentions(tuple(Mention(m.start, m.end, m.type) for m in strange.longest_matches(document.text)))
        for document in development
    ]
    scores = mention_scores(development, found)
    assert scores["Chemical"].f1 > 0.82
    assert scores["Disease"].f1 > 0.79
