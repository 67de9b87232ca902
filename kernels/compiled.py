"""The compiled kernels: where the machine code of the instructions of programs lies.

Code that an earlier process has kept on disk is loaded, which takes milliseconds and no Numba. All other code is
compiled when a program first needs it, which imports Numba, and is kept.
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
"""Whether these kernels are the compiled ones."""

__all__ = ["COMPILED", "FUSED_ACTIVATIONS", "addresses", "carry_out", "is_kept"]
__all__ += [name for name in reference.__all__ if name != "FUSED_ACTIVATIONS"]

carry_out: Callable[[int], int]

_addresses: dict[str, int] = {}
_one_at_a_time = threading.RLock()


def addresses(names: Sequence[str]) -> list[int]:
    """Return where the machine code of instructions lies in this process.

    Parameters
    ----------
    names : sequence of str
        Of `minifit.kernels.instructions`.
    """
    with _one_at_a_time:
        needed = [name for name in dict.fromkeys(names) if name not in _addresses]
        found = {name: kept.read(name, machine.name()) for name in needed}
        codes = {name: code for name, code in found.items() if code is not None}
        if len(codes) < len(needed):
            codes |= _compiled([name for name in needed if name not in codes])
        if needed:
            with interrupts.held():
                _addresses.update(machine.load(codes))
    return [_addresses[name] for name in names]


def is_kept(name: str) -> bool:
    """Return whether an instruction needs no Numba: an earlier process kept it, or it is written down."""
    return kept.read(name, machine.name()) is not None or name in written.read([name])


def _compiled(names: Sequence[str]) -> dict[str, bytes]:
    """Compile instructions and keep them: LLVM compiles one while Numba writes the next one down, if it has to."""
    written_down = written.read(names)
    with futures.ThreadPoolExecutor(1) as llvm:
        waiting: dict[str, futures.Future[bytes]] = {}
        try:
            for name in names:
                with interrupts.held():  # Numba drops exceptions of others on its way
                    bitcode = written_down.get(name)
                    if bitcode is None:
                        waiting[name] = llvm.submit(_from_text, name, _text(name))
                    else:
                        waiting[name] = llvm.submit(machine.make, bitcode)
        finally:  # an interrupt loses nothing of what was done before
            codes = {name: each.result() for name, each in waiting.items()}
            for name, code in codes.items():
                kept.write(name, machine.name(), code)
    return codes


def _text(name: str) -> list[str]:
    with interrupts.importing("minifit.kernels.instructions"):
        from minifit.kernels import instructions  # imports Numba
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
    """Return the kernels of single ops: the reference where Numba is gone or broken, which programs do not notice."""
    try:
        with interrupts.importing("minifit.kernels.compiled_arrays"):
            from minifit.kernels import compiled_arrays  # imports Numba
    except Exception:  # a mismatched Numba fails with ImportError, SystemError, AttributeError, ...
        return reference
    return compiled_arrays


def _driver() -> Callable[[int], int]:
    """Return the function that carries out programs, by the address of its arguments: see `minifit.kernels.driver`."""
    (address,) = addresses(["carry_out"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)
