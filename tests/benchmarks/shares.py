"""One of the processes that `make bench ARGS=workers` starts together: `python -m tests.benchmarks.shares '{...}'`.

Worker 0 prints what was found as its last line, in JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import minifit
from minifit import distribute
from tests.benchmarks.implementations import clock, model_of
from tests.benchmarks.recipes import CLASS_WEIGHTS, RECIPES, data_for
from tests.benchmarks.trainers import keras_model
from tests.benchmarks.workloads import WORKLOADS, data_of

BLOCKS = 21
"""The number of times that a reduction is timed; of each it is the middle one that counts."""


def step(workload: str, factor: int, seconds: float) -> dict[str, Any]:
    """Seconds of a step in one long `fit`, the median of its epochs, and the bytes of the gradients.

    Parameters
    ----------
    workload : str
    factor : int
        How often the workload's batch makes up the global one.
    seconds : float
        How long to go on behind the first epoch.
    """
    given: dict[str, Any] = {}
    with distribute.MultiWorkerMirroredStrategy().scope():
        if workload in RECIPES:
            recipe, data = RECIPES[workload], data_for(RECIPES[workload])
            model, (x, y, weights), batch = keras_model(minifit, recipe), data, recipe.batch
            if weights is not None:
                given["sample_weight"] = weights
            elif recipe.weights == "classes":
                given["class_weight"] = CLASS_WEIGHTS
        else:
            work = WORKLOADS[workload]
            model, (x, y), batch = model_of(minifit, work), data_of(work), work.batch
    ends = clock(minifit, seconds)
    model.fit(x, y, batch_size=batch * factor, epochs=1000, verbose=0, callbacks=[ends], **given)
    steps = -(-len(x) // (batch * factor))
    return {
        "step": float(np.median(np.diff(ends.ends))) / steps,
        "bytes": sum(weight.value.nbytes for weight in model.trainable_weights),
    }


def reduction(sizes: list[int]) -> dict[str, list[float]]:
    """Seconds of MPI's own `Allreduce` of so many bytes, and of minifit's, which take turns."""
    from mpi4py import MPI

    workers, world = distribute.MultiWorkerMirroredStrategy().workers, MPI.COMM_WORLD

    def timed(call: Callable[[], None], times: int) -> float:
        world.Barrier()
        began = time.perf_counter()
        for _ in range(times):
            call()
        return (time.perf_counter() - began) / times

    found = {}
    for size in sizes:
        numbers = np.zeros(size // 4, np.float32)
        ways: list[Callable[[], None]] = [
            partial(world.Allreduce, MPI.IN_PLACE, numbers.copy()),
            workers.prepare(numbers),
        ]
        times = max(3, min(1000, 4_000_000 // size))
        blocks = [[timed(call, times) for call in ways] for _ in range(BLOCKS)]
        found[str(size)] = [float(t) for t in np.median(blocks, axis=0)]
    return found


JOBS: dict[str, Callable[..., Any]] = {"step": step, "reduction": reduction}


def main(text: str) -> None:
    """Do one job."""
    given = json.loads(text)
    found = JOBS[given.pop("job")](**given)
    if distribute.MultiWorkerMirroredStrategy().workers.chief:
        print("\n" + json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
