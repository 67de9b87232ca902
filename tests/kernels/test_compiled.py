"""The machine code of instructions has addresses, and lies on disk for later processes."""

import sys
import threading

import pytest

from minifit import kernels
from minifit.kernels import compiled, reference


def test_it_has_all_that_the_reference_has() -> None:
    assert set(compiled.__all__) - set(reference.__all__) == {"addresses", "carry_out", "is_kept"}
    assert set(reference.__all__) <= set(compiled.__all__)
    assert compiled.FUSED_ACTIVATIONS == ("linear", "relu", "sigmoid", "tanh")


def test_an_instruction_has_one_address_in_a_process() -> None:
    once = compiled.addresses(["clear", "relu", "clear"])
    assert once[0] == once[2] != once[1]
    assert compiled.addresses(["relu", "clear"]) == once[1::-1]


def test_threads_get_the_same_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_addresses", {})
    found: list[list[int]] = []
    threads = [threading.Thread(target=lambda: found.append(compiled.addresses(["clear"]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] for each in found)


def test_without_numba_single_ops_are_those_of_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(kernels, "compiled_arrays", raising=False)
    monkeypatch.setitem(sys.modules, "minifit.kernels.compiled_arrays", None)  # an import of it fails
    compiled._arrays.cache_clear()
    try:
        assert compiled.dense_forward is reference.dense_forward
    finally:
        compiled._arrays.cache_clear()
    assert compiled.addresses(["relu"])
