"""`Folders`: the event files of a run, with one writer per folder, and their state for a resumed run.

A resumed run repeats some steps that are already in its files. The format has no way to retract them for every reader,
so the files themselves are truncated to their sizes when the state was captured. The names of a run's files contain a
random word of that run, so the files of other runs are never touched.
"""

import os
import secrets
from collections.abc import Callable
from typing import Any

from minifit import console, kernels
from minifit.errors import ArgumentError, quoted
from minifit.saving import atomic
from minifit.saving.paths import in_folder, working_folder
from minifit.tensorboard.writer import EventWriter


def folder_path(name: str, folder: Any) -> str:
    """Return the path of a folder, the argument called `name`, as a string.

    Raises
    ------
    ArgumentError
        If it is not a path.
    """
    path = os.fspath(folder) if isinstance(folder, os.PathLike) else folder
    if not isinstance(path, str) or not path or "\0" in path:
        raise ArgumentError(
            f"{name} must be the path of a folder. Received: {name}={folder!r}. Pass for example 'logs'."
        )
    return path


class Folders:
    """The event files below a log folder.

    Parameters
    ----------
    log_dir : str

    Attributes
    ----------
    root : str
        The absolute path of the folder; a relative `log_dir` refers to the working folder at the start of the run.
    """

    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir
        # the working folder at the start of the run
        self._base: str | None = None
        self._root: str | None = None
        self._writers: dict[str, EventWriter] = {}
        self._warned = False
        self._begin_files()

    def _begin_files(self) -> None:
        self.run = secrets.token_hex(4)
        # of closed files, by their paths relative to the log folder
        self._sizes: dict[str, int] = {}

    def begin_run(self) -> None:
        """Resolve the folder relative to the current working folder."""
        self._base = working_folder()
        self._settle()

    def move(self, log_dir: str) -> None:
        """Continue in another folder, with files of a new run."""
        self.close()
        self.log_dir = log_dir
        self._settle()

    def _settle(self) -> None:
        root = os.path.join(self._base or "", in_folder(self._base, self.log_dir))
        if root != self._root and self._root is not None:
            self._begin_files()
        self._root = root

    @property
    def root(self) -> str:
        """The absolute path of the folder."""
        if self._root is None:
            self.begin_run()
        assert self._root is not None
        return self._root

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy as a new run: a copy writes other files, and never truncates those of the original."""
        return {**vars(self), "run": secrets.token_hex(4), "_writers": {}, "_sizes": {}, "_warned": False}

    def writer(self, name: str, engine: str) -> EventWriter:
        """Return the writer for a folder, which computes checksums with an engine."""
        if name not in self._writers:
            folder = os.path.join(self.root, name)
            self._writers[name] = EventWriter(folder, kernels.load(engine), run=self.run, warn=self._warn)
        return self._writers[name]

    def attempt(self, write: Callable[..., object], *args: Any) -> None:
        """Write a file beside the event files; warn if it cannot be written."""
        try:
            write(*args)
        except OSError as error:
            self._warn(
                f"TensorBoard cannot write {quoted(error.filename)}: {error.strerror}. Training continues."
            )

    def _warn(self, text: str) -> None:
        """Warn about the first problem only: the others usually have the same cause."""
        if not self._warned:
            console.warn(text)
        self._warned = True

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers.values():
            writer.flush()
            self._record(writer, self._sizes)
            writer.close()
        self._writers.clear()
        self._warned = False

    def _record(self, writer: EventWriter, sizes: dict[str, int]) -> None:
        if writer.path is not None:
            sizes[os.path.relpath(writer.path, self.root).replace(os.sep, "/")] = writer.size

    def get_state(self) -> dict[str, Any]:
        """Return the word of the run and the sizes of its files, after flushing them to the disk."""
        sizes = dict(self._sizes)
        for writer in self._writers.values():
            if atomic.flushing():
                writer.sync()
            else:
                writer.flush()
            self._record(writer, sizes)
        return {"run": self.run, "sizes": sizes}

    def set_state(self, state: dict[str, Any]) -> None:
        """Truncate the files of that run to these sizes, and remove files that were begun later."""
        self.close()
        self.run, self._sizes = state["run"], dict(state["sizes"])
        for path in self._files():
            size = self._sizes.get(path)
            whole = os.path.join(self.root, path)
            if size is None:
                os.remove(whole)
            elif os.path.getsize(whole) > size:
                os.truncate(whole, size)
        short = [p for p, size in self._sizes.items() if self._size(p) < size]
        if short:
            console.warn(
                f"Event files in {self.log_dir!r} are shorter than they were at the backup: "
                f"{', '.join(sorted(short))}. The missing values are lost; training continues in new files."
            )

    def _files(self) -> list[str]:
        """Return the files of the run, as paths relative to the log folder."""
        return [
            os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/")
            for folder, _, names in os.walk(self.root)
            for name in names
            if name.startswith("events.out.tfevents.") and name.endswith(f".{self.run}.v2")
        ]

    def _size(self, path: str) -> int:
        try:
            return os.path.getsize(os.path.join(self.root, path))
        except FileNotFoundError:
            return -1
