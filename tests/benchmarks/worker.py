"""One process that measures one thing: `python -m tests.benchmarks.worker '{"job": "steps", ...}'`.

It is started under the Python that has the library, and prints what it found as its last line, in JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.callers import timed_calls
from tests.benchmarks.implementations import IMPLEMENTATIONS, LIBRARIES, clock, model_of, versions
from tests.benchmarks.recipes import RECIPES
from tests.benchmarks.trainers import TRAINERS
from tests.benchmarks.workloads import Workload, data_of

STATUS = Path("/proc/self/status")


def steps(implementation: str, work: list[Any], seconds: float) -> float:
    """Seconds of a step, the median of the epochs."""
    samples, sizes, batch, loss = work
    workload = Workload(samples, tuple(sizes), batch, loss)
    return float(np.median(IMPLEMENTATIONS[implementation].measure(workload, seconds)))


def models(implementation: str, recipe: str, seconds: float) -> dict[str, float]:
    """Seconds of a step, the median of the epochs, and of the first epoch, for which nothing is compiled yet."""
    with tempfile.TemporaryDirectory() as empty:
        os.environ["NUMBA_CACHE_DIR"] = empty  # before Numba is imported
        first, later = TRAINERS[implementation](RECIPES[recipe], seconds)
    return {"first": first, "step": float(np.median(later))}


def fits(library: str, kind: str, count: int, seconds: float) -> dict[str, Any]:
    """Many fits of one batch; each of the same model ("again") or of a new one ("anew")."""
    keras, work = LIBRARIES[library](), Workload(16, (20, 10), 16, "mse")
    x, y = data_of(work)
    model = model_of(keras, work)
    model.fit(x, y, batch_size=work.batch, epochs=1, verbose=0)
    times: list[float] = []
    memory: list[int | None] = []
    until = time.perf_counter() + seconds
    while len(times) < count and (len(times) < 4 or time.perf_counter() < until):
        began = time.perf_counter()
        if kind == "anew":
            model = model_of(keras, work)
        model.fit(x, y, batch_size=work.batch, epochs=1, verbose=0)
        times.append(time.perf_counter() - began)
        memory.append(anonymous())
    half = len(times) // 2
    first, last = memory[half], memory[-1]
    grown = None if first is None or last is None else (last - first) / max(len(times) - 1 - half, 1)
    return {"count": len(times), "seconds": float(np.median(times)), "kilobytes": grown}


def hooks(library: str, rounds: int, epochs: int = 5) -> dict[str, float]:
    """What a step takes unwatched, and what the first callback and every further hook add to it."""
    keras, work = LIBRARIES[library](), Workload(16000, (20, 10), 16, "mse")
    x, y = data_of(work)

    class Nothing(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            pass

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    def a_step(watchers: int) -> float:
        model, ends = model_of(keras, work), clock(keras, 1e9)
        given = [*(Nothing() for _ in range(watchers)), ends]
        model.fit(x, y, batch_size=work.batch, epochs=epochs + 2, verbose=0, callbacks=given)
        return float(np.median(np.diff(ends.ends)[1:])) / work.steps

    a_step(0)
    found = [(a_step(0), a_step(1), a_step(10)) for _ in range(rounds)]
    return {
        "unwatched": float(np.median([none for none, _, _ in found])),
        "first": float(np.median([one - none for none, one, _ in found])),
        "hook": float(np.median([(ten - one) / 18 for _, one, ten in found])),
    }


def anonymous() -> int | None:
    """Kilobytes of memory that are this process's own, and no pages of files; None where the system does not tell."""
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    return None


@contextmanager
def highest(found: list[int]) -> Iterator[None]:
    """Looks every few milliseconds, and appends the most megabytes that were seen.

    Raises
    ------
    OSError
        Where the system does not tell.
    """
    if anonymous() is None:
        raise OSError(f"{STATUS} has no RssAnon: Linux has it from 4.5 on")
    over, most = threading.Event(), [0]

    def look() -> None:
        most[0] = max(most[0], anonymous() or 0)

    def watch() -> None:
        while not over.wait(0.002):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        look()
        found.append(most[0] // 1024)


def streamed(source: str, rows: int, width: int = 64, batch: int = 256) -> int:
    """The most megabytes that minifit holds while it trains an epoch on so many rows that are not in memory."""
    with tempfile.TemporaryDirectory() as folder:
        given = _stream(source, Path(folder) / "data", rows, width, batch)
        work = Workload(rows, (width, 8, 1), batch, "mse")
        model, found = model_of(LIBRARIES["minifit"](), work), list[int]()
        with highest(found):
            model.fit(**given, epochs=1, verbose=0)
        given.clear()
    return found[0]


def _stream(source: str, file: Path, rows: int, width: int, batch: int) -> dict[str, Any]:
    """The arguments of `fit`. The files hold zeros, which take no space on the disk."""
    if source == "generator":
        batches = -(-rows // batch)
        data = (
            (np.zeros((batch, width), np.float32), np.zeros((batch, 1), np.float32)) for _ in range(batches)
        )
        return {"x": data, "steps_per_epoch": batches}
    if source == "memmap":
        x = np.memmap(file, np.float32, "w+", shape=(rows, width))
        y = np.memmap(file.with_suffix(".y"), np.float32, "w+", shape=(rows, 1))
        return {"x": x, "y": y, "batch_size": batch}
    import h5py

    h5 = h5py.File(file, "w")
    sizes = {"x": width, "y": 1}
    made = {k: h5.create_dataset(k, (rows, n), "f4", chunks=(min(4096, rows), n)) for k, n in sizes.items()}
    return {**made, "batch_size": batch}


JOBS: dict[str, Callable[..., Any]] = {
    "versions": versions,
    "steps": steps,
    "models": models,
    "calls": timed_calls,
    "fits": fits,
    "hooks": hooks,
    "streamed": streamed,
}


def main(text: str) -> None:
    """Do one job."""
    given = json.loads(text)
    print("\n" + json.dumps(JOBS[given.pop("job")](**given)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
