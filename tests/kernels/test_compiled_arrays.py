"""The compiled kernels of single ops and those of plain NumPy can stand for each other."""

import inspect

import pytest

from minifit.kernels import compiled, compiled_arrays, reference

KERNELS = [name for name in reference.__all__ if not name.isupper()]


def test_both_have_the_same_names() -> None:
    assert set(compiled_arrays.__all__) == set(KERNELS)


@pytest.mark.parametrize("name", KERNELS)
def test_both_take_the_same_arguments(name: str) -> None:
    kernel = getattr(compiled_arrays, name)
    assert getattr(compiled, name) is kernel
    assert inspect.signature(kernel) == inspect.signature(getattr(reference, name))
