"""Relative paths, resolved during a whole run from the working folder in which it began.

So `os.chdir` in a hook does not move files. Errors name a working folder that was deleted, which the system does not.
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
    """Return a valid path for `path` relative to `folder`: `path` itself while `folder` is the working folder.

    Parameters
    ----------
    folder : str or None
        The working folder in which a run began; None if it was deleted.
    path : str or PathLike

    Raises
    ------
    FileNotFoundError
        For a relative path when the working folder had been deleted; `filename` is `path`.
    """
    name = os.fspath(path)
    if os.path.isabs(name):
        return name
    if folder is None:
        raise FileNotFoundError(
            errno.ENOENT,
            f"A relative path needs a working folder. Received: one that was deleted{_its_name()}. "
            "Change to another folder, or give an absolute path",
            name,
        )
    return name if folder == working_folder() else os.path.join(folder, name)


def absolute(path: str | os.PathLike[str], folder: str | None = None) -> str:
    """Return the absolute path of `path` relative to a folder, by default the current working folder.

    Raises
    ------
    FileNotFoundError
        For a relative path when the working folder was deleted; `filename` is `path`.
    """
    folder = folder or working_folder()
    return os.path.join(folder or "", in_folder(folder, path))


def _its_name() -> str:
    """Return the name of a deleted working folder in parentheses, or an empty text if the system does not know it."""
    try:
        name = os.readlink("/proc/self/cwd").removesuffix(" (deleted)")
    except OSError:
        # Other systems than Linux: the shell may have set a variable.
        name = os.environ.get("PWD", "")
    return f" ({name})" if name else ""
