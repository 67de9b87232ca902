"""Which Python runs what."""

import sys
from typing import Any

import pytest

from tests.benchmarks import pythons
from tests.benchmarks.implementations import IMPLEMENTATIONS, missing
from tests.benchmarks.pythons import Failed, Pythons, run

HAVE: dict[str, dict[str, str]] = {
    sys.executable: {"numpy": "2.4.6"},
    "/old": {"numpy": "1.22", "keras": "2.7.0", "tensorflow": "2.7.4"},
    "/new": {"numpy": "2.4", "keras": "3.15.1", "jax": "0.10", "tensorflow": "2.21.0"},
}


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Pythons:
    def answer(python: str, job: str, **given: Any) -> Any:
        return HAVE[python]

    monkeypatch.setattr(pythons, "run", answer)
    monkeypatch.setattr("os.pathsep", ":")
    return Pythons("/old:/new")


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("minifit", sys.executable),
        ("numpy", sys.executable),
        ("bare", sys.executable),
        ("jax_scan", "/new"),
        ("keras_jax", "/new"),
        ("keras_tensorflow", "/new"),
        ("tf_keras", "/old"),
        ("torch", None),
        ("keras_torch", None),
    ],
)
def test_the_first_python_that_has_everything(name: str, python: str | None, three: Pythons) -> None:
    assert three.of(name) == python


def test_versions_are_those_of_the_python_that_runs_it(three: Pythons) -> None:
    assert three.version("keras_jax") == "keras 3.15.1, jax 0.10"
    assert three.version("numpy") == "numpy 2.4.6"


@pytest.mark.parametrize(
    ("needs", "not_there"),
    [
        ("keras>=3 jax", ["keras>=3", "jax"]),
        ("tensorflow<2.16", []),
        ("tensorflow>=2.16", ["tensorflow>=2.16"]),
        ("numpy", []),
    ],
)
def test_what_is_missing(needs: str, not_there: list[str]) -> None:
    assert missing(needs, HAVE["/old"]) == not_there


def test_a_python_that_does_not_start_is_named() -> None:
    with pytest.raises(SystemExit, match=r"PEERS must name Pythons that start.*Received: /no/such/python"):
        Pythons("/no/such/python")


def test_what_a_worker_says_last_is_told() -> None:
    with pytest.raises(Failed, match="KeyError: 'theano'"):
        run(sys.executable, "steps", implementation="theano", work=[32, [2, 1], 32, "mse"], seconds=0)


@pytest.mark.parametrize("name", ["minifit", "numpy", "bare"])
def test_a_worker_measures(name: str) -> None:
    assert name in IMPLEMENTATIONS
    assert (
        0
        < run(sys.executable, "steps", implementation=name, work=[64, [2, 3, 2], 32, "classes"], seconds=0)
        < 60
    )
