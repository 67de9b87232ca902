"""Machine code: made of text, loaded, called by its address."""

import ctypes

import pytest

from minifit.kernels import machine

TWICE = """
define i64 @twice(i64 %x) {
  %y = call i64 @inner(i64 %x)
  ret i64 %y
}
declare i64 @inner(i64)
"""
INNER = """
define i64 @inner(i64 %x) {
  %y = add i64 %x, %x
  ret i64 %y
}
"""


def called(address: int, x: int) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)(x)  # type: ignore[no-any-return]


def test_parts_are_one_function_that_can_be_loaded_again_and_again() -> None:
    code = machine.make(machine.simplify("twice", [TWICE, INNER]))
    addresses = [machine.load({"twice": code})["twice"] for _ in range(2)]
    assert addresses[0] != addresses[1]
    assert [called(address, 21) for address in addresses] == [42, 42]


def test_several_functions_are_loaded_at_once() -> None:
    texts = {"twice": [TWICE, INNER], "inner": [INNER]}
    found = machine.load({name: machine.make(machine.simplify(name, texts[name])) for name in texts})
    assert [called(found[name], 4) for name in texts] == [8, 8]


def test_a_function_that_is_nowhere_is_refused_by_name() -> None:
    """Looked for in vain when it is loaded, it would end the process."""
    with pytest.raises(NotImplementedError, match="functions that are not in this process: inner"):
        machine.make(machine.simplify("twice", [TWICE]))


def test_what_code_is_made_for_names_the_processor_and_the_version() -> None:
    import llvmlite.binding as llvm

    assert llvm.get_process_triple() in machine.name()
    assert llvm.get_host_cpu_name() in machine.name()
