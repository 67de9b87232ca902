"""`CSVLogger`: a row in a file for every epoch.

The file is a stream: each row is passed to the operating system in one piece when its epoch ends, so that it can be
read during training and after a crash.
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
    """The file name; after a change the next row goes to the new file."""

    def __set__(self, owner: Any, value: Any) -> None:
        before = vars(owner).get(self.name)
        super().__set__(owner, value)
        if before not in (None, owner.filename):
            owner._end_mark()
            owner._close()


class _Separator(Setting):
    """The separator, which cannot change within a table."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for a different separator while rows are written."""
        if owner._write is not None and self.differs(owner, value):
            raise ArgumentError(
                f"The separator of a table cannot change. Received: {self.name}={value!r} in a table that "
                f"uses {owner.sep!r}. Set it before fit, or set filename first."
            )


@written_by_chief
class CSVLogger(Callback):
    """A callback that writes the logs of every epoch as a row of a CSV file.

    Parameters
    ----------
    filename : str or PathLike
        A missing folder is created.
    separator : str, default ","
        One character.
    append : bool, default False
        Whether to append to an existing file instead of replacing it. The columns are then those of its header.

    Attributes
    ----------
    filename, sep, append
        The arguments. A new `filename` applies from the next row on and starts a new table.
    keys : list of str or None
        The columns after ``epoch``, sorted: the loss, the metrics, the same with ``val_`` when there is validation,
        and the other keys of the first row. None before the first row.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        For a separator or filename that cannot be used; before training, if `append` finds a file whose header lacks
        a column; if a file with other columns replaces this one during training.
    OSError
        If the file cannot be written; the error names it.

    Notes
    -----
    Numbers are written with all their digits, an array or list is one cell (``"[0.5, 0.25]"``), and a missing value is
    an empty cell, or NA on the epoch that stops training. The text is UTF-8 with the line ends of RFC 4180. Rows are
    passed to the operating system one by one and survive the end of the process; before a state is captured they are
    also flushed to the disk.

    Examples
    --------
    >>> callback = CSVLogger("training.log", separator=";", append=True)

    References
    ----------
    ``tf.keras.callbacks.CSVLogger`` (TensorFlow 2.7). Rules CSV-1 to CSV-9 of the semantics.
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
        # whether each warning was given
        self._dropped = self._changed = False
        self._resume_at: int | None = None
        # the backup folder of the run; empty without one
        self._backups = ""
        # whether a mark may exist, and a backup
        self._marked = self._captured = False
        # the working folder at the start of the run
        self._folder: str | None = None
        self._stream: Stream | None = None
        # the function that writes a row; None until the first epoch
        self._write: Any = None
        # whether this fit has begun a table
        self._started = False
        self.filename, self.sep, self.append = filename, separator, append

    def writes_to(self) -> tuple[str, ...]:
        """Return the file."""
        return (self.filename,)

    def check_run(self, run: Run) -> None:
        """Refuse to append to a file that lacks a column."""
        self._folder = working_folder()
        self._declared, self._resume_at = run.epoch_keys if run.keys_known else (), None
        folders = (c.backup_dir for c in run.callbacks if isinstance(c, BackupAndRestore))
        self._backups = next((absolute(folder, self._folder) for folder in folders), "")
        self._check_header()

    def _path(self) -> str:
        """Return the path of the file, relative to the working folder at the start of the run."""
        self._folder = self._folder or working_folder()
        return in_folder(self._folder, str(self.filename))

    def _check_header(self) -> None:
        header = header_of(self._path(), self.sep) if self.append else []
        missing = [key for key in ("epoch", *sorted(self._declared)) if key not in header]
        if header and missing:
            raise ArgumentError(
                f"append=True needs a file whose header has every column. Received: {self.filename!r} without "
                f"{legible(', '.join(map(repr, missing)))}; its header, split at {self.sep!r}, is {quoted(header)}. "
                "Pass another filename, the separator of that file, or append=False to replace it."
            )

    # -- the hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the file. Its content is kept until the first epoch, because a resumed run may continue in it."""
        self._check_header()
        self._write, self._started = None, False
        self._stream = self._stream or self._opened()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before the first epoch, empty the file or find the position to continue at."""
        if self._write is None:
            self._start()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the row."""
        # a loop written by hand may not call on_epoch_begin
        if self._write is None:
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
        # this is the epoch after a backup: a restarted run continues from the backup
        if self._captured:
            self._end_mark()

    def on_train_end(self, logs: Any = None) -> None:
        """Close the file; a fit without epochs leaves it empty, as opening it for writing would."""
        if not self._started:
            self._start()
        self._end_mark()
        self.release()

    def release(self) -> None:
        """Close the file."""
        self._close()
        self._folder = None
        self._declared = ()
        self._backups, self._started = "", False

    def _close(self) -> None:
        """Close the file; the next row begins another table."""
        stream, self._stream = self._stream, None
        began, self._write = self._write is not None, None
        self._resume_at = None
        if stream is not None:
            change = stream.change()
            stream.close()
            if began and change not in ("", "lengthened"):
                self._warn_of_change(
                    stream.path, change, "No more rows follow; check which rows are missing."
                )

    # -- the file ---------------------------------------------------------------------------------------

    def _opened(self) -> Stream:
        return Stream(self._path(), "the CSV file")

    def _start(self) -> None:
        """Truncate the file at the position to continue at, and read its header."""
        stream = self._stream = self._stream or self._opened()
        self._started = True
        at = self._begin_at()
        if at > stream.size:
            console.warn(
                f"{self.filename!r} is shorter than it was at the backup: {stream.size} bytes instead of {at}. "
                "Rows are missing."
            )
        stream.cut(at)
        self._set_mark(at)
        self._dropped = self._changed = False
        self._write = csv.writer(stream, delimiter=self.sep).writerow
        self._continue_below(header_of(stream.place, self.sep))

    def _begin_at(self) -> int:
        """Return the number of bytes of the file to keep."""
        if self._resume_at is not None:
            return self._resume_at
        if not self.append:
            return 0
        place = self._path() if self._stream is None else self._stream.place
        marked = Mark(place, self._backups).read() if self._backups else None
        # the run was stopped before its first backup
        if marked is not None:
            return marked
        return os.path.getsize(place) if os.path.exists(place) else 0

    def _set_mark(self, at: int) -> None:
        """Record the position at which the run begins, for as long as there is no backup."""
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
                "first backup and restarted, its first rows will be in the file twice."
            )

    def _end_mark(self) -> None:
        marked, self._marked, self._captured = self._marked, False, False
        if not marked or self._stream is None:
            return
        try:
            Mark(self._stream.place, self._backups).clear()
        except OSError as error:
            console.warn(
                f"{quoted(error.filename)} cannot be removed: {error.strerror}. Remove it before you restart this "
                "program; otherwise these rows may be replaced as those of a stopped run."
            )

    def _follow(self) -> None:
        """Continue in the file that the path names now."""
        stream = self._stream
        assert stream is not None
        change = stream.change()
        if change in ("removed", "replaced"):
            stream.follow()
        header = header_of(stream.place, self.sep)
        if header and {"epoch", *self._known}.isdisjoint(header):
            raise ArgumentError(
                f"The header of the file must have the columns of the rows. Received: {self.filename!r}, which was "
                f"{change} during training; its header, split at {self.sep!r}, is now {quoted(header)}. "
                "Give every run its own file."
            )
        self._continue_below(header)
        if change != "lengthened":
            self._warn_of_change(stream.path, change, "Further rows go to the file that is there now.")

    def _continue_below(self, header: list[str]) -> None:
        """Adopt the columns of a header; without one the next row writes its own."""
        assert self._stream is not None
        self.keys, self._columns = None, header
        if header:
            self._stream.write(end_of_last_line(self._stream.place))

    def _warn_of_change(self, path: str, change: str, consequence: str) -> None:
        if not self._changed:
            self._changed = True
            console.warn(
                f"{path!r} was {change} by another program while CSVLogger wrote to it; earlier rows may be "
                f"lost. {consequence} Copy the file before you change it."
            )

    def _begin_rows(self, values: dict[str, Any]) -> None:
        """Choose the columns: those of the file, or else the declared keys and those of the first row."""
        if not self._columns:
            self._columns = ["epoch", *sorted({*self._declared, *values} - {"epoch"})]
            self._write(self._columns)
        self._known = frozenset(self._columns)
        self.keys = [column for column in self._columns if column != "epoch"]

    def _warn_of_dropped(self, values: dict[str, Any]) -> None:
        self._dropped = True
        late = ", ".join(map(repr, sorted(values.keys() - self._known)))
        console.warn(
            f"CSVLogger has no column for {legible(late)}: the header of {self.filename!r} is already written, and "
            "later keys are left out. Write the key into the logs from the first epoch on."
        )

    # -- state ------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy without the open file: a copy opens it itself, and continues at the original's position."""
        at = self._resume_at if self._write is None or self._stream is None else self._stream.size
        return {**vars(self), "_stream": None, "_write": None, "_resume_at": at}

    def get_state(self) -> dict[str, Any]:
        """Return the position in the file, in bytes, after flushing everything before it to the disk."""
        if self._write is None or self._stream is None:
            return {"position": self._begin_at()}
        self._stream.flush()
        self._captured = True
        return {"position": self._stream.size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from that position, whatever `append` is, when the next epoch begins."""
        self._resume_at, self._write = state["position"], None
