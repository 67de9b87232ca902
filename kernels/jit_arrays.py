"""The decorators that compile a kernel with Numba and cache it on disk.

The cache makes only the first process wait. Numba itself checks only the file of a function for changes, although the
compiled code includes the functions it calls from other files. A cache entry here is therefore valid for one state of
all files of this package, and only if it is intact: machine code truncated by a full disk or a power failure must never
run. Entries that cannot be read are compiled again, and a cache that cannot be written is skipped.
"""

import hashlib
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

from minifit import console, interrupts

Function = TypeVar("Function", bound=Callable[..., Any])


def jit(function: Function) -> Function:
    """Compile `function` at its first call; it runs without the interpreter lock."""
    return _compile(function, fastmath=False)


def jit_sums(function: Function) -> Function:
    """Compile as `jit` does, but allow sums in any order, so that they can use vector instructions.

    No other rule is relaxed: NaN and infinity are preserved, and the rounding error of a sum in several lanes is
    smaller than that of one long chain.
    """
    return _compile(function, fastmath={"reassoc"})


class _Kept(FunctionCache):
    """The cache of one function, valid for one state of all files that may be compiled into it."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _Sealed(self.cache_path, self._impl.filename_base, locator.get_source_stamp())

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return super()._index_key(signature, codegen), _STAMP

    def save_overload(self, signature: Any, data: Any) -> None:
        """Write the compiled code to the cache; warn once if that fails."""
        try:
            super().save_overload(signature, data)
        except OSError as error:
            _warn_once(self.cache_path, error)


class _Sealed(IndexDataCacheFile):
    """The files of a cache, each with a checksum of its content in front; a damaged file counts as missing.

    The checksum of an entry includes its key, since two processes may use one file name for different entries.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write an entry."""
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        """Return the entry of a key; None when there is no intact one."""
        name = self._load_index().get(key)
        try:
            return None if name is None else self._read(self._data_path(name), key)
        except OSError:
            return None

    def _load_index(self) -> dict[Any, str]:
        try:
            names: dict[Any, str] = self._read(self._index_path, self._source_stamp)
        except OSError:
            return {}
        return names

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, self._source_stamp, overloads)

    def _save_data(self, name: str, data: tuple[Any, Any]) -> None:
        self._write(self._data_path(name), *data)

    def _read(self, path: str, key: Any) -> Any:
        """Return the object that `_write` wrote under this key; raise an OSError when it is missing or damaged."""
        content = Path(path).read_bytes()
        data = content[_VERSIONS.digest_size :]
        if content[: _VERSIONS.digest_size] != _seal(key, data):
            raise OSError(f"{path} is damaged, or not of these versions and this key")
        return pickle.loads(data)

    def _write(self, path: str, key: Any, entry: Any) -> None:
        data = self._dump(entry)
        with self._open_for_write(path) as file:
            file.write(_seal(key, data) + data)


_VERSIONS = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
"""The start of every checksum, so that files of other versions are not read."""


def _seal(key: Any, data: bytes) -> bytes:
    checksum = _VERSIONS.copy()
    for part in (repr(key).encode(), data):
        checksum.update(hashlib.sha256(part).digest())
    return checksum.digest()


_warned: set[str] = set()


def _warn_once(folder: str, error: OSError) -> None:
    if not _warned:
        _warned.add(folder)
        console.warn(
            f"Compiled kernels should be cached for the next process. Received: {error}, in {folder}. "
            "Make room there, or set NUMBA_CACHE_DIR to another folder; until then every process compiles them again."
        )


def _stamp() -> tuple[tuple[str, int, int], ...]:
    """Return every file of this package with its time and size."""
    states = [(path.name, path.stat()) for path in sorted(Path(__file__).parent.glob("*.py"))]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


_STAMP = _stamp()


def _compile(function: Any, fastmath: bool | set[str], **options: bool) -> Any:
    compiled: Any = njit(nogil=True, error_model="numpy", fastmath=fastmath, **options)(function)
    # without a folder for the cache, beside the source or at home, every process compiles again
    with suppress(RuntimeError):
        compiled._cache = _Kept(function)
    compiled._compile_for_args = _hold_interrupts(compiled._compile_for_args)
    return compiled


def _hold_interrupts(compile_for_args: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap Numba's compile function to hold interrupts, since Numba imports and drops exceptions while it compiles."""

    def compile_held(*args: Any, **options: Any) -> Any:
        with interrupts.held():
            return compile_for_args(*args, **options)

    return compile_held
