"""What the tests of downloads share: a server, a cache of its own, and pauses that are noted and not made."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from minifit.datasets import download
from tests.datasets.server import Server, serving

CONTENT = np.random.RandomState(0).bytes(300_000)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no proxy between here and the server."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("MINIFIT_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries, in seconds. After the first one, time limits are long again."""
    noted: list[float] = []

    def sleep(seconds: float) -> None:
        noted.append(seconds)
        monkeypatch.setattr(download, "TIMEOUT", (30.0, 30.0))

    monkeypatch.setattr(download, "sleep", sleep)
    return noted


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try gives up soon when nothing comes."""
    monkeypatch.setattr(download, "TIMEOUT", (30.0, 0.2))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT) as server:
        yield server
