"""Workers that are the processes of an MPI job.

An error on one worker ends the call on all of them, so that no worker waits for ever. Every reduction carries a status
word, and a worker that has failed joins the next reduction of the others and reports its failure there. To join it must
know its size: before each reduction a worker writes the number, size and kind of the reduction on its board, a memory
window that all workers can read. A worker whose process dies ends the job: ``mpiexec`` does that.
"""

import atexit
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from minifit import interrupts
from minifit.errors import BusyError, MissingPackageError, WorkerError, legible, quoted
from minifit.workers import ALONE, Numbers, Workers

NUMBER, COUNT, KIND, FAILED = range(4)
"""Places on the board: the number, size and kind of the latest reduction that was begun; and the number of the
reduction in which a failed worker will report."""

SUM, LARGEST, SUM_OF_DOUBLES = range(3)
AGREED = 8
"""The length of a message for an agreement."""

NUMBERS, FROM_CHIEF, FROM_ALL, CALL = range(4)
"""The purposes of an agreement: numbers, the size of content that follows, or the name of a call."""

LOOK = 0.001
"""Seconds between two reads of the other workers' boards."""


class MPIWorkers(Workers):
    """The processes of a communicator.

    Parameters
    ----------
    communicator : mpi4py.MPI.Comm
        It is duplicated, so that these messages do not mix with those of other code.
    """

    def __init__(self, communicator: Any) -> None:
        with interrupts.importing("mpi4py"):
            from mpi4py import MPI

        self._comm = communicator.Dup()
        self.rank, self.size = self._comm.rank, self._comm.size
        self._in_place, self._float, self._double = MPI.IN_PLACE, MPI.FLOAT, MPI.DOUBLE
        self._bytes, self._largest = MPI.BYTE, MPI.MAX
        self._window = MPI.Win.Allocate(4 * 8, 8, comm=self._comm)
        memory: Any = self._window.tomemory()
        self._board = memoryview(memory).cast("B").cast("q")
        for place in range(4):
            self._board[place] = 0
        self._window.Lock_all()
        self._comm.Barrier()
        self._agreed = np.zeros(AGREED)
        self._number = 0
        # the depth of nested calls
        self._inside = 0
        self._thread: int | None = None
        # whether all workers know of an error, and the call is over
        self._ended = False
        # the error that ends this process
        self._uncaught: BaseException | None = None
        self._before_hook = sys.excepthook
        sys.excepthook = self._note_uncaught
        atexit.register(self._leave)

    # -- messages ---------------------------------------------------------------------------------------

    def add_up(self, numbers: Numbers) -> None:
        """Replace numbers by their sums over all workers, in place."""
        self.prepare(numbers)()

    def prepare(self, numbers: Numbers) -> Callable[[], None]:
        """Return a function that adds up these numbers, with all lookups done beforehand."""
        note, reduce, in_place, count = self._note, self._comm.Allreduce, self._in_place, numbers.size
        # a memoryview is read in a tenth of the time of an array, by mpi4py as well
        words: Any = memoryview(numbers)  # type: ignore[arg-type]
        kind, message = SUM, (words, count, self._float)
        if numbers.itemsize == 8:
            kind, message = SUM_OF_DOUBLES, (words, count, self._double)

        def add_up() -> None:
            note(count, kind)
            reduce(in_place, message)
            if words[-1]:
                raise self._failure()

        return add_up

    def largest(self, *numbers: float) -> tuple[float, ...]:
        """Return the maximum of each number over all workers, for at most five numbers."""
        return self._agree(NUMBERS, *numbers)

    def _agree(self, purpose: int, *numbers: float) -> tuple[float, ...]:
        """Return the maximum of each number over all workers; raise unless all of them have the same purpose."""
        count, message = len(numbers), self._agreed
        request = purpose * AGREED + count
        message[:] = (request, -request, *numbers, *[0] * (AGREED - 2 - count))
        self._note(AGREED, LARGEST)
        self._comm.Allreduce(self._in_place, (message, AGREED, self._double), op=self._largest)
        if message[-1] != 0:
            raise self._failure()
        if message[0] != -message[1]:
            self._ended = True
            raise WorkerError(
                "All workers must make the same calls in the same order. Received: different calls. Let every worker "
                "call fit, evaluate and predict, also in callbacks, and not the chief alone."
            )
        return tuple(message[2 : 2 + count].tolist())

    def from_chief(self, content: bytes) -> bytes:
        """Return the chief's content on every worker."""
        (size,) = self._agree(FROM_CHIEF, len(content) if self.chief else 0)
        part = np.frombuffer(content, np.uint8) if self.chief else np.empty(int(size), np.uint8)
        self._comm.Bcast((part, int(size), self._bytes), 0)
        return part.tobytes()

    def from_all(self, content: bytes) -> list[bytes]:
        """Return the contents of all workers, in the order of their ranks."""
        self._agree(FROM_ALL, len(content))
        return self._from_all(content)

    def _from_all(self, content: bytes) -> list[bytes]:
        sizes = np.empty(self.size, np.int64)
        self._comm.Allgather(np.array([len(content)], np.int64), sizes)
        whole = np.empty(int(sizes.sum()), np.uint8)
        self._comm.Allgatherv(
            (np.frombuffer(content, np.uint8), len(content), self._bytes),
            (whole, sizes.tolist(), self._bytes),
        )
        return [part.tobytes() for part in np.split(whole, np.cumsum(sizes)[:-1])]

    def _note(self, count: int, kind: int) -> None:
        """Write on the board which reduction this worker begins now."""
        if self._ended:
            raise WorkerError(
                "A call of several workers is over when one of them fails. Received: more work in the same call. "
                "Do not catch the error within the call."
            )
        self._begin(count, kind)

    def _begin(self, count: int, kind: int) -> None:
        board, self._number = self._board, self._number + 1
        board[COUNT], board[KIND] = count, kind
        # the number last: a reader waits for it
        board[NUMBER] = self._number

    # -- calls of all workers ---------------------------------------------------------------------------

    @contextmanager
    def together(self, call: str) -> Iterator[None]:
        """Run the block on all workers together; an error on one of them ends it on all."""
        self._claim()
        try:
            if self._inside == 1:
                self._ended = False
            self._check_same(call)
            yield
            # no worker leaves before all have finished
            self.largest()
        except BaseException as error:
            if not self._ended:
                reported = self._report(error)
                # when all have failed within another call, a callback may catch the error and continue
                self._ended = reported or self._inside == 1
            raise
        finally:
            self._inside -= 1
            if not self._inside:
                self._thread = None

    def _claim(self) -> None:
        here = threading.get_ident()
        if self._thread not in (None, here):
            raise BusyError(
                "Workers can make only one call at a time. Received: a second one in another thread. "
                "Wait for the first."
            )
        self._thread = here
        self._inside += 1

    def _check_same(self, call: str) -> None:
        """Check that all workers make the same call."""
        self._agree(CALL)
        calls = [each.decode() for each in self._from_all(call.encode())]
        for rank, other in enumerate(calls):
            if other != calls[0]:
                self._ended = True
                raise WorkerError(
                    "All workers must make the same calls in the same order. "
                    f"Received: {quoted(calls[0])} on worker 0, {quoted(other)} on worker {rank}. "
                    "Run the same program on every worker."
                )

    # -- errors -----------------------------------------------------------------------------------------

    def _failure(self) -> WorkerError:
        """Return the error for the failures of other workers."""
        self._ended = True
        texts = [each.decode() for each in self._from_all(b"")]
        return _error_of({rank: text for rank, text in enumerate(texts) if text})

    def _report(self, error: BaseException) -> bool:
        """Join the next reduction of the other workers, report an error there, and send them its traceback.

        Returns
        -------
        bool
            False if there is no such reduction, since all other workers have failed too.
        """
        coming = self._number + 1
        self._board[FAILED] = coming
        others = [rank for rank in range(self.size) if rank != self.rank]
        while True:
            boards = [self._board_of(rank) for rank in others]
            under_way = [board for board in boards if board[NUMBER] == coming]
            if under_way:
                self._join(under_way[0])
                break
            if all(board[FAILED] == coming for board in boards):
                break
            time.sleep(LOOK)
        self._ended = True
        text = "".join(traceback.format_exception(error))
        self._from_all(text.encode(errors="replace"))
        self._board[FAILED] = 0
        return bool(under_way)

    def _note_uncaught(self, kind: Any, error: BaseException, trace: Any) -> None:
        self._uncaught = error
        self._before_hook(kind, error, trace)

    def _leave(self) -> None:
        """Wait at the end of the program for all workers; a worker that makes another call meanwhile gets an error."""
        end = self._uncaught or SystemExit("its program has ended")
        while self._report(end):
            pass
        self._window.Unlock_all()
        self._window.Free()

    def _join(self, board: Sequence[int]) -> None:
        count, kind = board[COUNT], board[KIND]
        self._begin(count, kind)
        if kind == LARGEST:
            agreed = np.full(count, -np.inf)
            agreed[-1] = 1
            self._comm.Allreduce(self._in_place, (agreed, count, self._double), op=self._largest)
        else:
            numbers = np.zeros(count, np.float32 if kind == SUM else np.float64)
            numbers[-1] = 1
            datatype = self._float if kind == SUM else self._double
            self._comm.Allreduce(self._in_place, (numbers, count, datatype))

    def _board_of(self, rank: int) -> Sequence[int]:
        board = np.zeros(4, np.int64)
        self._window.Get(board, rank)
        self._window.Flush(rank)
        return board.tolist()


def _error_of(texts: dict[int, str]) -> WorkerError:
    """Return the error for the tracebacks of other workers, by their ranks."""
    last = {rank: legible(text.strip().splitlines()[-1]) for rank, text in texts.items()}
    failures = "; ".join(f"{text} on worker {rank}" for rank, text in last.items())
    error = WorkerError(
        f"A call of several workers ends when one of them fails. Received: {failures}. "
        "See the traceback of that worker."
    )
    for rank, text in texts.items():
        error.add_note(f"\nOn worker {rank}:\n{legible(text, len(text), lines=True)}")
    return error


@cache
def all_processes() -> Workers:
    """Return the workers for all processes of this job, which ``mpiexec`` has started.

    Raises
    ------
    MissingPackageError
        Without mpi4py, or without an MPI library for it.
    """
    try:
        with interrupts.importing("mpi4py"):
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise MissingPackageError(
            f"Several workers need mpi4py and MPI. Received: {legible(error)}. "
            'Install them with: pip install "minifit-training[mpi]"; and an MPI, such as: pip install mpich.'
        ) from error
    return ALONE if MPI.COMM_WORLD.size == 1 else MPIWorkers(MPI.COMM_WORLD)
