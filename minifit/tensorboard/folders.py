"""`Folders`: the event files of a run, one writer for each folder, and how a resumed run goes on with them.

A run that is resumed trains some steps again that are in its files already. Nothing in the format can take them back
for every reader, so the files themselves are cut to where they were when the state was captured. Files of a run have
a word of their own in their names; nobody else's are touched.
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


def folder_path(name: str, given: Any) -> str:
    """The path of a folder that was given as an argument of this name.

    Raises
    ------
    ArgumentError
        When it is none.
    """
    path = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(path, str) or not path or "\0" in path:
        raise ArgumentError(
            f"{name} is the path of a folder. Received: {name}={given!r}. Pass for example 'logs'."
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
        The absolute path of the folder, counted from where the run began.
    """

    def __init__(self, log_dir: str) -> None:
        self.log_dir = log_dir
        self._base: str | None = None  # the working folder of the run
        self._root: str | None = None
        self._writers: dict[str, EventWriter] = {}
        self._warned = False
        self._begin_files()

    def _begin_files(self) -> None:
        self.run = secrets.token_hex(4)
        self._sizes: dict[str, int] = {}  # of closed files, by their paths from the log folder on

    def begin_run(self) -> None:
        """Count the folder's path from the working folder of now."""
        self._base = working_folder()
        self._settle()

    def move(self, log_dir: str) -> None:
        """Go on in another folder, with files that are counted as another run's."""
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
        """The absolute path of the folder, counted from where the run began."""
        if self._root is None:
            self.begin_run()
        assert self._root is not None
        return self._root

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: a copy writes files of its own, and never cuts those of the original."""
        return {**vars(self), "run": secrets.token_hex(4), "_writers": {}, "_sizes": {}, "_warned": False}

    def writer(self, name: str, engine: str) -> EventWriter:
        """Return the writer for a folder, with the checksums of an engine."""
        if name not in self._writers:
            folder = os.path.join(self.root, name)
            self._writers[name] = EventWriter(folder, kernels.load(engine), run=self.run, warn=self._warn)
        return self._writers[name]

    def attempt(self, write: Callable[..., object], *args: Any) -> None:
        """Write a file beside the event files, or say that it cannot be written."""
        try:
            write(*args)
        except OSError as error:
            self._warn(
                f"TensorBoard cannot write {quoted(error.filename)}: {error.strerror}. Training goes on."
            )

    def _warn(self, text: str) -> None:
        """Say the first trouble only: the others have the same reason, as a rule."""
        if not self._warned:
            console.warn(text)
        self._warned = True

    def close(self) -> None:
        """Close all files."""
        for writer in self._writers.values():
            writer.flush()
            self._note(writer, self._sizes)
            writer.close()
        self._writers.clear()
        self._warned = False

    def _note(self, writer: EventWriter, sizes: dict[str, int]) -> None:
        if writer.path is not None:
            sizes[os.path.relpath(writer.path, self.root).replace(os.sep, "/")] = writer.size

    def get_state(self) -> dict[str, Any]:
        """Return the run's word and the sizes of its files, when all that they say is on the disk."""
        sizes = dict(self._sizes)
        for writer in self._writers.values():
            if atomic.flushing():
                writer.sync()
            else:
                writer.flush()
            self._note(writer, sizes)
        return {"run": self.run, "sizes": sizes}

    def set_state(self, state: dict[str, Any]) -> None:
        """Cut the files of that run to these sizes; what was begun later is removed."""
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
                f"{', '.join(sorted(short))}. What they lack is lost; training goes on in new files."
            )

    def _files(self) -> list[str]:
        """The files of the run, by their paths from the log folder on."""
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
