"""Every instruction is listed under its own name."""

import pytest

from minifit.kernels import instructions


@pytest.mark.parametrize("name", instructions.__all__)
def test_it_has_its_name(name: str) -> None:
    assert getattr(instructions, name).name == name
