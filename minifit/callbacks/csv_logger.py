"""`CSVLogger`: a row in a file for every epoch.

The file is a stream: each row goes to the system as one piece when its epoch ends, so that it can be read while
training goes on and after a crash.
"""

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from minifit import console
from minifit.callbacks.base import Callback, Run
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.saving.stream import Stream


class CSVLogger(Callback):
    """Writes the logs of every epoch as a row of a CSV file.

    Parameters
    ----------
    filename : str or PathLike
        A folder that does not exist is made.
    separator : str, default ","
        One character.
    append : bool, default False
        Whether to go on at the end of a file that exists, instead of replacing it. The columns are then those of its
        header.

    Attributes
    ----------
    keys : list of str or None
        The columns after ``epoch``: the loss, the metrics, the same with ``val_`` when there is a validation, and
        what else the first row has, sorted. None before the first row.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a separator or filename that cannot be used; before training, when `append` meets a file whose header
        lacks a column.
    OSError
        When the file cannot be written, with its name.

    Notes
    -----
    Numbers have all their digits, arrays and lists are one cell (``"[0.5, 0.25]"``), what is absent is an empty cell,
    or NA on the epoch that stops training. The text is UTF-8, its lines end as RFC 4180 says. Rows are handed to the
    system one by one and survive the end of the process; before a state is captured they are flushed to the disk, too.

    Examples
    --------
    >>> callback = CSVLogger("training.log", separator=";", append=True)

    References
    ----------
    ``tf.keras.callbacks.CSVLogger`` (TensorFlow 2.7). Rules CSV-1 to CSV-7 of the semantics.
    """

    adds_keys = ()

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = _path(filename)
        self.sep = _separator(separator)
        self.append = append
        self.keys: list[str] | None = None
        self._declared: tuple[str, ...] = ()
        self._columns: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._dropped = False
        self._resume_at: int | None = None
        self._stream: Stream | None = None
        self._write: Any = None  # what writes a row; None until the first epoch

    def writes_to(self) -> tuple[str, ...]:
        """The file."""
        return (self.filename,)

    def check_run(self, run: Run) -> None:
        """Refuse to append to a file that lacks a column."""
        self._declared = run.epoch_keys
        self._check_header()

    def _check_header(self) -> None:
        header = _header(self.filename, self.sep) if self.append else []
        lacking = [key for key in ("epoch", *sorted(self._declared)) if key not in header]
        if header and lacking:
            raise ArgumentError(
                f"append=True needs a file whose header has every column. Received: {self.filename!r} without "
                f"{', '.join(map(repr, lacking))}; its header, split at {self.sep!r}, is {header}. "
                "Pass another filename, the separator of that file, or append=False to replace it."
            )

    # -- the hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file. What is in it stays until the first epoch: a resumed run may go on in it."""
        self._check_header()
        self._write = None
        self._stream = self._stream or Stream(self.filename, "the CSV file")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before the first epoch, empty the file or find the place to go on."""
        if self._write is None:
            self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the row."""
        if self._write is None:  # a loop written by hand, without on_epoch_begin
            self._start()
        values = {**logs, "epoch": epoch} if logs else {"epoch": epoch}
        if self.keys is None:
            self._begin_rows(values)
        try:
            row = [v if type(v := values[column]) in _PLAIN else _cell(v) for column in self._columns]
        except KeyError:
            absent = "NA" if getattr(self.model, "stop_training", False) else ""
            row = [_cell(values.get(column, absent)) for column in self._columns]
        self._write(row)
        if not (self._dropped or values.keys() <= self._known):
            self._warn_of_dropped(values)

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file; without an epoch it is empty, as if it had been opened for writing."""
        if self._write is None:
            self._start()
        self.release()

    def release(self) -> None:
        """Close the file."""
        stream, self._stream = self._stream, None
        self._write = self._resume_at = None
        self._declared = ()
        if stream is not None:
            stream.close()

    # -- the file ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        """Cut the file to where it goes on, and look at its header."""
        stream = self._stream = self._stream or Stream(self.filename, "the CSV file")
        at = self._begin_at()
        if at > stream.size:
            console.warn(
                f"{self.filename!r} is shorter than it was at the backup: {stream.size} bytes where there were {at}. "
                "Rows are missing in it."
            )
        stream.cut(at)
        self.keys, self._dropped = None, False
        self._write = csv.writer(stream, delimiter=self.sep).writerow
        self._columns = _header(stream.place, self.sep) if stream.size else []
        if self._columns:
            stream.write(_end_of_last_line(stream.place))

    def _begin_at(self) -> int:
        """The bytes of the file that stay."""
        if self._resume_at is not None:
            return self._resume_at
        if self.append and self._stream is not None:
            return self._stream.size
        return os.path.getsize(self.filename) if self.append and os.path.exists(self.filename) else 0

    def _begin_rows(self, values: dict[str, Any]) -> None:
        """The columns are those of the file, or else what is declared and what the first row has."""
        if not self._columns:
            self._columns = ["epoch", *sorted({*self._declared, *values} - {"epoch"})]
            self._write(self._columns)
        self._known = frozenset(self._columns)
        self.keys = [column for column in self._columns if column != "epoch"]

    def _warn_of_dropped(self, values: dict[str, Any]) -> None:
        self._dropped = True
        console.warn(
            f"CSVLogger has no column for {', '.join(map(repr, sorted(values.keys() - self._known)))}: the header of "
            f"{self.filename!r} is written already, and what comes later is left out. Write the key into the logs "
            "from the first epoch on."
        )

    # -- state ------------------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """The position in the file, in bytes, when all before it is safely on the disk."""
        if self._write is None or self._stream is None:
            return {"position": self._begin_at()}
        self._stream.flush()
        return {"position": self._stream.size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from that position, whatever `append` says, when the next epoch begins."""
        self._resume_at, self._write = state["position"], None


def _path(filename: Any) -> str:
    given = os.fspath(filename) if isinstance(filename, os.PathLike) else filename
    if not isinstance(given, str):
        raise ArgumentTypeError(
            f"filename must be a string or a PathLike of one. Received: filename={filename!r}. "
            "Pass for example 'training.log'."
        )
    if not given or "\0" in given:
        raise ArgumentError(
            f"filename must name a file. Received: filename={given!r}. Pass for example 'training.log'."
        )
    return given


def _separator(separator: Any) -> str:
    if not isinstance(separator, str):
        raise ArgumentTypeError(
            f"separator must be one character. Received: separator={separator!r}. Pass for example ';'."
        )
    if len(separator) != 1 or separator in '"\r\n\0':
        raise ArgumentError(
            "separator must be one character, and no quotation mark or line end. "
            f"Received: separator={separator!r}. Pass for example ';'."
        )
    return separator


def _header(filename: str, separator: str) -> list[str]:
    """The first row of a file; empty when there is none."""
    try:
        with open(filename, encoding="utf-8-sig", errors="replace", newline="") as file:
            return next(csv.reader(file, delimiter=separator), [])
    except FileNotFoundError:
        return []
    except csv.Error:
        return ["(no CSV file)"]


def _end_of_last_line(filename: str) -> str:
    """What closes a cell and a line that a crash, or an editor, has left open.

    Only the whole file tells whether a quotation is open at its end; a million epochs are read in 50 ms.
    """
    quotes, last = 0, b""
    with open(filename, "rb") as file:
        while block := file.read(1 << 20):
            quotes, last = quotes + block.count(b'"'), block[-1:]
    if quotes % 2:
        return '"\r\n'
    return "" if last in (b"\n", b"\r") else "\r\n"


_PLAIN = frozenset((float, int, str))
"""What the module csv writes as it should be."""


def _cell(value: Any) -> Any:
    """What is written for a value: a list or an array is one cell."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value.item()
    return f'"[{", ".join(map(str, value))}]"'
