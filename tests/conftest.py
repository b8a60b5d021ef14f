"""What every test runs under: no network, no telemetry, few threads; slow and corpus tests by request."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before anything imports torch or MLflow; child processes inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
    os.environ.pop(_name, None)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="run the tests marked slow, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    skips = {}
    if not config.getoption("--run-slow"):
        skips["slow"] = pytest.mark.skip(reason="slow: needs --run-slow")
    if not os.environ.get("BRAN_DATA"):
        skips["corpus"] = pytest.mark.skip(reason="corpus: needs BRAN_DATA, the folder of the corpora")
    for item in items:
        for name, skip in skips.items():
            if item.get_closest_marker(name):
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Connections that leave the machine fail at once."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise OSError(f"a test tried to connect to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_locally)
        yield


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def fixtures(root: Path) -> Path:
    """The folder of the small files that were written for the tests."""
    return root / "tests" / "fixtures"


@pytest.fixture(scope="session")
def samples(root: Path) -> list[Path]:
    """The sample abstracts of the project, in the order of their names."""
    return sorted((root / "samples").glob("*.txt"))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the real corpora; for tests marked ``corpus`` only."""
    return Path(os.environ["BRAN_DATA"])
