"""The ``bran`` command: its sub-commands, and what an error looks like on the terminal.

No module imported here imports torch, MLflow or spaCy at its top, so that help and the commands that
need none of them start at once.
"""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bran import __version__
from bran.cli import corpus, knowledge, lexicon, model, plot, study, tagging
from bran.cli.aggregate import aggregate
from bran.cli.calibrate import calibrate
from bran.cli.distil import distil
from bran.cli.ensemble import ensemble
from bran.cli.evaluate import baseline, compare, evaluate
from bran.cli.explain import explain
from bran.cli.export import export
from bran.cli.extract import extract
from bran.cli.fetch import fetch
from bran.cli.pairs import PairsCommand
from bran.cli.pretrain import pretrain
from bran.cli.report import report
from bran.cli.serve import serve
from bran.cli.tag import tag
from bran.cli.train import train
from bran.cli.vectors import vectors
from bran.errors import BranError

EXIT_CODES = {
    0: "done",
    1: "failed (a full disk, a fault)",
    2: "wrong usage",
    3: "a config, schema or override that does not hold",
    4: "an input that cannot be read, or an output that cannot be opened",
    5: "a model that cannot be used",
    6: "done, but documents were left out",
    7: "training could not start or go on",
    8: "a server cannot be reached, or answers wrongly",
    130: "interrupted",
}
"""What each exit code of ``bran`` says; the numbers of the exceptions stand in :mod:`bran.errors`."""

_EXAMPLES = (
    "bran extract samples/*.txt",
    "bran train CONFIG.yaml --corpus CORPUS -o RUN --set training.seed=1",
    "bran evaluate MODEL GOLD.txt",
)

_EPILOG = "\n".join(
    [
        "[bold]Examples[/bold]",
        *(f"  {example}" for example in _EXAMPLES),
        "",
        "[bold]Exit codes[/bold]",
        *(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()),
    ]
)


class _Commands(TyperGroup):
    """The root of the commands: an error of any of them becomes one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # so that a closed pipe is met here and not while the interpreter ends
        except BrokenPipeError:
            raise  # the reader has gone (`bran ... | head`): typer ends quietly
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(130) from None
        except (BranError, OSError) as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            typer.echo(f"error: {_one_line(error)}", err=True)
            raise typer.Exit(error.exit_code if isinstance(error, BranError) else 1) from None
        return result


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


def _report_fault(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """The exception hook without ``--debug``: names a fault of bran itself in one line."""
    message = " ".join(str(error).split())
    typer.echo(f"error: {kind.__name__}: {message} (a fault in bran; --debug shows the traceback)", err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bran {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="bran",
    cls=_Commands,
    help="Find relations between entities in biomedical abstracts, and train the models that do.",
    epilog=_EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if not debug:
        sys.excepthook = _report_fault


for _command in (
    extract,
    export,
    aggregate,
    report,
    explain,
    serve,
    tag,
    fetch,
    train,
    ensemble,
    distil,
    pretrain,
    vectors,
    evaluate,
    calibrate,
    compare,
    baseline,
):
    app.command(cls=PairsCommand if _command is explain else None)(_command)
app.add_typer(corpus.app, name="corpus")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(model.app, name="model")
app.add_typer(plot.app, name="plot")
app.add_typer(study.app, name="study")
app.add_typer(tagging.app, name="tagging")


def main() -> None:
    """Run the ``bran`` command on the arguments of the process; ends it with an exit code."""
    app()
