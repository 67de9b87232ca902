from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.callbacks import Callback
from minifit.distribute import MirroredStrategy, get_strategy
from minifit.errors import ArgumentError
from minifit.layers import Dense, Dropout, Input
from minifit.optimizers import Adam
from minifit.training.together import synchronize
from minifit.utils import set_random_seed
from tests.distribute.threads import ThreadWorkers, run_threads

X, Y = np.ones((8, 3), np.float32), np.ones((8, 1), np.float32)


def made(seed: int, units: int = 2) -> Any:
    set_random_seed(seed)
    model = Sequential([Input((3,)), Dense(units), Dropout(0.5), Dense(1)])
    model.compile(Adam(0.1 * (1 + seed)), "mse")
    return model


def state_of(model: Any) -> Any:
    optimizer = model.optimizer
    return [
        [w.tolist() for w in [*model.get_weights(), *optimizer.get_weights()]],
        float(optimizer.learning_rate.numpy()),
        model.training_state.streams.get_state(),
    ]


def test_all_workers_begin_with_the_numbers_of_the_chief() -> None:
    models = [made(seed) for seed in range(3)]
    for model in models:
        model.fit(X, Y, verbose=0)
    expected = state_of(models[0])
    assert state_of(models[1]) != expected

    def begin(workers: ThreadWorkers) -> Any:
        model = models[workers.rank]
        model.workers = workers
        synchronize(model)
        return state_of(model), workers.messages

    for state, messages in run_threads(3, begin):
        assert (state, messages) == (expected, 2)


def test_nothing_is_sent_where_all_have_the_same() -> None:
    model = made(1)

    def begin(workers: ThreadWorkers) -> Any:
        class Same:
            """The one model, as each worker would have it."""

            def __getattr__(self, name: str) -> Any:
                return workers if name == "workers" else getattr(model, name)

        synchronize(Same())
        return workers.messages

    assert run_threads(2, begin) == [1, 1]


def test_other_models_are_refused() -> None:
    models = [made(0), made(0, units=4)]

    def begin(workers: ThreadWorkers) -> None:
        models[workers.rank].workers = workers
        synchronize(models[workers.rank])

    with pytest.raises(ArgumentError, match=r"\[3, 2\].* on the chief and \[\[3, 4\]"):
        run_threads(2, begin)


def test_models_that_are_compiled_otherwise_are_refused() -> None:
    models = [made(0), made(0)]
    models[1].compile(Adam(0.1), "mae")

    def begin(workers: ThreadWorkers) -> None:
        models[workers.rank].workers = workers
        models[workers.rank].fit(X, Y, verbose=0)

    with pytest.raises(ArgumentError, match="'mean_squared_error' on the chief and 'mean_absolute_error'"):
        run_threads(2, begin)


class Asking(Callback):
    """Asks for the strategy at the end of a batch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.found = get_strategy()


def test_a_fit_is_in_the_scope_of_its_strategy() -> None:
    strategy, asking = MirroredStrategy(), Asking()
    with strategy.scope():
        model = Sequential([Dense(1, input_shape=(2,))])
        model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[asking])
    assert asking.found is strategy and get_strategy().is_default
    with (
        pytest.raises(ArgumentError, match="within the scope of another strategy"),
        MirroredStrategy().scope(),
    ):
        model.predict(np.ones((4, 2)))
