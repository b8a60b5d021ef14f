"""``bran serve``: a page and an API to try a model on."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from bran.cli import inputs as options
from bran.cli.groups import grouped
from bran.errors import ConfigError
from bran.workflows.serve.limits import Limits

_LIMITS = Limits()

Host = Annotated[str, typer.Option("--host", help="Address to listen on. There is no access control: see the docs.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Of the model.")]
MaxDocuments = Annotated[int, typer.Option("--max-documents", min=1, help="Of a request.")]
MaxCharacters = Annotated[int, typer.Option("--max-characters", min=1, help="Of a document.")]
MaxBody = Annotated[int, typer.Option("--max-body", min=1, help="Bytes of a request.")]
MaxSeconds = Annotated[float, typer.Option("--max-seconds", min=0.1, help="Until a request is answered.")]
Queue = Annotated[int, typer.Option("--queue", min=1, help="Documents that may wait.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No line per request on stderr.")]


@grouped
def serve(
    model: options.Model = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    threshold: options.Threshold = None,
    *,
    tagging: options.TaggingOptions,
    device: options.Device = "cpu",
    threads: Threads = 1,
    max_documents: MaxDocuments = _LIMITS.documents,
    max_characters: MaxCharacters = _LIMITS.characters,
    max_body: MaxBody = _LIMITS.body,
    max_seconds: MaxSeconds = _LIMITS.seconds,
    queue: Queue = _LIMITS.queue,
    quiet: Quiet = False,
) -> None:
    """Serve a page on which to try the model, and an API, to this machine until Ctrl+C.

    Examples: bran serve; bran serve --port 0 --model runs/given/given/model
    """
    try:
        from bran.workflows.serve.app import create_app
        from bran.workflows.serve.extractor import use_threads
        from bran.workflows.serve.guard import is_loopback
        from bran.workflows.serve.server import bind, run, url
    except ModuleNotFoundError as error:
        raise ConfigError(f"bran serve needs {error.name}: pip install 'bran-relations[serve]'") from None
    from bran.workflows.bundled import model_folder
    from bran.workflows.pipeline import load

    limits = Limits(body=max_body, documents=max_documents, characters=max_characters, seconds=max_seconds, queue=queue)
    bound = bind(host, port)
    pipeline = load(
        model or model_folder(),
        threshold=threshold,
        ner=tagging.ner,
        labels=options.parse_labels(tagging.label or ()),
        lexicon=tagging.lexicon,
        retag=tagging.retag,
        device=device,
    )
    use_threads(threads)
    pipeline.warm_up()
    local = is_loopback(bound.getsockname()[0])
    if not local:
        _tell(f"warning: listening on {host}, not on this machine alone; whoever reaches it can use it")
    app = create_app(
        pipeline,
        limits,
        local=local,
        log=None if quiet else _tell,
        begin=partial(use_threads, threads),
    )
    run(app, bound, started=lambda: _tell(f"{pipeline!r} on {url(bound)} (Ctrl+C ends it)"))


def _tell(line: str) -> None:
    typer.echo(line, err=True)
    sys.stderr.flush()
