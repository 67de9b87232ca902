"""The two modules of kernels can stand for each other."""

import inspect

import pytest

from minifit.kernels import compiled, reference

KERNELS = [name for name in reference.__all__ if not name.isupper()]


def test_both_have_the_same_names() -> None:
    assert set(compiled.__all__) - set(reference.__all__) == {"carry_out", "instructions"}
    assert set(reference.__all__) <= set(compiled.__all__)
    assert compiled.FUSED_ACTIVATIONS == ("linear", "relu", "sigmoid", "tanh")


@pytest.mark.parametrize("name", KERNELS)
def test_both_take_the_same_arguments(name: str) -> None:
    assert inspect.signature(getattr(compiled, name)) == inspect.signature(getattr(reference, name))
