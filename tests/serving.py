"""A tiny model as a pipeline, and applications on a socket of this machine, for the tests of ``bran serve``."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from bran.workflows.pipeline import Pipeline, load
from bran.workflows.serve.server import bind, url
from tests.builders import tiny_model
from tests.recognisers import trained_model, write_lexicon

TEXT = "Velorin induced tremor in two men."
"""Both names are in the lexicon of :func:`tiny_pipeline`."""
BLOCK = (
    "31|t|Velorin induced tremor in two men.\n"
    "31\t0\t7\tVelorin\tChemical\tC1\n31\t16\t22\ttremor\tDisease\tD1\n31\tCID\tC1\tD1\n"
)
"""The same with mentions and a gold relation, as PubTator."""


def tiny_pipeline(folder: Path, *, threshold: float | str | None = 0.0) -> Pipeline:
    """A pipeline over an untrained model that keeps every candidate, and a recogniser that knows a few names."""
    tiny_model(threshold=0.5, name="tiny").save(folder / "model")
    trained_model().save(folder / "recogniser", card="")
    lexicon = write_lexicon(folder / "lexicon")
    return load(folder / "model", threshold=threshold, ner=str(folder / "recogniser"), lexicon=lexicon)


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """The URL under which ``app`` answers, on a thread of this process."""
    bound = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield url(bound)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        bound.close()
    assert not thread.is_alive()
