"""Sections of a record, made up, for the tests."""

from typing import Any

from tests.benchmarks import record, standin
from tests.benchmarks.callers import CALLS
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.workloads import WORKLOADS


def of_steps() -> dict[str, Any]:
    """Two workloads; torch failed on one of them."""
    chosen = [(name, WORKLOADS[name]) for name in ("seed", "wide")]
    return {
        "made": record.made(),
        "rounds": 3,
        "workloads": {name: [w.samples, [*w.sizes], w.batch, w.loss] for name, w in chosen},
        "versions": {"minifit": "minifit 1", "numpy": "numpy 2", "torch": "torch 3", "bare": "numpy 2"},
        "seconds": {
            "seed": {"minifit": [1e-6, 9e-6, 2e-6], "numpy": [8e-6], "bare": [1e-6]},
            "wide": {"minifit": [0.2], "numpy": [0.2], "torch": [0.1], "bare": [0.1]},
        },
    }


def of_models() -> dict[str, Any]:
    """Two recipes, of which PyTorch failed on one."""
    return {
        "made": record.made(),
        "rounds": 1,
        "workloads": {name: RECIPES[name].shape for name in ("embed", "weighted")},
        "versions": {"minifit": "minifit 1", "torch": "torch 3"},
        "seconds": {"embed": {"minifit": [2e-6], "torch": [4e-6]}, "weighted": {"minifit": [3e-6]}},
        "first": {"embed": {"minifit": [2.0], "torch": [0.5]}, "weighted": {"minifit": [3.0]}},
    }


def of_workers() -> dict[str, Any]:
    """Two workloads on two workers, in two rounds."""
    return {
        "made": record.made(),
        "workers": 2,
        "rounds": 2,
        "batches": {"digits": 32, "mnist256": 256},
        "bytes": {"digits": 10_000, "mnist256": 2_000_000},
        "seconds": {
            "digits": {"one": [8e-6, 8e-6], "strong": [16e-6, 16e-6], "weak": [20e-6, 20e-6]},
            "mnist256": {"one": [0.010], "strong": [0.006], "weak": [0.011]},
        },
        "reductions": {
            "4": {"bare": [2e-6, 2e-6], "minifit": [2.1e-6, 2.3e-6]},
            "25000000": {"bare": [0.010002], "minifit": [0.010002]},
        },
    }


def of_calls() -> dict[str, Any]:
    """The calls of two libraries."""
    figures = dict.fromkeys(CALLS, 2e-4) | {"predict 1 row": 1e-4}
    return {
        "made": record.made(),
        "calls": {"minifit": figures, "torch": {call: time / 2 for call, time in figures.items()}},
    }


def of_cold() -> dict[str, Any]:
    """The example with minifit and with Keras 3."""
    return {
        "made": record.made(),
        "processes": {
            "import numpy": {"seconds": [0.1], "megabytes": [30.0]},
            "the example": {"seconds": [0.3, 0.2, 0.1], "megabytes": [40.0]},
            "the example, Keras 3 on JAX": {"seconds": [2.0], "megabytes": [360.0]},
        },
    }


def of_standin() -> dict[str, Any]:
    """The processes with the stand-in, and the suite with TensorFlow."""
    seconds = {
        standin.DIRECT: 0.2,
        standin.LENT: 0.3,
        standin.SUITE: 2.0,
        standin.REAL: 18.0,
    }
    return {
        "made": record.made(),
        "tensorflow": "tensorflow 2.7.4",
        "processes": {title: {"seconds": [s], "processor": [s]} for title, s in seconds.items()},
    }


def of_growth() -> dict[str, Any]:
    """Two implementations, one of which stops early."""
    return {
        "made": record.made(),
        "versions": {"minifit": "minifit 1", "numpy": "numpy 2"},
        "samples": {"minifit": [[1000, 1e-5], [10000, 1e-5]], "numpy": [[1000, 2e-5]]},
        "depth": {"minifit": [[1, 1e-5], [2, 2e-5]], "numpy": [[1, 1e-5], [2, 2e-5]]},
        "width": {"minifit": [[1, 1e-5], [4, 1e-5]], "numpy": []},
        "memory": {"memmap": [[1000, 20], [10000, 21]]},
    }
