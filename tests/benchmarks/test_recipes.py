"""The models that people train: their data, and that the library and the loops by hand carry them out."""

from typing import Any

import numpy as np
import pytest

from tests.benchmarks import callers, trainers
from tests.benchmarks.implementations import IMPLEMENTATIONS, LIBRARIES
from tests.benchmarks.recipes import RECIPES, data_for


@pytest.mark.parametrize("name", RECIPES)
def test_the_library_trains_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    recipe = RECIPES[name]
    small = recipe._replace(samples=2 * recipe.batch)
    first, later = trainers.keras_fit(small, 0.0, LIBRARIES["minifit"])
    assert first > 0
    assert len(later) == 1


@pytest.mark.parametrize("name", RECIPES)
def test_data_fill_their_batches_and_have_the_sizes_of_the_recipe(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.samples % recipe.batch == 0
    data = data_for(recipe._replace(samples=100))
    assert data.x.shape == (100, recipe.inputs)
    assert (data.x.dtype == np.int32) == bool(recipe.words)
    assert (data.weights is not None) == (recipe.weights == "samples")
    assert len(data.y) == 100


def test_a_recipe_says_its_shape() -> None:
    assert RECIPES["smalldrop"].shape == "64-64-drop-32-drop-10, adam, batch 32"
    assert RECIPES["embed"].shape == "20-embed-16-1, adam, batch 64"


def test_every_trainer_and_caller_has_a_title() -> None:
    assert {*trainers.TRAINERS, *callers.CALLERS} <= set(IMPLEMENTATIONS)


@pytest.mark.parametrize("name", ["minifit", "numpy"])
def test_single_calls(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    monkeypatch.setattr(callers, "ROWS", 64)
    found: dict[str, Any] = callers.timed_calls(name, 0.0)
    assert list(found) == list(callers.CALLS)
    assert min(found.values()) > 0


def test_the_model_by_hand_learns() -> None:
    calls = callers.numpy_calls()
    _, y = callers.rows()

    def error() -> float:
        return float(np.square(calls["predict 10,000 rows"]()[:32] - y[:32]).mean())

    before = error()
    for _ in range(200):
        calls["train on a batch"]()
    assert error() < 0.5 * before
