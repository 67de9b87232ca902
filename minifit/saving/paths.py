"""Relative paths are counted from one folder in the whole of a run: the working folder in which it began.

So `os.chdir` in a hook moves no file. A working folder that was deleted is named, which the system itself does not.
"""

import errno
import os


def working_folder() -> str | None:
    """Return the working folder, or None when it was deleted."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return None


def in_folder(folder: str | None, path: str | os.PathLike[str]) -> str:
    """Return a path to what `path` names in `folder`: `path` itself while that is the working folder.

    Parameters
    ----------
    folder : str or None
        The `working_folder` in which a run began.
    path : str or PathLike

    Raises
    ------
    FileNotFoundError
        For a relative path when the working folder had been deleted; `filename` is `path`.
    """
    given = os.fspath(path)
    if os.path.isabs(given):
        return given
    if folder is None:
        raise FileNotFoundError(
            errno.ENOENT,
            f"A relative path needs a working folder. Received: one that was deleted{_its_name()}. "
            "Change to another folder, or give an absolute path",
            given,
        )
    return given if folder == working_folder() else os.path.join(folder, given)


def absolute(path: str | os.PathLike[str], folder: str | None = None) -> str:
    """Return the absolute path of what `path` names in a folder, by default in the working folder of now.

    Raises
    ------
    FileNotFoundError
        For a relative path when the working folder was deleted; `filename` is `path`.
    """
    folder = folder or working_folder()
    return os.path.join(folder or "", in_folder(folder, path))


def _its_name() -> str:
    """Return the name of a working folder that was deleted, in parentheses, where the system remembers it."""
    try:
        name = os.readlink("/proc/self/cwd").removesuffix(" (deleted)")
    except OSError:  # not Linux: the shell may have left a note
        name = os.environ.get("PWD", "")
    return f" ({name})" if name else ""
