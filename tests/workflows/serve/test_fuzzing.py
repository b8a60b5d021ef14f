"""Requests made from the API's own description, and from its negation: no answer is a fault, none breaks its form."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bran.workflows.pipeline import Pipeline
from bran.workflows.serve.app import create_app
from bran.workflows.serve.limits import Limits
from tests.serving import served

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (the extra `dev`)")

ADDRESSES = {"POST /api/extract", "GET /api/model", "GET /health", "GET /ready"}


@pytest.fixture(scope="module")
def address(pipeline: Pipeline) -> Iterator[str]:
    with served(create_app(pipeline, Limits(documents=8, characters=500))) as address:
        yield address


def exercise(address: str, examples: int) -> int:
    """Ask every address that takes anything ``examples`` times rightly and wrongly; returns how many were checked."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_headers_conformance,
        response_schema_conformance,
        negative_data_rejection,
    ]

    api = schemathesis.openapi.from_url(f"{address}/openapi.json")
    found = {operation.ok().label: operation.ok() for operation in api.get_all_operations()}
    assert found.keys() == ADDRESSES
    checked = 0
    for operation in found.values():
        for mode in GenerationMode:

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            )
            @given(operation.as_strategy(generation_mode=mode))
            def check(case: schemathesis.Case) -> None:
                nonlocal checked
                answer = case.call()
                case.validate_response(answer, checks=checks)
                assert answer.status_code < 500
                if answer.status_code >= 400:
                    assert "\n" not in json.loads(answer.content)["error"]["message"]
                checked += 1

            if mode is GenerationMode.POSITIVE or operation.body:
                check()
    return checked


def test_no_request_is_a_fault(address: str) -> None:
    assert exercise(address, 15) >= 33


@pytest.mark.slow
def test_no_request_of_many_is_a_fault(address: str) -> None:
    assert exercise(address, 1000) >= 2000
