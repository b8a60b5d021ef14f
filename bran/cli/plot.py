"""``bran plot``: figures of runs, predictions, tables and corpora."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bran.cli.evaluate import GoldOptions, SchemaName, read_predictions
from bran.cli.groups import grouped
from bran.evaluation.gold import FILTERED, RAW, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.thresholds import THRESHOLD_HELP, parse_threshold

if TYPE_CHECKING:
    from bran.workflows.plots import Plot

app = typer.Typer(
    help="Draw runs, predictions, relation tables and corpora: SVG or PNG, with the numbers as a table.",
    no_args_is_help=True,
)

Systems = Annotated[
    list[Path],
    typer.Argument(
        metavar="MODEL_OR_TABLE...", help="Model folders, or relation tables of all candidates with their scores."
    ),
]
System = Annotated[
    Path, typer.Argument(metavar="MODEL_OR_PREDICTIONS", help="A model folder, a relation table or PubTator.")
]
Tables = Annotated[
    list[Path], typer.Argument(metavar="TABLE|DIR...", help="Relation tables and folders of `bran extract`.")
]
Gold = Annotated[
    Path, typer.Option("--gold", help="PubTator with gold relations, or the folder of a published corpus.")
]
Cutoff = Annotated[
    str | None,
    typer.Option("--threshold", help=THRESHOLD_HELP, show_default="that of the model, or of the one beside the table"),
]


class Protocol(StrEnum):
    """The protocols of scores."""

    raw = RAW
    filtered = FILTERED


@dataclass(frozen=True, slots=True)
class JudgingOptions(GoldOptions):
    """How gold documents are read, and what counts."""

    protocol: Annotated[Protocol, typer.Option("--protocol", help="With or without the hypernym filter.")] = (
        Protocol.filtered
    )


@dataclass(frozen=True, slots=True)
class FigureOptions:
    """Where a figure goes."""

    output: Annotated[Path, typer.Option("-o", "--output", help="The figure: .svg or .png.")]
    numbers: Annotated[
        Path | None, typer.Option("--numbers", metavar="TSV", help="Write the numbers that are drawn, too.")
    ] = None

    def __post_init__(self) -> None:
        from bran.view.plots.files import check_suffix  # imports matplotlib

        check_suffix(self.output)  # before any work is done

    def write(self, plot: Plot) -> None:
        """Write ``plot``, and its numbers where they are wanted."""
        from bran.view.plots.files import write_figure

        write_figure(plot.figure, self.output)
        if self.numbers:
            plot.write_numbers(self.numbers)


class MentionCount(StrEnum):
    """Whose mentions are counted."""

    pair = "pair"
    document = "document"


@app.command()
@grouped
def learning(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of `bran train`, or of their splits.")],
    figure: FigureOptions,
) -> None:
    """Loss and validation F1 of each fit by epoch; the epoch that was kept is marked.

    Example: bran plot learning runs/given -o learning.svg
    """
    from bran.workflows.plots import plot_learning

    figure.write(plot_learning(runs))


@app.command()
@grouped
def precision_recall(
    systems: Systems,
    gold: Gold,
    figure: FigureOptions,
    judging: JudgingOptions,
    threshold: Cutoff = None,
) -> None:
    """Precision and recall at every threshold, with the one that decides marked.

    Example: bran plot precision-recall RUN/fold-1/candidates.parquet --gold bc5cdr -o pr.svg
    """
    from bran.workflows.plots import plot_precision_recall

    standard = judging.read(gold)
    found = {_name(path): (_candidates(path, standard), _threshold(path, threshold)) for path in systems}
    figure.write(plot_precision_recall(standard, found, protocol=judging.protocol))


@app.command()
@grouped
def reliability(systems: Systems, gold: Gold, figure: FigureOptions, judging: JudgingOptions) -> None:
    """How often candidates with a score are right: the reliability diagram.

    Example: bran plot reliability candidates.parquet --gold gold.pubtator -o reliability.svg
    """
    from bran.workflows.plots import plot_reliability

    standard = judging.read(gold)
    found = {_name(path): _candidates(path, standard) for path in systems}
    figure.write(plot_reliability(standard, found, protocol=judging.protocol))


@app.command()
@grouped
def distance(
    predictions: System,
    gold: Gold,
    figure: FigureOptions,
    judging: JudgingOptions,
    threshold: Cutoff = None,
) -> None:
    """F1 by how many sentences the nearest mentions of a pair are apart.

    Example: bran plot distance RUN/fold-1/candidates.parquet --gold bc5cdr -o distance.svg
    """
    _write_strata("distance", predictions, gold, figure, judging, threshold)


@app.command()
@grouped
def mentions(
    predictions: System,
    gold: Gold,
    figure: FigureOptions,
    judging: JudgingOptions,
    of: Annotated[MentionCount, typer.Option("--of", help="Mentions of the pair, or of its document.")] = (
        MentionCount.pair
    ),
    threshold: Cutoff = None,
) -> None:
    """F1 by how many mentions a pair, or its document, has.

    Example: bran plot mentions predictions.tsv --gold gold.pubtator --of document -o mentions.svg
    """
    _write_strata(f"{of}-mentions", predictions, gold, figure, judging, threshold)


@app.command()
@grouped
def network(
    inputs: Tables,
    figure: FigureOptions,
    top: Annotated[int, typer.Option("--top", min=1, help="Pairs that are drawn.")] = 40,
    min_probability: Annotated[
        float | None,
        typer.Option("--min-probability", min=0, max=1, help="Least probability of a document that counts."),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option("--min-score", min=0, max=1, help="Least score of a document that counts.")
    ] = None,
) -> None:
    """The pairs that most documents relate, as a network; counted as `bran aggregate` counts.

    Example: bran plot network relations.parquet --top 60 -o network.png
    """
    from bran.workflows.plots import plot_network

    figure.write(plot_network(inputs, top=top, min_probability=min_probability, min_score=min_score))


@app.command()
@grouped
def lengths(
    corpus: Annotated[Path, typer.Argument(metavar="CORPUS", help="A file of documents, or the folder of BC5CDR.")],
    figure: FigureOptions,
    schema: SchemaName = "cdr",
    vectors: Annotated[
        str, typer.Option("--vectors", help="Whose subwords are counted: a folder of `bran vectors`, or pubmed.")
    ] = "pubmed",
) -> None:
    """Characters, words, subwords, sentences, mentions and entities of documents, as histograms.

    Example: bran plot lengths bc5cdr -o lengths.svg
    """
    from bran.corpus.load import load_corpus
    from bran.corpus.schema import load_schema
    from bran.encoding.subwords import Subwords
    from bran.encoding.vectors import SUBWORDS
    from bran.workflows.bundled import vectors_folder
    from bran.workflows.plots import plot_lengths

    documents = load_corpus(corpus, load_schema(schema)).documents
    vocabulary = Subwords.load(vectors_folder(vectors) / SUBWORDS)
    plot = plot_lengths(documents, subwords=lambda text: len(vocabulary.encode_texts([text])[0]))
    figure.write(plot)


@app.command()
@grouped
def scores(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A relation table with scores or probabilities.")],
    figure: FigureOptions,
    judging: JudgingOptions,
    gold: Annotated[
        Path | None, typer.Option("--gold", help="Tells right from wrong relations.", show_default="not told")
    ] = None,
    threshold: Cutoff = None,
) -> None:
    """How scores, or probabilities, of relations are distributed; scores of right and wrong ones where gold is given.

    Example: bran plot scores relations.parquet -o scores.svg
    """
    from bran.export.reading import read_table
    from bran.workflows.plots import plot_judged_scores, plot_scores

    limit = _threshold(table, threshold)
    if gold is None:
        figure.write(plot_scores(read_table(table), threshold=limit))
    else:
        standard = judging.read(gold)
        plot = plot_judged_scores(standard, _candidates(table, standard), protocol=judging.protocol, threshold=limit)
        figure.write(plot)


def _write_strata(
    slicing: str, predictions: Path, gold: Path, figure: FigureOptions, judging: JudgingOptions, threshold: str | None
) -> None:
    """F1 of ``predictions`` by what ``slicing`` names."""
    from bran.workflows.plots import plot_strata

    standard = judging.read(gold)
    found = _kept(predictions, standard, threshold)
    figure.write(plot_strata(standard, found, slicing, protocol=judging.protocol))


def _candidates(path: Path, gold: GoldStandard) -> Predictions:
    """Everything that ``path`` scores, at no threshold."""
    return read_predictions(path, gold, "0")


def _kept(path: Path, gold: GoldStandard, threshold: str | None) -> Predictions:
    """The predictions of ``path`` from the threshold on, where there is one."""
    limit = _threshold(path, threshold)
    return read_predictions(path, gold, None if limit is None else str(limit))


def _threshold(path: Path, text: str | None) -> float | None:
    """What ``text`` says; else the threshold of the model at ``path``, or of the one beside a run's table."""
    folder = next((each for each in (path, path.parent / "model") if (each / "model.json").is_file()), None)
    if folder is None:
        return None if text is None else parse_threshold(text, {})
    from bran.extraction.trained_model import read_description, resolve_threshold  # imports torch

    return resolve_threshold(read_description(folder), text)


def _name(path: Path) -> str:
    """What a system is called in a legend: the split of a run's table or model, else the file."""
    parent = path.resolve().parent
    return parent.name if path.name in ("model", "candidates.parquet") and parent.name else path.name
