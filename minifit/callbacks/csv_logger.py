"""`CSVLogger`: a row in a file for every epoch.

The file is a stream: each row goes to the system as one piece when its epoch ends, so that it can be read while
training goes on and after a crash.
"""

import csv
import os
from typing import Any

from minifit import console
from minifit.callbacks.backup_and_restore import BackupAndRestore
from minifit.callbacks.base import Callback, Run, written_by_chief
from minifit.callbacks.csv_text import PLAIN, cell, end_of_last_line, file_name, header_of, one_character
from minifit.errors import ArgumentError, legible, quoted
from minifit.saving.marks import Mark
from minifit.saving.paths import absolute, in_folder, working_folder
from minifit.saving.stream import Stream
from minifit.settings import Setting, flag, unnamed


class _FileName(Setting):
    """The file; another one is begun with the next row."""

    def __set__(self, owner: Any, value: Any) -> None:
        before = vars(owner).get(self.name)
        super().__set__(owner, value)
        if before not in (None, owner.filename):
            owner._end_mark()
            owner._leave()


class _Separator(Setting):
    """The separator, which a table keeps to its end."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for another one while rows are written."""
        if owner._write is not None and self.differs(owner, value):
            raise ArgumentError(
                f"A table keeps its separator. Received: {self.name}={value!r} while rows with {owner.sep!r} are "
                "written. Set it before fit, or set filename first."
            )


@written_by_chief
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
    filename, sep, append
        The arguments. Another `filename` counts from the next row on, in a table of its own.
    keys : list of str or None
        The columns after ``epoch``: the loss, the metrics, the same with ``val_`` when there is a validation, and
        what else the first row has, sorted. None before the first row.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a separator or filename that cannot be used; before training, when `append` meets a file whose header
        lacks a column; when another file that is no such table takes the place of this one.
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
    ``tf.keras.callbacks.CSVLogger`` (TensorFlow 2.7). Rules CSV-1 to CSV-8 of the semantics.
    """

    adds_keys = ()
    filename = _FileName(unnamed(file_name))
    sep = _Separator(unnamed(one_character))
    append = Setting(flag)

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.keys: list[str] | None = None
        self._declared: tuple[str, ...] = ()
        self._columns: list[str] = []
        self._known: frozenset[str] = frozenset()
        self._dropped = self._changed = False  # whether the warning was given
        self._resume_at: int | None = None
        self._backups = ""  # where the run's backups are, if it has any
        self._marked = self._captured = False  # whether a mark may be there, and a backup
        self._folder: str | None = None  # where the run began
        self._stream: Stream | None = None
        self._write: Any = None  # what writes a row; None until the first epoch
        self._started = False  # whether this fit has begun a table
        self.filename, self.sep, self.append = filename, separator, append

    def writes_to(self) -> tuple[str, ...]:
        """The file."""
        return (self.filename,)

    def check_run(self, run: Run) -> None:
        """Refuse to append to a file that lacks a column."""
        self._folder = working_folder()
        self._declared, self._resume_at = run.epoch_keys if run.keys_known else (), None
        folders = (c.backup_dir for c in run.callbacks if isinstance(c, BackupAndRestore))
        self._backups = next((absolute(folder, self._folder) for folder in folders), "")
        self._check_header()

    def _path(self) -> str:
        """Return the path of the file, counted from where the run began."""
        self._folder = self._folder or working_folder()
        return in_folder(self._folder, str(self.filename))

    def _check_header(self) -> None:
        header = header_of(self._path(), self.sep) if self.append else []
        lacking = [key for key in ("epoch", *sorted(self._declared)) if key not in header]
        if header and lacking:
            raise ArgumentError(
                f"append=True needs a file whose header has every column. Received: {self.filename!r} without "
                f"{legible(', '.join(map(repr, lacking)))}; its header, split at {self.sep!r}, is {quoted(header)}. "
                "Pass another filename, the separator of that file, or append=False to replace it."
            )

    # -- the hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file. What is in it stays until the first epoch: a resumed run may go on in it."""
        self._check_header()
        self._write, self._started = None, False
        self._stream = self._stream or self._opened()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before the first epoch, empty the file or find the place to go on."""
        if self._write is None:
            self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the row."""
        if self._write is None:  # a loop written by hand, without on_epoch_begin
            self._start()
        values = {**logs, "epoch": epoch} if logs else {"epoch": epoch}
        if self._stream is not None and self._stream.change():
            self._follow()
        if self.keys is None:
            self._begin_rows(values)
        try:
            row = [v if type(v := values[column]) in PLAIN else cell(v) for column in self._columns]
        except KeyError:
            absent = "NA" if getattr(self.model, "stop_training", False) else ""
            row = [cell(values.get(column, absent)) for column in self._columns]
        self._write(row)
        if not (self._dropped or values.keys() <= self._known):
            self._warn_of_dropped(values)
        if self._captured:  # the epoch after a backup: a run that is started again goes on from there
            self._end_mark()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file; without an epoch it is empty, as if it had been opened for writing."""
        if not self._started:
            self._start()
        self._end_mark()
        self.release()

    def release(self) -> None:
        """Close the file."""
        self._leave()
        self._folder = None
        self._declared = ()
        self._backups, self._started = "", False

    def _leave(self) -> None:
        """Close the file; another one is begun with the next row."""
        stream, self._stream = self._stream, None
        began, self._write = self._write is not None, None
        self._resume_at = None
        if stream is not None:
            change = stream.change()
            stream.close()
            if began and change not in ("", "lengthened"):
                self._warn_of_change(stream.path, change, "No more rows follow: look what is missing in it.")

    # -- the file ---------------------------------------------------------------------------------------

    def _opened(self) -> Stream:
        return Stream(self._path(), "the CSV file")

    def _start(self) -> None:
        """Cut the file to where it goes on, and look at its header."""
        stream = self._stream = self._stream or self._opened()
        self._started = True
        at = self._begin_at()
        if at > stream.size:
            console.warn(
                f"{self.filename!r} is shorter than it was at the backup: {stream.size} bytes where there were {at}. "
                "Rows are missing in it."
            )
        stream.cut(at)
        self._set_mark(at)
        self._dropped = self._changed = False
        self._write = csv.writer(stream, delimiter=self.sep).writerow
        self._go_on_below(header_of(stream.place, self.sep))

    def _begin_at(self) -> int:
        """The bytes of the file that stay."""
        if self._resume_at is not None:
            return self._resume_at
        if not self.append:
            return 0
        place = self._path() if self._stream is None else self._stream.place
        begun = Mark(place, self._backups).read() if self._backups else None
        if begun is not None:  # this run was stopped before its first backup
            return begun
        return os.path.getsize(place) if os.path.exists(place) else 0

    def _set_mark(self, at: int) -> None:
        """Note where the run begins, as long as no backup says it."""
        self._marked, self._captured = True, False
        assert self._stream is not None
        if not (self._backups and self.append and self._stream.is_file) or self._resume_at is not None:
            self._end_mark()
            return
        try:
            Mark(self._stream.place, self._backups).set(at)
        except OSError as error:
            console.warn(
                f"{quoted(error.filename)} cannot be written: {error.strerror}. If this run is stopped before its "
                "first backup and started again, its first rows will be in the file twice."
            )

    def _end_mark(self) -> None:
        marked, self._marked, self._captured = self._marked, False, False
        if not marked or self._stream is None:
            return
        try:
            Mark(self._stream.place, self._backups).clear()
        except OSError as error:
            console.warn(
                f"{quoted(error.filename)} cannot be removed: {error.strerror}. Remove it before you start this "
                "program again, or rows may be taken for those of a run that was stopped."
            )

    def _follow(self) -> None:
        """Go on in what the path names now."""
        stream = self._stream
        assert stream is not None
        change = stream.change()
        if change in ("removed", "replaced"):
            stream.follow()
        header = header_of(stream.place, self.sep)
        if header and {"epoch", *self._known}.isdisjoint(header):
            raise ArgumentError(
                f"Rows can go on only below a header that has their columns. Received: {self.filename!r}, which was "
                f"{change} while training went on; its header, split at {self.sep!r}, is now {quoted(header)}. "
                "Give every run a file of its own."
            )
        self._go_on_below(header)
        if change != "lengthened":
            self._warn_of_change(stream.path, change, "The rows go on in what is there now.")

    def _go_on_below(self, header: list[str]) -> None:
        """Take a header over; without one the next row writes its own."""
        assert self._stream is not None
        self.keys, self._columns = None, header
        if header:
            self._stream.write(end_of_last_line(self._stream.place))

    def _warn_of_change(self, path: str, change: str, then: str) -> None:
        if not self._changed:
            self._changed = True
            console.warn(
                f"{path!r} was {change} by another program while CSVLogger wrote to it; earlier rows may be "
                f"lost. {then} Copy the file before you change it."
            )

    def _begin_rows(self, values: dict[str, Any]) -> None:
        """The columns are those of the file, or else what is declared and what the first row has."""
        if not self._columns:
            self._columns = ["epoch", *sorted({*self._declared, *values} - {"epoch"})]
            self._write(self._columns)
        self._known = frozenset(self._columns)
        self.keys = [column for column in self._columns if column != "epoch"]

    def _warn_of_dropped(self, values: dict[str, Any]) -> None:
        self._dropped = True
        late = ", ".join(map(repr, sorted(values.keys() - self._known)))
        console.warn(
            f"CSVLogger has no column for {legible(late)}: the header of {self.filename!r} is written already, and "
            "what comes later is left out. Write the key into the logs from the first epoch on."
        )

    # -- state ------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: a copy opens the file itself, and goes on where the original stands in it."""
        at = self._resume_at if self._write is None or self._stream is None else self._stream.size
        return {**vars(self), "_stream": None, "_write": None, "_resume_at": at}

    def get_state(self) -> dict[str, Any]:
        """The position in the file, in bytes, when all before it is safely on the disk."""
        if self._write is None or self._stream is None:
            return {"position": self._begin_at()}
        self._stream.flush()
        self._captured = True
        return {"position": self._stream.size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from that position, whatever `append` says, when the next epoch begins."""
        self._resume_at, self._write = state["position"], None
