"""Who may use what takes part in a training."""

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest

from minifit.callbacks import LambdaCallback
from minifit.errors import BusyError
from tests.small_models import small_model

X = np.sin(np.arange(12, dtype=np.float32)).reshape(4, 3)
Y = np.cos(np.arange(4, dtype=np.float32)).reshape(4, 1)


def test_a_nested_state_shares_model_and_optimizer_but_not_the_place() -> None:
    model = small_model()
    model.fit(X, Y, epochs=2, verbose=0)
    outer = model.training_state
    inner = outer.nested()
    assert type(inner) is type(outer)
    assert inner.optimizer is outer.optimizer
    assert inner.streams is outer.streams
    assert inner.objective is not outer.objective
    inner.epoch, inner.stop_training = 99, True
    assert (outer.epoch, outer.stop_training) == (2, False)


def test_a_second_user_of_the_sums_gets_sums_of_its_own() -> None:
    state = small_model().training_state
    with state.sums() as first, state.sums() as second:
        running = state.running
        assert first is state.objective
        assert second is not first
    assert (running, state.running) == (True, False)
    with state.sums() as again:
        assert again is first


def test_another_thread_is_refused_while_one_trains() -> None:
    model, refused = small_model(), []

    def train(*_: Any) -> None:
        with pytest.raises(BusyError, match="one thread can train a model at a time"):
            model.train_on_batch(X, Y)
        refused.append(True)

    def in_another_thread(*_: Any) -> None:
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()

    model.fit(X, Y, verbose=0, callbacks=[LambdaCallback(on_epoch_end=in_another_thread)])
    assert refused == [True]
    assert model.training_state.trained_by is None


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_made_in_a_hook_is_not_running(copied: Any) -> None:
    model, copies = small_model(), []
    take = LambdaCallback(on_epoch_end=lambda *_: copies.append(copied(model.training_state)))
    model.fit(X, Y, verbose=0, epochs=2, callbacks=[take])
    for number, made in enumerate(copies, 1):
        assert made.epoch == number
        assert made.batches is made.judged_on is made.callbacks is made.step is made.trained_by is None
