"""At random graphs both engines agree, a captured state goes on bit for bit, and copies hold the same model."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifit import nest
from minifit.callbacks import LambdaCallback
from tests.house.random_graphs import BATCHES, Drawn, graphs
from tests.lowering.agreeing import reason_of
from tests.training.resuming import same

PLACES = st.integers(0, 7)


def goes_on(drawn: Drawn, place: int, batches: bool) -> None:
    """Assert that a run goes on bit for bit from a place before its end: after a batch, or after an epoch."""
    places = drawn.epochs * BATCHES - 1 if batches else drawn.epochs - 1
    same(drawn, 1 + place % places, batches)


@given(graphs, PLACES, st.booleans())
@settings(max_examples=40)
def test_a_captured_state_goes_on(drawn: Drawn, place: int, batches: bool) -> None:
    goes_on(drawn, place, batches)


@pytest.mark.soak
@given(graphs, PLACES, st.booleans())
@settings(max_examples=1000, derandomize=False)
def test_a_captured_state_goes_on_a_thousand_times(drawn: Drawn, place: int, batches: bool) -> None:
    goes_on(drawn, place, batches)


@given(graphs)
@settings(max_examples=5)
def test_there_are_as_many_batches_as_are_counted_on(drawn: Drawn) -> None:
    seen: list[int] = []
    drawn.fit(drawn.model(), LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch)))
    assert len(seen) == drawn.epochs * BATCHES


@given(graphs)
@settings(max_examples=15)
def test_a_copy_predicts_and_trains_alike(drawn: Drawn) -> None:
    model = drawn.model()
    drawn.fit(model)
    other, (x, _) = copy.deepcopy(model), drawn.data()
    for a, b in zip(nest.flatten(model.predict(x)), nest.flatten(other.predict(x)), strict=True):
        np.testing.assert_array_equal(a, b)
    for each in (model, other):
        drawn.fit(each)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def engines_agree(drawn: Drawn) -> None:
    """Assert that a graph trains on both engines alike, whether it is lowered to a program or not.

    By gradient descent: other optimizers make a full step of a gradient that is all but 0.
    """
    x, y = drawn.data()
    reason_of(replace(drawn, optimizer="sgd").model, x, y, batch_size=6)


@given(graphs)
@settings(max_examples=20)
def test_the_engines_agree(drawn: Drawn) -> None:
    engines_agree(drawn)


@pytest.mark.soak
@given(graphs)
@settings(max_examples=1000, derandomize=False)
def test_the_engines_agree_a_thousand_times(drawn: Drawn) -> None:
    engines_agree(drawn)
