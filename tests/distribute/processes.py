"""`run_workers`: a script run by several processes that MPI connects, started as a user starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).resolve().parents[2]
MPIEXEC = Path(sys.executable).with_name("mpiexec")

SECONDS = 60.0
"""Seconds that a job may run before it is killed, which is an error."""

SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "MINIFIT_KERNELS": "numpy",
    "PYTHONWARNINGS": "error",
    "PYTHONPATH": str(ROOT),
}


@dataclass
class Finished:
    """The outcome of a job.

    Attributes
    ----------
    code : int
        What mpiexec returned: not 0 when a worker has failed or was killed.
    printed, failed : list of str
        What each worker wrote to the standard output and to the standard error, by rank.
    words : str
        What mpiexec itself said.
    """

    code: int
    printed: list[str]
    failed: list[str]
    words: str


class Job:
    """A script that several workers run.

    Attributes
    ----------
    folder : Path
        Where ``out.0``, ``out.1``, ..., and ``err.0``, ... grow.
    """

    def __init__(self, workers: int, command: list[str], folder: Path, settings: dict[str, str]) -> None:
        self.workers, self.folder = workers, folder
        self.process = subprocess.Popen(
            [
                *(str(MPIEXEC), "-n", str(workers)),
                *("-outfile-pattern", str(folder / "out.%r"), "-errfile-pattern", str(folder / "err.%r")),
                *(sys.executable, *command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **SETTINGS, **settings},
        )

    def wait(self, seconds: float = SECONDS) -> Finished:
        """Wait for the end of all workers, and return what became of them."""
        try:
            words, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.end()
            pytest.fail(f"the job hangs: {self._texts('out')} {self._texts('err')}")
        return Finished(self.process.returncode, self._texts("out"), self._texts("err"), words.decode())

    def words_of_all(self, count: int, seconds: float = SECONDS) -> list[str]:
        """Wait until each worker has printed so many words, and return the first of each; fewer if the job ends."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            words = [text.split() for text in self._texts("out")]
            if all(len(each) >= count for each in words):
                return [each[0] for each in words]
            time.sleep(0.02)
        return [text.partition(" ")[0].strip() for text in self._texts("out")]

    def end(self) -> None:
        """End what still runs: mpiexec takes the workers along."""
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def _texts(self, kind: str) -> list[str]:
        files = [self.folder / f"{kind}.{rank}" for rank in range(self.workers)]
        return [f.read_text(encoding="utf-8") if f.exists() else "" for f in files]


@contextmanager
def started(
    workers: int, script: str, arguments: Sequence[object] = (), settings: dict[str, str] | None = None
) -> Iterator[Job]:
    """Start a script with so many workers; skip the test where there is no MPI beside this Python.

    Parameters
    ----------
    workers : int
    script : str
        Python's text. ``tests`` and ``minifit`` can be imported.
    arguments : sequence, optional
        What ``sys.argv[1:]`` holds, each by its ``str``.
    settings : dict from str to str, optional
        Environment variables beside or in place of `SETTINGS`.
    """
    if sys.platform == "win32" or not MPIEXEC.exists():
        pytest.skip("there is no mpiexec beside this Python")
    with TemporaryDirectory() as folder:
        file = Path(folder, "script.py")
        file.write_text(script, encoding="utf-8")
        job = Job(workers, [str(file), *map(str, arguments)], Path(folder), settings or {})
        try:
            yield job
        finally:
            job.end()


def run_workers(
    workers: int,
    script: str,
    *arguments: object,
    settings: dict[str, str] | None = None,
    seconds: float = SECONDS,
    fails: bool = False,
) -> Finished:
    """Run a script with so many workers to its end, which must be a good one unless it `fails`."""
    with started(workers, script, arguments, settings) as job:
        finished = job.wait(seconds)
    assert (finished.code != 0) == fails, finished
    return finished
