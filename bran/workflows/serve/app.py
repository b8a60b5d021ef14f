"""The application: a page, an API, and what tells whether both work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp

import bran
from bran.evaluation.thresholds import Threshold
from bran.view.document_data import DocumentData, type_data
from bran.wording import counted
from bran.workflows.pipeline import Pipeline
from bran.workflows.serve.batching import Batcher, Full
from bran.workflows.serve.extractor import Extractor, Job
from bran.workflows.serve.guard import guarded
from bran.workflows.serve.limits import Limits
from bran.workflows.serve.messages import (
    ErrorAnswer,
    ExtractAnswer,
    ExtractRequest,
    HealthAnswer,
    LimitsAnswer,
    ModelAnswer,
    ReadyAnswer,
    ThresholdAnswer,
)
from bran.workflows.serve.page import Page
from bran.workflows.serve.reading import RequestReader
from bran.workflows.serve.refusals import Refusal, add_handlers, busy

_ERRORS = {
    400: "The body is not JSON.",
    408: "The body did not come in time.",
    413: "The body, a document or their number is too large.",
    421: "The request names another host.",
    422: "A value does not hold; the message says which and what was expected.",
    503: "Too much waits already; `Retry-After` says when to try again.",
    504: "The model did not come to it in time.",
}


def create_app(
    pipeline: Pipeline,
    limits: Limits | None = None,
    *,
    local: bool = True,
    log: Callable[[str], object] | None = None,
    begin: Callable[[], object] | None = None,
) -> ASGIApp:
    """The application that serves ``pipeline``.

    Args:
        pipeline: the model.
        limits: of requests.
        local: whether only this machine is served; then requests must name it as their host.
        log: takes a line for each request.
        begin: called once on the model's thread, before all else.
    """
    limits = limits or Limits()
    service = Service(pipeline, limits, begin=begin)
    app = FastAPI(
        title="bran",
        description="Relations between entities in biomedical abstracts.",
        version=bran.__version__,
        lifespan=service.lifespan,
        docs_url=None,  # pages that load their scripts from elsewhere
        redoc_url=None,
    )
    add_handlers(app)
    add_routes(app, service, Page())
    return guarded(app, limits, local=local, log=log)


def add_routes(app: FastAPI, service: Service, page: Page) -> None:
    """Say which address is answered by what."""
    app.post("/api/extract", response_model=ExtractAnswer, responses=_errors(400, 408, 413, 421, 422, 503, 504))(
        service.extract
    )
    app.get("/api/model", response_model=ModelAnswer, responses=_errors(421, 503))(service.model)
    app.get("/health", response_model=HealthAnswer, responses=_errors(421, 503))(service.health)
    app.get("/ready", response_model=ReadyAnswer, responses=_errors(421, 503))(service.ready)
    app.get("/", include_in_schema=False)(page.index)
    app.add_route("/assets/{name:path}", page.asset, include_in_schema=False)


class Service:
    """Answers requests with what the model finds.

    Args:
        pipeline: the model.
        limits: of requests.
        begin: called once on the model's thread, before all else.
    """

    def __init__(self, pipeline: Pipeline, limits: Limits, *, begin: Callable[[], object] | None = None) -> None:
        self._pipeline, self._limits = pipeline, limits
        self._read = RequestReader(pipeline.schema, limits)
        self._extractor = Extractor(pipeline)
        self._batcher: Batcher[Job, tuple[DocumentData, ...]] = Batcher(
            self._extractor, most=limits.batch, bound=limits.queue, begin=begin
        )
        self._types = type_data(pipeline.schema.entity_types)

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Works requests off as long as ``app`` runs."""
        work = asyncio.create_task(self._batcher.run())
        yield
        work.cancel()

    async def extract(self, request: ExtractRequest) -> Response:
        """Find mentions and relations in documents."""
        threshold = self._pipeline.resolve(request.threshold)
        documents, notes = self._read(request.documents)
        found = await self._found(Job(tuple(documents), threshold))
        answer = ExtractAnswer(
            documents=found,
            types=self._types,
            model=self._pipeline.description.name,
            threshold=threshold,
            notes=tuple(notes),
        )
        return Response(answer.model_dump_json(), media_type="application/json")

    async def model(self) -> ModelAnswer:
        """The model that is served, its thresholds, and what a request may hold."""
        pipeline, limits = self._pipeline, self._limits
        return ModelAnswer(
            name=pipeline.description.name,
            version=pipeline.description.bran_version,
            hash=pipeline.hash,
            parameters=pipeline.parameters,
            threshold=pipeline.threshold,
            thresholds={name: _threshold(threshold) for name, threshold in pipeline.thresholds.items()},
            calibrated=pipeline.description.calibration is not None,
            entity_types=self._types,
            relation_types=tuple(sorted(pipeline.schema.relation_types)),
            limits=LimitsAnswer(
                body=limits.body,
                documents=limits.documents,
                characters=limits.characters,
                mentions=limits.mentions,
                seconds=limits.seconds,
            ),
        )

    async def health(self) -> HealthAnswer:
        """Whether the server runs, and what it has done."""
        return HealthAnswer(
            status="ok",
            documents=self._extractor.documents,
            batches=self._batcher.batches,
            not_scored=dict(self._pipeline.notes),
        )

    async def ready(self) -> ReadyAnswer:
        """Whether documents are taken at present."""
        if self._batcher.is_full:
            raise self._busy()
        return ReadyAnswer(status="ready")

    async def _found(self, job: Job) -> tuple[DocumentData, ...]:
        """What the model finds, if it does so in time."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._batcher.submit(job, len(job.documents))
        except Full:
            raise self._busy() from None
        except TimeoutError:
            message = f"not done within {self._limits.seconds:g} s; expected fewer or shorter documents"
            raise Refusal(504, "timeout", message) from None

    def _busy(self) -> Refusal:
        return busy(f"{counted(self._limits.queue, 'document')} waiting already, as many as may")


def _threshold(threshold: Threshold) -> ThresholdAnswer:
    return ThresholdAnswer(**threshold.model_dump())


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the OpenAPI description tells of errors."""
    return {status: {"model": ErrorAnswer, "description": _ERRORS[status]} for status in statuses}
