"""The runner: batches that nobody watches are taken together, watched ones alone, and the bits are the same."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.callbacks import Callback, EarlyStopping, LambdaCallback, TerminateOnNaN
from minifit.data import Batches
from minifit.layers import Dense, Dropout
from minifit.training import runner as runner_module
from minifit.training import step as step_module
from minifit.training.runner import Runner
from minifit.training.step import PredictStep, TrainStep
from tests.small_models import small_model as new_model

X = np.sin(np.arange(30, dtype=np.float32)).reshape(10, 3)
Y = np.cos(np.arange(10, dtype=np.float32))


# -- batches that nobody watches -----------------------------------------------------------------------------


class Calls:
    """Counts calls of `Runner.run` and how many batches each took, with a clock that tests set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds_a_batch: float = 0.0) -> None:
        self.taken: list[int] = []
        self.now = 0.0
        run, takes = Runner.run, {cls: cls.take for cls in (TrainStep, PredictStep, step_module.TestStep)}

        def counted(
            step: Runner, batches: Batches, most: int | None, unit: int, stopped: Callable[[], bool]
        ) -> int:
            done = run(step, batches, most, unit, stopped)
            self.taken.append(done)
            return done

        monkeypatch.setenv("MINIFIT_KERNELS", "numpy")  # one call of `take` for each batch
        monkeypatch.setattr(Runner, "run", counted)
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        for cls, take in takes.items():

            def slow(step: Any, batch: Any, take: Any = take) -> None:
                self.now += seconds_a_batch
                take(step, batch)

            monkeypatch.setattr(cls, "take", slow)


def test_batches_that_nobody_watches_are_taken_together(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    new_model().fit(X, Y, batch_size=2, epochs=3, verbose=0, validation_data=(X, Y), validation_batch_size=1)
    assert calls.taken == [5, 10] * 3


def test_batches_that_somebody_watches_are_taken_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    seen = LambdaCallback(on_batch_end=lambda batch, logs: None)
    new_model().fit(X, Y, batch_size=2, verbose=0, validation_data=(X, Y), callbacks=[seen])
    assert calls.taken == [1, 1, 1, 1, 1, 5], "training one by one, validation together"


def test_only_the_watched_kind_is_taken_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    seen = LambdaCallback(on_test_batch_end=lambda batch, logs: None)
    new_model().fit(X, Y, batch_size=2, verbose=0, validation_data=(X[:6], Y[:6]), callbacks=[seen])
    assert calls.taken == [5, 1, 1, 1]


def test_who_watches_is_asked_anew_at_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    batches: list[int] = []

    class Late(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                self.on_train_batch_end = lambda batch, logs=None: batches.append(batch)  # type: ignore[method-assign]

    new_model().fit(X, Y, batch_size=5, epochs=2, verbose=0, callbacks=[Late()])
    assert calls.taken == [2, 1, 1]
    assert batches == [0, 1]


def test_a_chunk_ends_after_a_tenth_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, seconds_a_batch=0.03)
    new_model().fit(X, Y, batch_size=1, verbose=0)
    assert calls.taken == [4, 4, 2]
    assert runner_module.PAUSE == 0.1


def test_a_chunk_ends_at_whole_executions(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch, seconds_a_batch=0.06)
    new_model(steps_per_execution=3).fit(X, Y, batch_size=1, verbose=0)
    assert calls.taken == [3, 3, 3, 1]


class Counting(Callback):
    """Keeps numbers and words on the model, as programs do."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.batches_seen = batch + 1
        self.model.phase = "training"

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.stop_training = False


def test_plain_attributes_of_a_model_make_no_step_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(TrainStep, "follow_settings", lambda step: looks.append(1))
    model: Any = new_model()
    model.fit(np.ones((8, 3), "f"), np.ones(8), 2, epochs=3, callbacks=[Counting()], verbose=0)
    assert (looks, model.batches_seen, model.phase) == ([], 4, "training")


def test_a_flag_that_is_set_in_a_hook_is_looked_at() -> None:
    model = new_model()

    def freeze(epoch: int, logs: Any) -> None:
        model.layers[0].trainable = False

    with pytest.warns(UserWarning, match="trainable"):
        model.fit(
            np.ones((8, 3), "f"),
            np.ones(8),
            epochs=2,
            callbacks=[LambdaCallback(on_epoch_end=freeze)],
            verbose=0,
        )


def test_evaluate_and_predict_take_batches_together(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    model = new_model()
    model.evaluate(X, Y, batch_size=1, verbose=0)
    model.predict(X, batch_size=2)
    assert calls.taken == [10, 5]


@pytest.mark.parametrize("watched", [True, False])
def test_ctrl_c_ends_a_fit_that_nobody_watches(watched: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is delivered between two bytecodes; here at the third batch."""
    model, released = new_model(), []
    take, taken = TrainStep.take, []

    def pressed(step: TrainStep, batch: Any) -> None:
        taken.append(batch)
        if len(taken) == 3:
            raise KeyboardInterrupt
        take(step, batch)

    class Closing(Callback):
        def on_train_end(self, logs: Any = None) -> None:
            raise AssertionError("training has not ended")

        def release(self) -> None:
            released.append(True)

    class Seeing(Closing):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            pass

    monkeypatch.setattr(TrainStep, "take", pressed)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=1, verbose=0, callbacks=[Seeing() if watched else Closing()])
    assert int(model.optimizer.iterations) == 2
    assert released == [True]
    assert not model.training_state.running


@pytest.mark.filterwarnings("ignore:The data should be finite")
def test_a_chunk_ends_at_the_first_loss_that_is_not_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    y = Y.copy()
    y[4] = np.nan
    ends: list[int] = []

    class Sees(Callback):
        def watches(self, hook: str) -> bool:
            return False

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            ends.append(batch)

    history = new_model().fit(X, y, batch_size=1, shuffle=False, verbose=0, callbacks=[Sees()])
    assert calls.taken == [5, 5], "a pause after batch 4, and no other: it is known by then"
    assert ends == [4, 9]
    assert math.isnan(history.history["loss"][0])


class Waking(Callback):
    """Wants to be told of every so many batches, over all epochs."""

    def __init__(self, every: int) -> None:
        self.every, self.left, self.seen = every, every, 0
        self.ends: list[int] = []

    def watches(self, hook: str) -> bool:
        return False

    def wake_after(self) -> int | None:
        return self.left

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.seen = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.left -= batch + 1 - self.seen
        self.seen = batch + 1
        if self.left <= 0:
            self.ends.append(batch)
            self.left = self.every


@pytest.mark.rule("FIT-27")
@pytest.mark.parametrize(
    ("every", "unit", "taken", "ends"),
    [
        (4, 1, [4, 4, 2, 2, 4, 4], [3, 7, 1, 5, 9]),
        (7, 1, [7, 3, 4, 6], [6, 3]),
        (20, 1, [10, 10], [9]),
        (4, 3, [6, 4, 6, 4], [5, 9, 5, 9]),
        (1, 4, [4, 4, 2, 4, 4, 2], [3, 7, 9, 3, 7, 9]),
    ],
)
def test_batches_run_together_until_a_callback_wants_to_wake_up(
    every: int, unit: int, taken: list[int], ends: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(monkeypatch)
    waking = Waking(every)
    new_model(steps_per_execution=unit).fit(X, Y, batch_size=1, epochs=2, verbose=0, callbacks=[waking])
    assert calls.taken == taken
    assert waking.ends == ends


def test_the_first_to_wake_up_ends_the_chunk_and_a_pause_does_not_confuse_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Calls(monkeypatch, seconds_a_batch=0.03)
    slow, fast = Waking(9), Waking(5)
    new_model().fit(X, Y, batch_size=1, verbose=0, callbacks=[slow, fast])
    assert calls.taken == [4, 1, 4, 1], "the pause comes after the fourth batch"
    assert (slow.ends, fast.ends) == ([8], [4, 9])


def test_a_generator_of_unknown_length_is_woken_too(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(monkeypatch)
    waking = Waking(4)
    new_model().fit(((X[i : i + 1], Y[i : i + 1]) for i in range(10)), verbose=0, callbacks=[waking])
    assert calls.taken == [4, 4, 2, 0]
    assert waking.ends == [3, 7]


@pytest.mark.filterwarnings("ignore:The data should be finite")
def test_a_chunk_ends_at_a_whole_execution_when_the_loss_is_not_finite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = Calls(monkeypatch)
    y = Y.copy()
    y[4] = np.inf
    new_model(steps_per_execution=3).fit(X, y, batch_size=1, shuffle=False, verbose=0)
    assert calls.taken == [6, 4]


@pytest.mark.filterwarnings("ignore:The data should be finite")
def test_terminate_on_nan_stops_at_the_batch_without_watching(capsys: pytest.CaptureFixture[str]) -> None:
    y = Y.copy()
    y[4] = np.nan
    model = new_model()
    model.fit(X, y, batch_size=1, epochs=5, shuffle=False, verbose=0, callbacks=[TerminateOnNaN()])
    assert int(model.optimizer.iterations) == 5
    assert capsys.readouterr().out == "Batch 4: Invalid loss, terminating training\n"


# -- the same bits, watched or not ---------------------------------------------------------------------------


class Watches(Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def run_of(
    loss: str, callbacks: list[Callback], **options: Any
) -> tuple[list[bytes], dict[str, list[float]]]:
    np.random.seed(3)
    last = Dense(3, "softmax") if loss.endswith("categorical_crossentropy") else Dense(1, "sigmoid")
    model = Sequential(
        [Dense(16, "relu", input_shape=(3,)), Dropout(0.3, name="thin"), Dense(8, "tanh"), last]
    )
    model.compile("adam", loss, metrics=["accuracy"])
    x = np.random.default_rng(0).normal(size=(50, 3))
    y = np.arange(50) % (3 if loss.startswith("sparse") else 2)
    options = {"batch_size": 8, "epochs": 3, "validation_split": 0.2, **options}
    history = model.fit(x, y, verbose=0, callbacks=callbacks, **options)
    return [w.tobytes() for w in model.get_weights()], history.history


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("loss", ["mse", "binary_crossentropy", "sparse_categorical_crossentropy"])
def test_the_values_are_the_same_bits_whether_somebody_watches_or_not(
    kernels: str, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", kernels)
    unwatched = run_of(loss, [])
    assert run_of(loss, [Watches()]) == unwatched
    assert run_of(loss, [EarlyStopping(patience=50)]) == unwatched
    monkeypatch.setattr(runner_module, "PAUSE", -1.0)
    assert run_of(loss, []) == unwatched, "a pause after every batch"


def test_what_an_interrupt_leaves_unsettled_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    settle = TrainStep.settle
    calls: list[TrainStep] = []

    def interrupted(step: TrainStep) -> None:
        calls.append(step)
        if len(calls) == 1:
            raise KeyboardInterrupt
        settle(step)

    monkeypatch.setattr(TrainStep, "settle", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    assert all(weight.requires_grad for weight in model.weights)
