"""Small runs on the NumPy kernels: a test that is about the compiled ones asks for them."""

import pytest


@pytest.fixture(autouse=True)
def _numpy_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
