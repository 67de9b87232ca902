"""What runs under the Pythons of the peers."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import worker
from tests.benchmarks.implementations import LIBRARIES, clock, model_of, versions
from tests.benchmarks.workloads import WORKLOADS, Workload, data_of

FILES = ["worker", "implementations", "workloads", "recipes", "trainers", "callers", "__init__"]


@pytest.mark.parametrize("name", FILES)
def test_it_is_written_in_python_3_9(name: str, root: Path) -> None:
    text = (root / "tests" / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    keywords = {
        keyword.arg for call in ast.walk(tree) if isinstance(call, ast.Call) for keyword in call.keywords
    }
    assert "strict" not in keywords, "zip(strict=...) is of 3.10"
    if "| None" in text:
        assert "from __future__ import annotations" in text


@pytest.mark.parametrize("name", FILES)
def test_it_imports_nothing_that_such_a_python_may_lack(name: str, root: Path) -> None:
    tree = ast.parse((root / "tests" / "benchmarks" / f"{name}.py").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name for node in imports for name in _modules(node)}
    ours = {f"tests.benchmarks.{module}" for module in FILES}
    assert {m for m in modules if m.partition(".")[0] not in (*sys.stdlib_module_names, "numpy")} <= ours


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def test_versions_are_found_without_importing() -> None:
    assert versions()["numpy"] == np.__version__


@pytest.mark.parametrize("name", WORKLOADS)
def test_data_has_the_sizes_of_the_workload(name: str) -> None:
    work = WORKLOADS[name]._replace(samples=100)
    x, y = data_of(work)
    assert x.shape == (100, work.sizes[0])
    assert x.dtype == np.float32
    assert y.shape == ((100, work.sizes[-1]) if work.loss == "mse" else (100,))


def test_steps_count_a_last_smaller_batch() -> None:
    assert WORKLOADS["mnist256"].steps == 235
    assert WORKLOADS["seed"].steps == 1000


def test_the_clock_stops_the_fit_when_the_time_is_over() -> None:
    keras, work = LIBRARIES["minifit"](), Workload(8, (2, 1), 8, "mse")
    ends = clock(keras, 0.0)
    model_of(keras, work).fit(*data_of(work), batch_size=8, epochs=1000, verbose=0, callbacks=[ends])
    assert len(ends.ends) == 2


@pytest.mark.parametrize("kind", ["again", "anew"])
def test_small_fits(kind: str) -> None:
    found = worker.fits("minifit", kind, count=5, seconds=60.0)
    assert found["count"] == 5
    assert found["seconds"] > 0


def test_hooks() -> None:
    found = worker.hooks("minifit", rounds=1, epochs=1)
    assert set(found) == {"unwatched", "first", "hook"}
    assert found["unwatched"] > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
@pytest.mark.parametrize("source", ["memmap", "h5py", "generator"])
def test_memory_of_streamed_data(source: str) -> None:
    assert 1 < worker.streamed(source, rows=1000) < 10_000
