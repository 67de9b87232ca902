"""The cache of machine code on disk, so that only the first process waits for compiling.

A file holds the code of one instruction after a checksum of everything the code depends on: the code itself, the state
of all files of this package, the versions of the compilers, and the processor. A file that was truncated by a full disk
or a power failure, or that has another state, counts as missing: its code never runs. A cache that cannot be written is
skipped.
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
    """Return the cached code of an instruction for a machine; None when no intact file is found."""
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
    """Write code to the first folder that can be written; warn once if none can."""
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
    """Write a file atomically."""
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
    """Return the folders of the cache in order of preference."""
    own = hashlib.sha256(os.fsencode(_HERE)).hexdigest()[:12]
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen) / f"minifit-{own}"]
    return [_HERE / "__pycache__", _of_user() / f"minifit-{own}"]


def _of_user() -> Path:
    """Return the user's folder for caches."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def _file(name: str, machine: str) -> str:
    """Return a file name that depends on the machine and the versions, so that they do not overwrite each other."""
    return f"{name}-{hashlib.sha256(f'{_versions()} {machine}'.encode()).hexdigest()[:12]}.code"


def _seal(name: str, machine: str, code: bytes) -> bytes:
    seal = hashlib.sha256(f"{name} {_versions()} {machine} {_STATE}".encode())
    seal.update(hashlib.sha256(code).digest())
    return seal.digest()


_SIZE = hashlib.sha256().digest_size


@cache
def _versions() -> str:
    """Return the versions of Python, NumPy and Numba, if possible without importing Numba."""
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
    """Return every file of this package with its time and size."""
    states = [(path.name, path.stat()) for path in sorted(_HERE.glob("*.py"))]
    return [(name, state.st_mtime_ns, state.st_size) for name, state in states]


_STATE = _state()

_warned: set[str] = set()


def _warn_once(error: OSError) -> None:
    if not _warned:
        _warned.add("")
        console.warn(
            f"Compiled kernels should be cached for the next process. Received: {error}. "
            "Make room there, or set NUMBA_CACHE_DIR to another folder; until then every process compiles them again."
        )
