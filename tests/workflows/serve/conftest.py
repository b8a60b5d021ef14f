"""A tiny model, and a client of the application that serves it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from bran.workflows.pipeline import Pipeline
from bran.workflows.serve.app import create_app
from tests.serving import tiny_pipeline


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return tiny_pipeline(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def client(pipeline: Pipeline) -> Iterator[TestClient]:
    with TestClient(create_app(pipeline), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client
