"""Instructions: from a Python function to machine code, once for all processes."""

import ctypes
import gc
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minifit.kernels import compiled, machine, written
from minifit.kernels import program as at
from minifit.kernels.compiled_vectors import integer
from minifit.kernels.jit import Instruction, instruction, jit_inner
from tests.interrupting import ctrl_c


def called(made: Instruction, *arguments: int) -> int:
    code = machine.make(machine.simplify(made.name, made.lower()))
    address = machine.load({made.name: code})[made.name]
    return int(ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(arguments))(address)(*arguments))


@jit_inner
def half(x: Any) -> Any:
    """Half a number."""
    return x / 2


@jit_inner
def applied(function: Any, x: Any) -> Any:
    """A function of a number."""
    return function(x)


@instruction
def halves(a: Any, b: Any) -> int:
    """The sum of two halves."""
    return int(applied(half, a) + half(np.float32(b)))


def test_inner_functions_are_a_part_of_an_instruction_for_every_type() -> None:
    assert called(halves, 7, 5) == 6


def test_an_inner_function_keeps_its_text() -> None:
    assert half.__doc__ == "Half a number."
    assert half.__name__ == "half"


@instruction
def raises(row: Any, frame: Any) -> int:
    """Fall over a number."""
    if integer(row) > 3:
        raise ValueError
    return at.GO_ON


def test_what_raises_is_refused() -> None:
    with pytest.raises(
        NotImplementedError, match=r"cannot raise. Received: raises. Return at.REFUSE instead"
    ):
        raises.lower()


def test_compiling_leaves_the_garbage_collector_as_it_was() -> None:
    assert gc.isenabled()
    halves.lower()
    assert gc.isenabled()
    gc.disable()
    try:
        halves.lower()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_numba_compiles_for_others_as_before() -> None:
    from numba import njit

    @njit(parallel=False)  # type: ignore[untyped-decorator]
    def total(x: Any) -> Any:
        found = 0.0
        for value in x:
            found += value
        return found

    halves.lower()
    assert total(np.arange(5.0)) == 10


# -- processes ------------------------------------------------------------------------------------------------

USE = """
import sys
import numpy as np
from minifit.kernels import load
kernels = load("numba")
kernels.addresses(["clear", "carry_out"])
print("numba" in sys.modules)
"""


def run_of(code: str, path: Path, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-B", "-c", code],
        env=os.environ | {"PYTHONPATH": str(path)} | environment,
        cwd=path,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or run.stderr


def test_a_second_process_needs_no_numba_until_a_file_of_the_package_changes(
    root: Path, tmp_path: Path
) -> None:
    package = tmp_path / "minifit"
    shutil.copytree(
        root / "kernels", package / "kernels", ignore=shutil.ignore_patterns("__pycache__", "*.zip")
    )
    for name in ("errors", "interrupts", "console"):
        shutil.copy(root / "minifit" / f"{name}.py", package)
    there = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    uses = [run_of(USE, tmp_path, **there), run_of(USE, tmp_path, **there)]
    with (package / "kernels" / "compiled_products.py").open("a") as file:
        file.write("# a change\n")
    uses += [run_of(USE, tmp_path, **there), run_of(USE, tmp_path, **there, NUMBA_DISABLE_JIT="0")]
    assert uses == ["True", "False", "True", "True"]


def test_a_damaged_file_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(written, "ARCHIVE", tmp_path / "none.zip")
    counted = counting(monkeypatch)
    for _ in range(2):
        monkeypatch.setattr(compiled, "_addresses", {})
        compiled.addresses(["clear"])
    assert counted == ["clear"]
    for file in tmp_path.rglob("*.code"):
        file.write_bytes(file.read_bytes()[:-1])
    monkeypatch.setattr(compiled, "_addresses", {})
    assert compiled.addresses(["clear"])[0] != 0
    assert counted == ["clear", "clear"]
    assert compiled.is_kept("clear")


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the instructions that are compiled."""
    counted: list[str] = []
    lower = Instruction.lower

    def counts(self: Instruction) -> list[str]:
        counted.append(self.name)
        return lower(self)

    monkeypatch.setattr(Instruction, "lower", counts)
    return counted


# -- interrupts -----------------------------------------------------------------------------------------------


class Steps:
    """Counts the calls of Numba's functions, and interrupts at one of them."""

    def __init__(self, at: int) -> None:
        self.counted, self.at = 0, at

    def __call__(self, frame: Any, event: str, arg: Any) -> Any:
        if f"{os.sep}numba{os.sep}" not in frame.f_code.co_filename:
            return None
        self.counted += 1
        if self.counted == self.at:
            signal.raise_signal(signal.SIGINT)
        return None


def test_an_interrupt_while_an_instruction_compiles_arrives_once_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    monkeypatch.setattr(written, "ARCHIVE", tmp_path / "none.zip")
    calls_of_numba(monkeypatch, 0)  # the first compilation of a process calls more than those that follow
    shutil.rmtree(folder)
    total = calls_of_numba(monkeypatch, 0)
    assert total > 1000
    for when in range(1, total * 9 // 10, total // 4):
        shutil.rmtree(folder)
        with pytest.raises(KeyboardInterrupt):
            counted = calls_of_numba(monkeypatch, when)
            raise AssertionError(f"{counted} calls, and no interrupt out of that at {when}")
        assert compiled.is_kept("clear")
        monkeypatch.setattr(compiled, "_addresses", {})
        assert compiled.addresses(["clear"])[0] != 0


def calls_of_numba(monkeypatch: pytest.MonkeyPatch, when: int) -> int:
    """Compile an instruction; how many functions of Numba were called."""
    steps, before = Steps(when), sys.gettrace()
    monkeypatch.setattr(compiled, "_addresses", {})
    with ctrl_c():
        sys.settrace(steps)
        try:
            compiled.addresses(["clear"])
        finally:
            sys.settrace(before)
    return steps.counted
