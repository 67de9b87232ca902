"""The compiled kernels: where the machine code of the instructions of programs lies.

Code that an earlier process has kept on disk is loaded, which takes milliseconds and no Numba. All other code is
compiled when a program first needs it, which imports Numba, and is kept.
"""

import ctypes
import threading
from collections.abc import Callable, Sequence
from typing import Any

from minifit import interrupts
from minifit.kernels import kept, machine, reference
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
        codes = {name: _code(name) for name in dict.fromkeys(names) if name not in _addresses}
        if codes:
            with interrupts.held():
                _addresses.update(machine.load(codes))
    return [_addresses[name] for name in names]


def is_kept(name: str) -> bool:
    """Return whether an earlier process has compiled an instruction and kept it."""
    return kept.read(name, machine.name()) is not None


def _code(name: str) -> bytes:
    """Return object code that was kept, or else compile and keep it."""
    code = kept.read(name, machine.name())
    if code is None:
        with interrupts.held():  # Numba drops exceptions of others on its way
            with interrupts.importing("minifit.kernels.instructions"):
                from minifit.kernels import instructions  # imports Numba

            code = getattr(instructions, name).compile()
            kept.write(name, machine.name(), code)
    return code


def __getattr__(name: str) -> Any:
    if name == "carry_out":
        function = globals()[name] = _driver()
        return function
    with interrupts.importing("minifit.kernels.compiled_arrays"):
        from minifit.kernels import compiled_arrays  # imports Numba

    return getattr(compiled_arrays, name)


def _driver() -> Callable[[int], int]:
    """Return the function that carries out programs, by the address of its arguments: see `minifit.kernels.driver`."""
    (address,) = addresses(["carry_out"])
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)
