"""A captured state, put back into a fresh model, continues bit for bit; it is plain data and a copy."""

import contextlib
import gc
import warnings
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import Callback, EarlyStopping
from minifit.data import Sequence, stored_batches
from minifit.errors import ArgumentError, MinifitWarning
from minifit.layers import Dense, Dropout
from minifit.optimizers import SGD, Adam, Optimizer, RMSprop
from tests.data.drawing import dataset
from tests.training.resuming import Capture, Outcome, Recorder, Restore, resumed, same, uninterrupted

N = 13
X = np.sin(np.arange(N * 3, dtype=np.float32)).reshape(N, 3)
Y = (np.arange(N) % 2).astype(np.int64)
EPOCHS = 4


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.1, momentum=0.9),
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "decay": lambda: SGD(0.1, decay=0.1),
    "adam": lambda: Adam(0.01),
    "rmsprop": lambda: RMSprop(0.01),
}


@dataclass
class Run:
    """Everything that a training is made of."""

    optimizer: str = "sgd"
    shuffle: bool | str = True
    dropout: bool = False
    validation: bool = False
    weighted: bool = False
    metrics: tuple[str, ...] = ()
    batch_size: int = 4
    patience: int | None = None
    min_delta: float = 0.05
    source: str = "arrays"
    unit: int = 1

    def model(self) -> Sequential:
        layers: list[Any] = [Dense(5, activation="tanh", input_shape=(3,), name="first")]
        if self.dropout:
            layers.append(Dropout(0.5, name="thin"))
        model = Sequential([*layers, Dense(1, activation="sigmoid", name="last")])
        model.compile(
            OPTIMIZERS[self.optimizer](),
            "binary_crossentropy",
            metrics=list(self.metrics),
            steps_per_execution=self.unit,
        )
        return model

    def fit(self, model: Sequential, *callbacks: Callback, epochs: int = EPOCHS) -> Any:
        stop = (
            []
            if self.patience is None
            else [EarlyStopping("loss", min_delta=self.min_delta, patience=self.patience)]
        )
        options: dict[str, Any] = {"epochs": epochs, "verbose": 0, "callbacks": [*stop, *callbacks]}
        if self.weighted:
            options["class_weight"] = {0: 0.5, 1: 2.0}
        made = {"iterable": Slices, "sequence": Shuffling}.get(self.source)
        if self.validation:
            options["validation_data"] = made(5) if made else (X[:5], Y[:5])
        if made:
            return model.fit(made(self.batch_size), shuffle=self.shuffle, **options)
        x, y = (dataset(X), dataset(Y)) if self.source == "file" else (X, Y)
        return model.fit(x, y, batch_size=self.batch_size, shuffle=self.shuffle, **options)


class Slices:
    """Batches of the data, as often as they are asked for; nobody is told how many there are."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        for start in range(0, N, self.size):
            yield X[start : start + self.size], Y[start : start + self.size]


class Shuffling(Sequence):
    """Batches by number, which are other ones after every epoch."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rng = np.random.default_rng(5)
        self.order = np.arange(N)

    def __len__(self) -> int:
        return (N + self.size - 1) // self.size

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        rows = self.order[index * self.size : (index + 1) * self.size]
        return X[rows], Y[rows]

    def on_epoch_end(self) -> None:
        self.rng.shuffle(self.order)


@pytest.fixture(autouse=True, scope="module")
def _blocks_of_five_rows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored_batches, "BLOCK", 5 * (3 * 4 + 8))
        yield


runs = st.builds(
    Run,
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    shuffle=st.sampled_from([False, True, "batch"]),
    dropout=st.booleans(),
    validation=st.booleans(),
    weighted=st.booleans(),
    metrics=st.sampled_from([(), ("accuracy",), ("mae", "mse")]),
    batch_size=st.sampled_from([3, 4, 5, 13, 20]),
    patience=st.sampled_from([None, 1, 2]),
    source=st.sampled_from(["arrays", "iterable", "sequence", "file"]),
    unit=st.sampled_from([1, 1, 2]),
)


@given(run=runs, at=st.integers(0, EPOCHS * 5 - 1), batches=st.booleans())
@example(
    Run("adam", dropout=True, validation=True, weighted=True, metrics=("accuracy",), patience=2), 5, True
)
@example(Run("momentum", source="iterable", dropout=True, validation=True, batch_size=3), 7, True)
@example(Run("nesterov", dropout=True), 0, False)
@example(Run("decay", patience=1, validation=True), 4, True)
@example(Run("adam", source="file", dropout=True, batch_size=3), 7, True)
@example(Run("adam", source="sequence", validation=True, batch_size=3), 7, True)
@example(Run("sgd", source="sequence", shuffle=False, validation=True), 1, False)
@settings(max_examples=25)
def test_a_resumed_run_equals_an_uninterrupted_one(run: Run, at: int, batches: bool) -> None:
    same(run, at, batches)


@pytest.mark.soak
@given(run=runs, at=st.integers(0, EPOCHS * 5 - 1), batches=st.booleans())
@settings(max_examples=1000, derandomize=False)
def test_a_thousand_resumed_runs(run: Run, at: int, batches: bool) -> None:
    same(run, at, batches)


@pytest.mark.parametrize("at", range(EPOCHS))
@pytest.mark.parametrize("dropout", [False, True])
def test_resumed_after_every_epoch(at: int, dropout: bool) -> None:
    same(Run("adam", dropout=dropout, validation=True, metrics=("accuracy",)), at, batches=False)


@pytest.mark.parametrize("at", [0, 1, 2, 4, 9])
def test_resumed_in_the_middle_of_an_epoch(at: int) -> None:
    same(Run("momentum", dropout=True, validation=True, metrics=("mae",)), at, batches=True)


@pytest.mark.parametrize("validation", [False, True])
def test_resumed_after_the_last_batch_of_an_epoch(validation: bool) -> None:
    same(Run(validation=validation, metrics=("mae",)), 3, batches=True)


class StopAtBatch(Callback):
    """Stops training in the second batch of the second epoch."""

    def __init__(self) -> None:
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if (self.epoch, batch) == (1, 1):
            self.model.stop_training = True


def test_resumed_after_a_stop_in_the_middle_of_an_epoch() -> None:
    run, recorder, capture = Run(), Recorder(), Capture(5, batches=True)
    run.fit(run.model(), StopAtBatch(), recorder, capture)
    expected = recorder.outcome()
    assert capture.taken is not None
    assert capture.taken["stop_training"]
    found = resumed(run, capture.taken)
    assert found.weights == expected.weights
    assert found.epochs == {1: expected.epochs[1]}


class Sets(Callback):
    """Sets hyperparameters of the optimizer after the second batch."""

    def __init__(self, **numbers: float) -> None:
        self.numbers = numbers
        self.seen = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen == 2:
            for name, number in self.numbers.items():
                setattr(self.model.optimizer, name, number)


@pytest.mark.parametrize(
    ("optimizer", "numbers"),
    [
        ("momentum", {"momentum": np.float32(0.5), "decay": 0.5}),
        ("nesterov", {"nesterov": False}),
        ("adam", {"beta_1": 0.3, "beta_2": 0.5, "epsilon": 0.1}),
        ("rmsprop", {"rho": 0.5, "clipvalue": 0.01}),
        ("rmsprop", {"momentum": 0.5}),
        ("sgd", {"clipnorm": 0.01, "weight_decay": 0.1, "momentum": 0.5}),
    ],
)
def test_hyperparameters_that_a_callback_changed_are_part_of_it(
    optimizer: str, numbers: dict[str, float]
) -> None:
    run, capture, recorder = Run(optimizer), Capture(6, batches=True), Recorder()
    run.fit(run.model(), Sets(**numbers), recorder, capture)
    assert capture.taken is not None
    plain = Recorder()
    run.fit(run.model(), plain)
    assert plain.outcome().weights != recorder.outcome().weights, "they do matter"
    assert resumed(run, capture.taken).weights == recorder.outcome().weights


def test_resumed_after_the_epoch_that_stops() -> None:
    run = Run(patience=1, min_delta=1.0)
    expected, _ = uninterrupted(run, Capture(0, batches=False))
    last = max(expected.epochs)
    assert last < EPOCHS - 1, "it stopped early"
    expected, captured = uninterrupted(run, Capture(last, batches=False))
    assert captured is not None
    found = resumed(run, captured)
    assert found.weights == expected.weights
    assert not found.epochs


def test_early_stopping_goes_on_counting() -> None:
    run = Run(patience=2, min_delta=1.0)
    expected, captured = uninterrupted(run, Capture(1, batches=False))
    assert captured is not None
    assert max(expected.epochs) < EPOCHS - 1, "it stopped early"
    ((name, (state,)),) = captured["callbacks"].items()
    assert (name, state["wait"]) == ("EarlyStopping", 1)
    assert resumed(run, captured) == Outcome(
        expected.weights,
        expected.slots,
        expected.iterations,
        {epoch: logs for epoch, logs in expected.epochs.items() if epoch > 1},
    )


def endless() -> Iterator[tuple[Array, Array]]:
    while True:
        yield from Slices(4)


@pytest.mark.parametrize("at", [0, 1, 3, 7])
def test_a_generator_is_drawn_to_where_it_was(at: int) -> None:
    def run(*callbacks: Callback) -> Outcome:
        recorder = Recorder()
        options: dict[str, Any] = {"steps_per_epoch": 3, "epochs": 3, "verbose": 0}
        Run("adam", dropout=True).model().fit(endless(), **options, callbacks=[recorder, *callbacks])
        return recorder.outcome()

    capture = Capture(at, batches=True)
    expected = run(capture)
    assert capture.taken is not None
    found = run(Restore(capture.taken))
    assert (found.weights, found.slots) == (expected.weights, expected.slots)
    assert found.epochs == {e: logs for e, logs in expected.epochs.items() if e >= capture.taken["epoch"]}


def test_a_generator_of_unknown_length_stays_at_its_end() -> None:
    def run(*callbacks: Callback) -> list[int]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MinifitWarning)
            history = Run().model().fit(iter(Slices(4)), epochs=4, verbose=0, callbacks=list(callbacks))
        return list(history.epoch)

    capture = Capture(0, batches=False)
    assert run(capture) == [0, 1], "the second epoch finds the generator empty"
    assert capture.taken is not None
    assert run(Restore(capture.taken)) == [1]


class ShufflingByNumPy(Shuffling):
    """Draws from the generator that the whole program shares."""

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


@pytest.mark.parametrize("at", [2, 3, 6, 9])
def test_numbers_of_the_whole_program_that_a_sequence_draws_to_get_where_it_was(at: int) -> None:
    def run(*callbacks: Callback) -> Outcome:
        np.random.seed(4)  # as a program does that is started again
        recorder = Recorder()
        data = ShufflingByNumPy(4)
        Run().model().fit(data, epochs=4, verbose=0, callbacks=[recorder, *callbacks])
        return recorder.outcome()

    capture = Capture(at, batches=True)
    expected = run(capture)
    assert capture.taken is not None
    found = run(Restore(capture.taken))
    assert found.weights == expected.weights
    assert found.epochs == {e: logs for e, logs in expected.epochs.items() if e >= capture.taken["epoch"]}


@pytest.mark.parametrize("then", ["arrays", "iterable", "sequence", "file"])
@pytest.mark.parametrize("now", ["arrays", "iterable", "sequence", "file"])
def test_validation_data_may_be_other_data(then: str, now: str) -> None:
    def data(source: str, n: int) -> Any:
        made = {"iterable": Slices, "sequence": Shuffling}.get(source)
        x, y = (dataset(X[:n]), dataset(Y[:n])) if source == "file" else (X[:n], Y[:n])
        return made(n) if made else (x, y)

    def run(validation_data: Any, *callbacks: Callback) -> Outcome:
        recorder = Recorder()
        options: dict[str, Any] = {"epochs": 3, "verbose": 0, "validation_data": validation_data}
        Run().model().fit(X, Y, batch_size=4, callbacks=[recorder, *callbacks], **options)
        return recorder.outcome()

    capture = Capture(1, batches=False)
    expected = run(data(then, 5), capture)
    assert capture.taken is not None
    assert run(data(now, 6), Restore(capture.taken)).weights == expected.weights


class CaptureInValidation(Capture):
    """Captures when the first validation is over."""

    def on_test_end(self, logs: Any = None) -> None:
        self._tick()


@pytest.mark.parametrize("source", ["arrays", "iterable", "sequence", "file"])
def test_resumed_after_a_validation(source: str) -> None:
    run, capture = Run(validation=True, source=source), CaptureInValidation(0, batches=False)
    expected, captured = uninterrupted(run, capture)
    assert captured is not None
    found = resumed(run, captured)
    assert found.weights == expected.weights
    assert found.epochs == expected.epochs


# -- what a captured state is --------------------------------------------------------------------------------


def is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(v) for key, v in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub"
    return value is None or type(value) in (str, int, float, bool)


FULL = Run("adam", dropout=True, validation=True, weighted=True, metrics=("accuracy", "mae"), patience=2)


@pytest.mark.parametrize("batches", [True, False])
def test_it_is_plain_data(batches: bool) -> None:
    _, captured = uninterrupted(FULL, Capture(1, batches))
    assert captured is not None
    assert is_plain(captured)
    assert {"epoch", "batch", "weights", "optimizer", "objective", "streams", "batches"} <= set(captured)


def frozen(value: Any) -> Any:
    """Plain data with the bytes of its arrays, to compare."""
    if isinstance(value, dict):
        return {key: frozen(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [frozen(v) for v in value]
    return (str(value.dtype), value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


class Remember(Callback):
    """Captures at every event, with what it looked like then."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, Any], Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        captured = self.model.training_state.capture()
        self.taken.append((captured, frozen(captured)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.on_train_batch_end(-1)


def test_it_is_a_copy() -> None:
    remember = Remember()
    FULL.fit(FULL.model(), remember)
    assert len(remember.taken) > 8
    assert all(frozen(captured) == then for captured, then in remember.taken)
    weights = {str(then["weights"]) for _, then in remember.taken}
    assert len(weights) > 4, "training has gone on meanwhile"


def test_restoring_does_not_tie_the_model_to_the_captured_arrays() -> None:
    run = Run("momentum", patience=2)
    _, captured = uninterrupted(run, Capture(1, batches=True))
    assert captured is not None
    before = frozen(captured)
    first = resumed(run, captured)
    assert frozen(captured) == before
    assert resumed(run, captured) == first, "it can be put back again"


@pytest.mark.parametrize("what", ["capture", "restore"])
def test_outside_of_fit_there_is_nothing_to_capture(what: str) -> None:
    state = Run().model().training_state
    with pytest.raises(ArgumentError, match=r"while fit is running: call it in a callback"):
        state.capture() if what == "capture" else state.restore({})


def test_a_state_does_not_fit_another_model() -> None:
    _, captured = uninterrupted(Run(), Capture(1, batches=True))
    assert captured is not None
    other = Sequential([Dense(2, input_shape=(3,)), Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError):  # of the part that does not fit
        other.fit(X, Y, verbose=0, callbacks=[Restore(captured)])


# -- a life of its own ---------------------------------------------------------------------------------------


class Busy(Callback):
    """Evaluates, predicts and judges single batches wherever it can."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.predict(X[:3])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.evaluate(X[3:9], Y[3:9], verbose=0, batch_size=2)
        self.model.test_on_batch(X[:2], Y[:2])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.model.evaluate(Slices(2), verbose=0)


@pytest.mark.rule("FIT-7")
@pytest.mark.parametrize("run", [FULL, Run("momentum", batch_size=5), Run(source="iterable", dropout=True)])
def test_an_evaluation_inside_a_callback_disturbs_nothing(run: Run) -> None:
    alone, busy = Recorder(), Recorder()
    np.random.seed(1)
    run.fit(run.model(), alone)
    np.random.seed(1)
    run.fit(run.model(), Busy(), busy)
    assert busy.outcome() == alone.outcome()


def test_the_captured_state_does_not_see_an_evaluation() -> None:
    quiet, noisy = Remember(), Remember()
    np.random.seed(1)
    FULL.fit(FULL.model(), quiet)
    np.random.seed(1)
    FULL.fit(FULL.model(), Busy(), noisy)
    assert [then for _, then in noisy.taken] == [then for _, then in quiet.taken]


# -- what a captured state does not fit ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Run("adam"), "optimizer, which was 'SGD' and is 'Adam' now"),
        (Run("momentum"), "settings of the optimizer: momentum, which was 0.0 and is 0.9 now"),
        (Run("decay"), "settings of the optimizer: decay"),
        (Run(dropout=True), "layers"),
        (Run(weighted=True), "class_weight"),
        (Run(metrics=("mae",)), "metrics"),
        (Run(batch_size=3), "data: batch_size, which was 4 and is 3 now"),
        (Run(shuffle=False), "data: shuffle"),
        (Run(source="iterable"), "data: from"),
    ],
    ids=[
        "optimizer",
        "settings",
        "decay",
        "layers",
        "class weight",
        "metrics",
        "batch size",
        "shuffle",
        "source",
    ],
)
def test_of_something_else_it_is_refused_and_changes_nothing(other: Run, said: str) -> None:
    _, captured = uninterrupted(Run(), Capture(1, batches=False))
    assert captured is not None
    model = other.model()
    other.fit(model, epochs=1)
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(ArgumentError, match=rf"(?s)fits only an equal model, optimizer and data.*{said}"):
        other.fit(model, Restore(captured))
    assert [w.tobytes() for w in model.get_weights()] == before


def test_of_other_shapes_it_is_refused_before_the_first_weight_is_written() -> None:
    _, captured = uninterrupted(Run(), Capture(1, batches=False))
    assert captured is not None
    model = Sequential([Dense(9), Dense(1)])
    model.compile(Run().model().optimizer, "mse")
    with pytest.raises(ArgumentError, match="layers, number 1: units, which was 5 and is 9 now"):
        model.fit(X, Y, batch_size=Run().batch_size, epochs=EPOCHS, verbose=0, callbacks=[Restore(captured)])


def test_it_goes_on_with_the_kernels_it_was_begun_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIFIT_KERNELS", "numba")
    run = Run("adam")
    expected, captured = uninterrupted(run, Capture(1, batches=False))
    assert captured is not None
    assert captured["engine"] == "numba"
    used = []

    class Looks(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            used.append(self.model.training_state.engine)

    monkeypatch.setenv("MINIFIT_KERNELS", "numpy")
    model, recorder = run.model(), Recorder()
    run.fit(model, Looks(), recorder, Restore(captured))
    assert set(used) == {"numba"}
    assert recorder.outcome().weights == expected.weights


@pytest.mark.parametrize("capture", [Capture(1, batches=False), CaptureInValidation(4, batches=False)])
def test_a_generator_for_validation_goes_on_where_it_was(capture: Capture) -> None:
    def endless() -> Iterator[tuple[Array, Array]]:
        while True:
            yield from Slices(3)

    def val_losses(*callbacks: Callback) -> list[float]:
        options: dict[str, Any] = {"validation_data": endless(), "validation_steps": 1, "shuffle": False}
        history = Run().model().fit(X, Y, epochs=4, verbose=0, callbacks=list(callbacks), **options)
        found: list[float] = history.history["val_loss"]
        return found

    np.random.seed(1)
    expected = val_losses(capture)
    assert capture.taken is not None
    assert val_losses(Restore(capture.taken)) == expected[2:]


# -- what a second fit sees of the first -----------------------------------------------------------------------


def broken_off(run: Run, captured: dict[str, Any]) -> Sequential:
    """A model that was put back into the middle of an epoch, in a fit that ended before the first batch."""
    model = run.model()
    with pytest.raises(KeyboardInterrupt):
        run.fit(model, Restore(captured), At("on_epoch_begin", interrupt))
    return model


def interrupt(callback: Callback) -> None:
    raise KeyboardInterrupt


def stop(callback: Callback) -> None:
    callback.model.stop_training = True


class At(Callback):
    """Does something at a hook, of the epochs from `first` on."""

    def __init__(self, hook: str, action: Callable[[Callback], object], first: int = 0) -> None:
        def act(*args: Any) -> None:
            if hook != "on_epoch_begin" or args[0] >= first:
                action(self)

        setattr(self, hook, act)


def test_after_a_resumed_fit_that_broke_off_the_next_begins_at_its_beginning() -> None:
    run = Run()
    _, captured = uninterrupted(run, Capture(5, batches=True))
    assert captured is not None
    assert captured["batch"] > 0
    model, recorder = broken_off(run, captured), Recorder()
    run.fit(model, recorder, epochs=1)
    assert list(recorder.epochs) == [0]
    assert int(model.optimizer.iterations) == captured["optimizer"]["iterations"] + -(-N // run.batch_size)


@pytest.mark.rule("FIT-6")
def test_after_a_resumed_fit_that_broke_off_one_batch_trains_although_it_is_stopped() -> None:
    run = Run()
    _, captured = uninterrupted(run, Capture(5, batches=True))
    assert captured is not None
    model = broken_off(run, captured)
    run.fit(model, At("on_train_begin", stop))
    assert int(model.optimizer.iterations) == captured["optimizer"]["iterations"] + 1


def test_a_resumed_run_is_stopped_as_an_uninterrupted_one() -> None:
    run, capture, recorder = Run(), Capture(1, batches=False), Recorder()
    run.fit(run.model(), At("on_epoch_begin", stop, first=3), recorder, capture)
    assert capture.taken is not None
    again, model = Recorder(), run.model()
    run.fit(model, At("on_epoch_begin", stop, first=3), again, Restore(capture.taken))
    assert again.outcome().weights == recorder.outcome().weights
    assert again.epochs == {epoch: recorder.epochs[epoch] for epoch in (2, 3)}


@pytest.mark.parametrize("change", ["optimizer", "trained weights"])
def test_what_a_model_is_after_a_second_compile_counts(change: str) -> None:
    run, capture = Run(), Capture(0, batches=False)

    def changed(model: Sequential) -> Sequential:
        if change == "optimizer":
            model.compile(SGD(0.1, momentum=0.5), "binary_crossentropy")
        else:
            model.layers[0].trainable = False
            model.compile(model.optimizer, model.loss)
        return model

    model = run.model()
    run.fit(model, epochs=1)
    run.fit(changed(model), capture, epochs=1)
    assert capture.taken is not None
    fresh = changed(run.model())
    run.fit(fresh, Restore(capture.taken), epochs=1)
    assert bits_of(fresh) == bits_of(model)


def bits_of(model: Sequential) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


@pytest.mark.slow
@pytest.mark.parametrize("ends", [True, False])
def test_a_fit_that_is_over_holds_neither_data_nor_callbacks(ends: bool) -> None:
    model, callback = Run().model(), Callback()
    x, validated = X.copy(), X.copy()
    seen = [weakref.ref(held) for held in (x, validated, callback)]
    with contextlib.nullcontext() if ends else pytest.raises(KeyboardInterrupt):
        other = At("on_epoch_end", (lambda c: None) if ends else interrupt)
        model.fit(x, Y, verbose=0, validation_data=(validated, Y), callbacks=[callback, other])
    del x, validated, callback, other
    gc.collect()
    assert [held() for held in seen] == [None] * 3
    with pytest.raises(ArgumentError, match="while fit is running"):
        model.training_state.capture()
