"""Several trainings at once: in threads of one Python, in forked and in spawned processes.

Everyone trains the same model on the same data, so all must get the same weights, bit for bit. The parent has trained
before it forks: what its libraries hold then (threads, locks) is what could go wrong.
"""

import argparse
import hashlib
import multiprocessing
import queue
import threading
import time
from typing import Any

from tests.benchmarks import implementations, record
from tests.benchmarks.pythons import Pythons
from tests.benchmarks.record import Section
from tests.benchmarks.text import Row, number, plain
from tests.benchmarks.workloads import WORKLOADS, data_of

NUMBERS = (1, 2, 4)
ONE_AT_A_TIME = threading.Lock()


def train(workload: str, epochs: int) -> str:
    """A fit that is planned long, so that it runs as long ones do, and stopped early; the digest of its weights."""
    import minifit

    class Stop(minifit.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = epoch + 1 >= epochs

    work = WORKLOADS[workload]
    x, y = data_of(work)
    with ONE_AT_A_TIME:  # seeds are the process's own, until a model has drawn its
        minifit.utils.set_random_seed(0)
        model = implementations.model_of(minifit, work)
        model.fit(x[: work.batch], y[: work.batch], batch_size=work.batch, verbose=0)
    model.fit(x, y, batch_size=work.batch, epochs=1000, verbose=0, callbacks=[Stop()])
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(weight.tobytes())
    return digest.hexdigest()


def one(workload: str, epochs: int, barrier: Any, results: Any) -> None:
    """What each thread or process does: warm up, wait for the others, train."""
    train(workload, 1)
    barrier.wait()
    began = time.perf_counter()
    results.put((began, train(workload, epochs), time.perf_counter()))


def together(way: str, count: int, workload: str, epochs: int) -> tuple[float, list[str]]:
    """Seconds from the first begin to the last end, and everyone's digest."""
    barrier: Any
    results: Any
    workers: list[Any]
    if way == "threads":
        barrier, results = threading.Barrier(count), queue.SimpleQueue()
        workers = [
            threading.Thread(target=one, args=(workload, epochs, barrier, results)) for _ in range(count)
        ]
    else:
        context: Any = multiprocessing.get_context(way)
        barrier, results = context.Barrier(count), context.Queue()
        workers = [
            context.Process(target=one, args=(workload, epochs, barrier, results)) for _ in range(count)
        ]
    for worker in workers:
        worker.start()
    found = collected(results, workers, barrier)
    for worker in workers:
        worker.join()
    return max(end for _, _, end in found) - min(begin for begin, _, _ in found), [d for _, d, _ in found]


def collected(results: Any, workers: list[Any], barrier: Any) -> list[tuple[float, str, float]]:
    """What all of them found.

    Raises
    ------
    SystemExit
        When one ends without a result.
    """
    found: list[tuple[float, str, float]] = []
    while len(found) < len(workers):
        ended = sum(not worker.is_alive() for worker in workers)
        try:
            found.append(results.get(timeout=1))
        except queue.Empty:
            if ended > len(found):
                barrier.abort()  # the others wait there
                for worker in workers:
                    worker.join()
                raise SystemExit("A training ended without a result; its own words are above.") from None
    return found


def add(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("workload", nargs="?", default="digits", choices=list(WORKLOADS))
    parser.add_argument("--epochs", type=int, default=20)


def measured(options: argparse.Namespace, pythons: Pythons) -> Section:
    """Every way with every number."""
    expected = train(options.workload, options.epochs)
    found = []
    ways = ["threads", *(way for way in ("fork", "spawn") if way in multiprocessing.get_all_start_methods())]
    for way in ways:
        for count in NUMBERS:
            print(f"    {way} {count}", flush=True)
            seconds, digests = together(way, count, options.workload, options.epochs)
            same = all(digest == expected for digest in digests)
            found.append({"way": way, "number": count, "seconds": seconds, "same": same})
    return {"made": record.made(), "workload": options.workload, "epochs": options.epochs, "trainings": found}


def table(section: Section) -> list[Row]:
    """A row for each way and number."""
    rows: list[Row] = [["", "at once", "seconds", "trainings a second", "same weights"]]
    for found in section["trainings"]:
        each = number(found["number"] / found["seconds"])
        rows.append(
            [
                found["way"],
                str(found["number"]),
                number(found["seconds"]),
                each,
                "yes" if found["same"] else "NO",
            ]
        )
    return rows


def report(section: Section) -> str:
    """The table."""
    what = f"{section['workload']}, {section['epochs']} epochs each"
    return f"{record.where(section)}\n{what}\n\n{plain(table(section))}"
