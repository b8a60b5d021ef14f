"""``bran explain``: one abstract in; what attends to what, and what a score depends on, out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bran.cli import inputs as options
from bran.cli.groups import grouped
from bran.cli.pairs import RELATION, pairs
from bran.cli.reporting import report as report_left_out
from bran.cli.reporting import tell
from bran.corpus.readers import ErrorLog
from bran.errors import ConfigError
from bran.view.explain.output import DRAWINGS, check_output, write_explanation

Output = Annotated[
    Path,
    typer.Option(
        "--output", "-o", help="By suffix: a page (.html), a figure (.png, .svg), arrays (.npz); or a folder for all."
    ),
]
Document = Annotated[
    str | None, typer.Option("--document", metavar="ID", help="Which of several.", show_default="the only one")
]
Ends = Annotated[
    list[str] | None,
    typer.Option(
        RELATION, metavar="HEAD TAIL", help="Explain this one: ids, or names as the text has them; repeatable."
    ),
]
RelationType = Annotated[
    str | None, typer.Option("--type", help="Of every --relation.", show_default="the one that scores highest")
]
Top = Annotated[int, typer.Option("--top", min=1, help="Without --relation: how many of the highest score.")]
Gradients = Annotated[
    bool | None,
    typer.Option("--gradients/--no-gradients", help="Integrated gradients.", show_default="when captum is installed"),
]
Steps = Annotated[int, typer.Option("--steps", min=2, help="Points of integrated gradients.")]
FigureName = Annotated[str, typer.Option("--figure", help=f"Of a .png or .svg: {', '.join(DRAWINGS)}.")]
MaxTokens = Annotated[
    int | None,
    typer.Option("--max-tokens", min=2, help="Most words on a side of a figure.", show_default="as can be read"),
]


@grouped
def explain(
    inputs: options.Inputs,
    output: Output,
    document: Document = None,
    relation: Ends = None,
    type_: RelationType = None,
    top: Top = 1,
    gradients: Gradients = None,
    steps: Steps = 64,
    figure: FigureName = DRAWINGS[0],
    max_tokens: MaxTokens = None,
    model: options.Model = None,
    *,
    tagging: options.TaggingOptions,
    reading: options.ReadingOptions,
    device: options.Device = "cpu",
    quiet: options.Quiet = False,
) -> None:
    """Show what attends to what in one abstract, and which words the score of a relation depends on.

    An abstract without mentions is tagged first, as `bran tag` does. Attention is not explanation: beside its maps
    stand what hiding a word does to the score, integrated gradients, and how much of the score words carry at all.

    Examples: bran explain samples/amiodarone-thyroid.txt -o explained.html;
    bran explain abstract.txt --relation amiodarone hypothyroidism -o folder
    """
    check_output(output, figure)
    from bran.extraction.predictor import Predictor
    from bran.workflows.bundled import model_folder
    from bran.workflows.explain import Wanted, choose_document
    from bran.workflows.explain import explain as run
    from bran.workflows.tag import tag_bare

    log = ErrorLog()
    predictor = Predictor.load(model or model_folder(), device=device, evidence=True)
    documents = reading.read(inputs, predictor.model.description.relation_schema, reading.on_error(log))
    try:
        chosen = choose_document(documents, document)
    except ConfigError:
        tell(log)  # of what may be why
        raise
    (tagged,) = tag_bare([chosen], tagging.settings())
    wanted = [Wanted(*ends, type=type_) for ends in pairs(relation or ())]
    explanation = run(predictor, tagged, relations=wanted, top=top, gradients=gradients, steps=steps)
    files = write_explanation(explanation, output, figure=figure, max_tokens=max_tokens)
    if not quiet:
        for influence in explanation.influences:
            typer.echo(f"{explanation.title(influence)}: score {influence.relation.score:.4f}", err=True)
        for note in explanation.notes:
            typer.echo(note, err=True)
        typer.echo(", ".join(map(str, files)), err=True)
    report_left_out(log)
