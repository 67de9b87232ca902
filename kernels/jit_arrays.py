"""The one place that knows how Numba compiles and keeps: the decorators that compile a kernel.

Compiled code is kept on disk, so that only the first process waits for it. Numba notices a change of the file that a
function stands in, and of no other, though it compiles into it what the function calls. So what is kept is found
again only under the state that all files of this package were in, and only if it is whole: machine code that was cut
short by a full disk or a power failure must never run. What cannot be read is compiled again, what cannot be written
is not kept.
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
    """Compile `function` when it is first called; it runs without the interpreter lock."""
    return _compile(function, fastmath=False)


def jit_sums(function: Function) -> Function:
    """Compile as `jit` does, but let a sum be added up in any order, which lets it use vector instructions.

    Nothing else is loosened: NaN and infinity come through, and the rounding error of a sum in several lanes
    is smaller than that of one long chain.
    """
    return _compile(function, fastmath={"reassoc"})


class _Kept(FunctionCache):
    """The cache of one function, which knows of all files that may be compiled into it."""

    def __init__(self, function: Function) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _Sealed(self.cache_path, self._impl.filename_base, locator.get_source_stamp())

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return super()._index_key(signature, codegen), _STAMP

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep what was compiled, where there is room for it."""
        try:
            super().save_overload(signature, data)
        except OSError as error:
            _warn_once(self.cache_path, error)


class _Sealed(IndexDataCacheFile):
    """The files of a cache, each behind the checksum of its content; one that is damaged counts as missing.

    An entry's checksum has its key in it, since two processes may give one file name to entries of their own.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write an entry."""
        super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        """Return the entry of a key; None when there is none that is whole."""
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
        """Return what `_write` wrote under this key; raise an OSError when that is not there, or not whole."""
        content = Path(path).read_bytes()
        data = content[_VERSIONS.digest_size :]
        if content[: _VERSIONS.digest_size] != _seal(key, data):
            raise OSError(f"{path} is damaged, or not of these versions and this key")
        return pickle.loads(data)

    def _write(self, path: str, key: Any, what: Any) -> None:
        data = self._dump(what)
        with self._open_for_write(path) as file:
            file.write(_seal(key, data) + data)


_VERSIONS = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {sys.version}".encode())
"""The beginning of every checksum: nothing is read that other versions wrote."""


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
            f"Compiled kernels should be kept for the next process. Received: {error}, in {folder}. "
            "Make room there, or set NUMBA_CACHE_DIR to another folder; until then every process compiles them."
        )


def _stamp() -> tuple[tuple[str, int, int], ...]:
    """Every file of this package with its time and size."""
    states = [(path.name, path.stat()) for path in sorted(Path(__file__).parent.glob("*.py"))]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)


_STAMP = _stamp()


def _compile(function: Any, fastmath: bool | set[str], **options: bool) -> Any:
    compiled: Any = njit(nogil=True, error_model="numpy", fastmath=fastmath, **options)(function)
    # no folder to keep it in, beside the source or at home: every process compiles it
    with suppress(RuntimeError):
        compiled._cache = _Kept(function)
    compiled._compile_for_args = _whole(compiled._compile_for_args)
    return compiled


def _whole(compile_for_args: Callable[..., Any]) -> Callable[..., Any]:
    """Compile as Numba does, with interrupts held: it imports as it goes, and drops exceptions of others on its way."""

    def held(*args: Any, **options: Any) -> Any:
        with interrupts.held():
            return compile_for_args(*args, **options)

    return held
