"""Machine code that is kept on disk, so that only the first process waits for it.

A file holds the code of one instruction behind a checksum of everything that it depends on: itself, the state of all
files of this package, the versions of what compiled it, the processor. A file that is cut short by a full disk or a
power failure, or is not of this state, counts as missing: its code never runs. What cannot be written is not kept.
"""

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from minifit import console, interrupts

_HERE = Path(__file__).parent


def read(name: str, machine: str) -> bytes | None:
    """Return what is kept under this name for a machine; None when there is nothing that is whole."""
    for folder in _folders():
        try:
            content = (folder / _file(name, machine)).read_bytes()
        except OSError:
            continue
        seal, code = content[:_SIZE], content[_SIZE:]
        if seal == _seal(name, machine, code):
            return code
    return None


def write(name: str, machine: str, code: bytes) -> None:
    """Keep code where there is room for it; warn once where there is none."""
    failure: OSError | None = None
    for folder in _folders():
        try:
            _replace(folder / _file(name, machine), _seal(name, machine, code) + code)
            return
        except OSError as error:
            failure = failure or error
    # on Windows another process may hold the file that it has just written
    if failure is not None and read(name, machine) is None:
        _warn_once(failure)


def _replace(file: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    try:
        with open(number, "wb") as written:
            written.write(content)
        Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _folders() -> list[Path]:
    """The folders that may keep code, the best first."""
    own = hashlib.sha256(os.fsencode(_HERE)).hexdigest()[:12]
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen) / f"minifit-{own}"]
    return [_HERE / "__pycache__", _of_user() / f"minifit-{own}"]


def _of_user() -> Path:
    """The folder for caches of this user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _file(name: str, machine: str) -> str:
    """Name a file by the machine and the versions, so that they do not write over one another's."""
    return f"{name}-{hashlib.sha256(f'{_versions()} {machine}'.encode()).hexdigest()[:12]}.code"


def _seal(name: str, machine: str, code: bytes) -> bytes:
    seal = hashlib.sha256(f"{name} {_versions()} {machine} {_STATE}".encode())
    seal.update(hashlib.sha256(code).digest())
    return seal.digest()


_SIZE = hashlib.sha256().digest_size


@cache
def _versions() -> str:
    """The versions of Python, NumPy and Numba, which is not imported for it."""
    return f"{sys.version} {np.__version__} {_numba()}"


def _numba() -> str:
    spec = find_spec("numba")
    if spec is None:
        return ""
    try:
        return Path(spec.origin or "").with_name("_version.py").read_text(encoding="utf-8")
    except OSError:
        with interrupts.importing("numba"):
            import numba
        return str(numba.__version__)


def _state() -> list[tuple[str, int, int]]:
    """Every file of this package with its time and size."""
    states = [(path.name, path.stat()) for path in sorted(_HERE.glob("*.py"))]
    return [(name, state.st_mtime_ns, state.st_size) for name, state in states]


_STATE = _state()

_warned: set[str] = set()


def _warn_once(error: OSError) -> None:
    if not _warned:
        _warned.add("")
        console.warn(
            f"Compiled kernels should be kept for the next process. Received: {error}. "
            "Make room there, or set NUMBA_CACHE_DIR to another folder; until then every process compiles them."
        )
