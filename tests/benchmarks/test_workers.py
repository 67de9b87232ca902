"""Several workers are started, timed together, and what they cost is figured out on paper."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import costs, shares, workers
from tests.benchmarks.costs import Network
from tests.benchmarks.pythons import Pythons
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.sections import of_workers
from tests.benchmarks.workloads import WORKLOADS


@pytest.mark.slow
def test_processes_do_a_job_together() -> None:
    if not workers.MPIEXEC.exists():
        pytest.skip("there is no mpiexec beside this Python")
    found = workers.together(2, "reduction", sizes=[64, 4096])
    assert all(time > 0 for pair in found.values() for time in pair) and list(found) == ["64", "4096"]


@pytest.mark.parametrize(("workload", "size"), [("tabular", 4 * 6337), ("digits", 4 * 2410)])
def test_a_step_is_timed(workload: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mpi4py")
    monkeypatch.setattr(shares, "RECIPES", {k: w._replace(samples=256) for k, w in RECIPES.items()})
    monkeypatch.setattr(shares, "WORKLOADS", {k: w._replace(samples=256) for k, w in WORKLOADS.items()})
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    found = shares.step(workload, 2, 0.0)
    assert found["step"] > 0
    assert found["bytes"] == size


def test_cells_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MPIEXEC", Path(__file__))
    jobs: list[tuple[int, str, Any]] = []

    def together(count: int, job: str, **given: Any) -> Any:
        jobs.append((count, job, given.get("factor")))
        return {"step": 1e-3, "bytes": 8} if job == "step" else {str(s): [1e-6, 2e-6] for s in workers.SIZES}

    monkeypatch.setattr(workers, "together", together)
    options = argparse.Namespace(workloads=["wide"], workers=4, rounds=2, seconds=0.1)
    section = workers.measured(options, Pythons())
    cells = [(1, "step", 1), (4, "step", 1), (4, "step", 4)]
    assert jobs == [*cells, (4, "reduction", None), *cells[::-1], (4, "reduction", None)]
    assert section["seconds"] == {"wide": {cell: [1e-3, 1e-3] for cell in ("one", "strong", "weak")}}
    assert section["batches"] == {"wide": 1024}


def test_a_reduction_takes_exchanges_and_bytes() -> None:
    network = Network(latency=1e-6, byte=1e-9)
    assert network.reduction(2, 1000) == pytest.approx(2e-6)
    assert network.reduction(1024, 1024) == pytest.approx(10e-6 + 2 * 1023e-9)


def test_the_machine_is_a_network() -> None:
    assert costs.of_machine(of_workers()) == pytest.approx((2e-6, 4e-10))


def test_where_it_pays_and_what_a_cluster_does() -> None:
    here = costs.here(of_workers())
    # 25 us for a row and 6 us for the reduction of 10 KB; 39 us a row and 802 us
    assert here[1] == ["digits", "0.25", "6.00", "0.80", "0.50", "24.0"]
    assert here[2] == ["mnist256", "39.1", "802", "1.72", "1.67", "21.0"]
    _, weak, strong, *_ = costs.in_a_cluster(of_workers())
    assert weak[0].startswith("mnist256, 256 rows each, 10 Gbit/s")
    assert weak[1] == "1.72"
    assert strong[1] == "1.51" and strong[-1] == "–", "256 rows are too few for 1,024 workers"
