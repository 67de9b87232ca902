"""Single batches, alone and in a hook of a fit: what is nested in a fit disturbs nothing, whatever it does."""

from typing import Any

import numpy as np
import pytest

from minifit.callbacks import Callback
from tests.small_models import two_layers

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
Y = 3 * X + 1


def test_one_batch_at_a_time() -> None:
    model = two_layers()
    model.compile("sgd", "mse", metrics=["mae"])
    before = model.test_on_batch(X, Y)
    assert model.train_on_batch(X, Y) == pytest.approx(before)
    assert model.train_on_batch(X, Y, return_dict=True)["loss"] < before[0]
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X))


def losses_with(act: Any) -> list[float]:
    """The losses of a fit in whose first epoch's end something is done."""

    class Acts(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                act(self.model)

    history = two_layers().fit(X, Y, epochs=4, shuffle=False, verbose=0, callbacks=[Acts()])
    assert history is not None
    return history.history["loss"]


def train_a_batch(model: Any) -> None:
    weights, state = model.get_weights(), model.optimizer.iterations.numpy()
    model.train_on_batch(X, Y)
    model.set_weights(weights)
    model.optimizer.iterations.assign(state)


def train_another_with_its_optimizer(model: Any) -> None:
    iterations = model.optimizer.iterations.numpy()
    two_layers(model.optimizer).train_on_batch(X, Y)
    model.optimizer.iterations.assign(iterations)


def apply_no_gradient_by_hand(model: Any) -> None:
    model.optimizer.apply_gradients([(np.zeros((1, 3)), model.weights[0])])


@pytest.mark.parametrize(
    "act",
    [
        train_a_batch,
        train_another_with_its_optimizer,
        apply_no_gradient_by_hand,
    ],
    ids=["a batch", "shared optimizer", "by hand"],
)
def test_what_is_done_in_a_hook_does_not_reach_the_fit(act: Any) -> None:
    assert losses_with(act) == losses_with(lambda model: None)
