"""Processes of an MPI job: what they tell each other, and what becomes of errors on one of them."""

import json
from typing import Any

import pytest

from tests.distribute.processes import run_workers

BEGIN = """
import json, sys, time
import numpy as np
from minifit.distribute.mpi import all_processes
from minifit.distribute.strategy import Strategy
from minifit.errors import BusyError, WorkerError

workers = all_processes()
rank, size = workers.rank, workers.size

def add_up(count=1, kind=np.float32):
    numbers = np.zeros(count + 1, kind)
    numbers[:-1] = rank + 1
    workers.add_up(numbers)
    return numbers.tolist()

def failing(call):
    try:
        with workers.together("fit"):
            call()
    except Exception as error:
        return [type(error).__name__, str(error), "".join(getattr(error, "__notes__", []))]
    return None

said = {}
"""
END = "print(json.dumps(said))"


def work(workers: int, script: str, **options: Any) -> list[dict[str, Any]]:
    """Return the words of each worker."""
    finished = run_workers(workers, BEGIN + script + END, **options)
    return [json.loads(text) for text in finished.printed]


@pytest.mark.parametrize("workers", [1, 3])
def test_what_they_tell_each_other(workers: int) -> None:
    said = work(
        workers,
        """
with workers.together("fit"):
    said["sum"] = add_up(3)
    numbers = np.zeros(2, np.float32)
    again, said["again"] = workers.prepare(numbers), []
    for time in range(3):
        numbers[0] = time + rank
        again()
        said["again"].append(float(numbers[0]))
    said["doubles"] = add_up(2, np.float64)
    said["largest"] = workers.largest(rank, -rank)
    said["chief"] = workers.from_chief(b"from %d" % rank).decode()
    said["all"] = [part.decode() for part in workers.from_all(b"x" * rank)]
with workers.together("evaluate"):
    with workers.together("predict"):  # in a callback
        said["inside"] = workers.largest()
said["rank"] = rank, size
""",
    )
    total = float(sum(range(1, workers + 1)))
    for rank, each in enumerate(said):
        assert each == {
            "sum": [total, total, total, 0],
            "again": [total - workers, total, total + workers],
            "doubles": [total, total, 0],
            "largest": [workers - 1, 0],
            "chief": "from 0",
            "all": ["x" * other for other in range(workers)],
            "inside": [],
            "rank": [rank, workers],
        }


def test_an_error_on_one_ends_the_call_on_all() -> None:
    said = work(
        3,
        """
def third_breaks():
    for step in range(5):
        if rank == 2 and step == 3:
            raise ValueError("a bad row")
        add_up(step + 1, np.float64 if step % 2 else np.float32)

def two_break_at_once():
    if rank:
        raise KeyError(rank)
    workers.largest(1.0)

def chief_goes_on():
    try:
        third_breaks()
    except WorkerError:
        add_up()

def within(call, caught=Exception):
    try:
        with workers.together("evaluate"):
            call()
    except caught:
        pass
    add_up()

said["within"] = failing(lambda: within(third_breaks, ValueError))
said["all within"] = failing(lambda: within(lambda: [][rank]))
said["one"] = failing(third_breaks)
said["two"] = failing(two_break_at_once)
said["all"] = failing(lambda: [][rank])
said["goes on"] = failing(chief_goes_on)
with Strategy(workers).scope():  # all go on after an error
    said["then"] = failing(add_up)
""",
    )
    for each in said[:2]:
        kind, text, notes = each["one"]
        assert kind == "WorkerError" and "ValueError: a bad row on worker 2" in text
        assert "On worker 2:" in notes and "in third_breaks" in notes
        assert each["goes on"][0] == "WorkerError" and "over when one of them fails" in each["goes on"][1]
    assert said[2]["one"][:2] == ["ValueError", "a bad row"]
    assert "KeyError: 1 on worker 1; KeyError: 2 on worker 2" in said[0]["two"][1]
    assert [each["two"][0] for each in said] == ["WorkerError", "KeyError", "KeyError"]
    assert [each["all"][0] for each in said] == ["IndexError"] * 3
    assert [each["then"] for each in said] == [None] * 3
    assert ["a bad row on worker 2" in each["within"][1] for each in said] == [True, True, False]
    assert "over when one of them fails" in said[2]["within"][1]
    assert [each["all within"] for each in said] == [None] * 3


def test_different_calls_are_an_error_on_all() -> None:
    said = work(
        2,
        """
said["calls"] = None
try:
    with workers.together("fit" if rank else "evaluate"):
        pass
except WorkerError as error:
    said["calls"] = str(error)
said["words"] = failing(lambda: workers.largest(1.0) if rank else workers.largest(1.0, 2.0))
said["purpose"] = failing(lambda: workers.largest(1.0) if rank else workers.from_all(b"a"))
def predict():
    with workers.together("predict"):
        pass

said["content"] = failing(lambda: predict() if rank else workers.from_all(b"\\xff"))
said["then"] = failing(add_up)
""",
    )
    for each in said:
        assert "'evaluate' on worker 0, 'fit' on worker 1" in each["calls"]
        for different in each["words"], each["purpose"], each["content"]:
            assert different[0] == "WorkerError" and "the same calls in the same order" in different[1]
        assert each["then"] is None


def test_one_call_at_a_time() -> None:
    said = work(
        2,
        """
import threading
def other():
    try:
        with workers.together("predict"):
            pass
    except BusyError as error:
        said["busy"] = str(error)
with workers.together("fit"):
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
""",
    )
    assert all("one call at a time" in each["busy"] for each in said)


def test_one_process_is_a_worker_alone() -> None:
    run_workers(1, "from minifit.distribute.mpi import all_processes, ALONE; assert all_processes() is ALONE")


def test_a_worker_that_ends_its_program_too_early_is_an_error_on_the_others() -> None:
    finished = run_workers(
        2,
        BEGIN
        + """
if rank == 1:
    sys.exit()
print(failing(add_up)[1])
""",
    )
    assert "its program has ended on worker 1" in finished.printed[0]


def test_an_error_outside_of_a_call_ends_all_programs() -> None:
    finished = run_workers(
        2, BEGIN + "if rank == 1:\n    1 / 0\nwith workers.together('fit'):\n    add_up()\n", fails=True
    )
    assert "ZeroDivisionError" in finished.failed[1]
    assert "ZeroDivisionError: division by zero on worker 1" in finished.failed[0]


def test_a_worker_that_is_killed_ends_the_job() -> None:
    script = "import os, signal\nif rank == 1:\n    os.kill(os.getpid(), signal.SIGKILL)\nadd_up()\n"
    finished = run_workers(2, BEGIN + script, fails=True)
    assert "KILLED BY SIGNAL: 9" in finished.words or "EXIT CODE: 9" in finished.words
