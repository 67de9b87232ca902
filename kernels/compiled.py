"""The compiled kernels, and the addresses of the instructions of programs.

Code that an earlier process cached on disk is loaded, which takes milliseconds and does not need Numba. Other code is
compiled when a program first needs it, and cached. Numba is imported for instructions that the package's archive lacks.
"""

import ctypes
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from functools import cache
from types import ModuleType
from typing import Any

from minifit import interrupts
from minifit.kernels import kept, machine, reference, written
from minifit.kernels.reference_dense import FUSED_ACTIVATIONS

COMPILED = True
"""True for the compiled kernels, False for the reference."""

__all__ = ["COMPILED", "FUSED_ACTIVATIONS", "addresses", "carry_out", "is_kept"]
__all__ += [name for name in reference.__all__ if name != "FUSED_ACTIVATIONS"]

carry_out: Callable[[int], int]

_addresses: dict[str, int] = {}
_one_at_a_time = threading.RLock()


def addresses(names: Sequence[str]) -> list[int]:
    """Return the addresses of the machine code of instructions in this process; compile it if necessary.

    Parameters
    ----------
    names : sequence of str
        Names in `minifit.kernels.instructions`.
    """
    with _one_at_a_time:
        needed = [name for name in dict.fromkeys(names) if name not in _addresses]
        cached = {name: kept.read(name, machine.name()) for name in needed}
        codes = {name: code for name, code in cached.items() if code is not None}
        if len(codes) < len(needed):
            codes |= _compile([name for name in needed if name not in codes])
        if needed:
            with interrupts.held():
                _addresses.update(machine.load(codes))
    return [_addresses[name] for name in names]


def is_kept(name: str) -> bool:
    """Return whether an instruction needs no Numba, because it is cached on disk or in the package's archive."""
    return kept.read(name, machine.name()) is not None or name in written.read([name])


def _compile(names: Sequence[str]) -> dict[str, bytes]:
    """Compile instructions and cache them: LLVM compiles one while Numba, if it is needed, lowers the next."""
    archived = written.read(names)
    with futures.ThreadPoolExecutor(1) as llvm:
        waiting: dict[str, futures.Future[bytes]] = {}
        try:
            for name in names:
                # Numba would drop a KeyboardInterrupt
                with interrupts.held():
                    bitcode = archived.get(name)
                    if bitcode is None:
                        waiting[name] = llvm.submit(_from_text, name, _text(name))
                    else:
                        waiting[name] = llvm.submit(machine.make, bitcode)
        # also after an interrupt, so that finished work is not lost
        finally:
            codes = {name: each.result() for name, each in waiting.items()}
            for name, code in codes.items():
                kept.write(name, machine.name(), code)
    return codes


def _text(name: str) -> list[str]:
    with interrupts.importing("minifit.kernels.instructions"):
        # imports Numba
        from minifit.kernels import instructions
    return instructions.TABLE[name].lower()


def _from_text(name: str, text: list[str]) -> bytes:
    return machine.make(machine.simplify(name, text))


def __getattr__(name: str) -> Any:
    if name == "carry_out":
        function = globals()[name] = _driver()
        return function
    return getattr(_arrays(), name)


@cache
def _arrays() -> ModuleType:
    """Return the kernels of single ops; the reference where Numba is missing or broken, which programs do not need."""
    try:
        with interrupts.importing("minifit.kernels.compiled_arrays"):
            # imports Numba
            from minifit.kernels import compiled_arrays
    # an incompatible Numba fails with ImportError, SystemError, AttributeError, ...
    except Exception:
        return reference
    return compiled_arrays


def _driver() -> Callable[[int], int]:
    """Return the function that runs programs; it takes the address of its arguments: see `minifit.kernels.driver`."""
    (address,) = addresses(["carry_out"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)
