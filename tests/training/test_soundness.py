"""What is put back is looked at as a whole, and put back as a whole or not at all."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import Sequential, layers, metrics
from minifit.callbacks import Callback, EarlyStopping, TensorBoard
from minifit.data import Dataset
from minifit.errors import FileFormatError
from minifit.training.soundness import all_or_nothing


class Own(Callback):
    """A callback of a user, whose state only it understands."""

    def get_state(self) -> dict[str, Any]:
        return {"number": 1}

    def set_state(self, state: dict[str, Any]) -> None:
        self.number = int(state["number"])


def captured_in(epochs: int, *given: Callback, restored: Any = None) -> dict[str, Any]:
    """The state at the end of a training; with `restored` that is put back when it begins."""
    np.random.seed(3)
    model = Sequential(
        [layers.Dense(2, input_shape=(2,), name="one"), layers.Dropout(0.5), layers.Dense(1, name="two")]
    )
    model.compile("adam", "mse", metrics=["mae"])
    found: dict[str, Any] = {}

    class Last(Callback):
        acts_last = True

        def on_train_begin(self, logs: Any = None) -> None:
            if restored is not None:
                self.model.training_state.restore(restored)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found.update(copy.deepcopy(self.model.training_state.capture()))

    model.fit(
        np.ones((4, 2)),
        np.ones(4),
        2,
        epochs,
        verbose=0,
        callbacks=[EarlyStopping("loss"), Own(), *given, Last()],
    )
    return found


def put(*path: Any) -> Callable[[dict[str, Any], Any], None]:
    """A function that replaces a value at a place of a state."""

    def change(state: Any, value: Any) -> None:
        for name in path[:-1]:
            state = state[name]
        state[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("epoch",), -1, "epoch: -1"),
        (("epoch",), 10**400, "epoch: 1000"),
        (("batch",), 3, "batch of 2: 3"),
        (("stop_training",), "no", "stop_training: 'no'"),
        (("engine",), "cuda", "engine: 'cuda'"),
        (("logs",), {"loss": "low"}, "logs: loss: 'low'"),
        (("weights",), [], r"weights: \[\]"),
        (("weights", 0), np.zeros(3), r"weights, number 1: array"),
        (("optimizer", "slots", 1), {}, r"optimizer: slots: \[\]"),
        (("optimizer", "slots", 0, "m"), np.zeros(1), "optimizer: slots: m"),
        (("objective", 0, "variables"), 3, "objective, number 1: variables: 3"),
        (("streams", "positions"), [1], "streams: one that leads to AttributeError"),
        (("streams", "positions", "shuffle"), {"state": 1}, "streams: one that leads to ValueError"),
        (("global streams", "numpy", "position"), 10**9, "global streams: position: 1000000000"),
        (("global streams", "python", "words"), np.zeros(3), "global streams: one that leads to"),
        (("batches", "steps"), 10**12, "batches: steps: 1000000000000"),
        (("batches", "position"), "x", "batches: position: 'x'"),
        (("judged_on",), 3, "judged_on: 3"),
        (("callbacks", "EarlyStopping"), 3, "callbacks: EarlyStopping: 3"),
        (("callbacks", "EarlyStopping", 0, "wait"), None, "EarlyStopping: wait: None"),
        (("callbacks", "EarlyStopping", 0, "best_weights"), [np.ones(1)], "EarlyStopping: best_weights"),
        (("callbacks", "Own", 0), {"number": "x"}, "a state: one that leads to ValueError"),
        (("callbacks", "Own", 0), {}, "a state: one that leads to KeyError"),
        (("kind",), 3, "kind: 3"),
        (("kind", "data"), np.ones(2), "kind: data: array"),
        (("more",), 3, "the state: one with 'more'"),
    ],
)
def test_what_does_not_fit_is_named(path: Any, value: Any, said: str) -> None:
    state = captured_in(1)
    put(*path)(state, value)
    with pytest.raises(FileFormatError, match=f"A captured state must not be altered. Received: .*{said}"):
        captured_in(2, restored=state)


@pytest.mark.parametrize("name", ["step", "_plan", "get_config", "clip norm"])
def test_a_hyperparameter_covers_nothing_of_the_optimizer(name: str) -> None:
    state = captured_in(1)
    state["optimizer"]["hyperparameters"][name] = 1.0
    with pytest.raises(FileFormatError, match="optimizer: hyperparameters"):
        captured_in(2, restored=state)


def test_what_a_state_has_set_goes_when_it_is_refused() -> None:
    state = captured_in(1)
    state["optimizer"]["hyperparameters"]["mine"] = 1.0
    state["callbacks"]["Own"] = [{"number": "no number"}]
    known = []

    class Tries(Callback):
        acts_last = True

        def on_train_begin(self, logs: Any = None) -> None:
            before = set(vars(self.model.optimizer))
            with pytest.raises(FileFormatError):
                self.model.training_state.restore(state)
            known.append(set(vars(self.model.optimizer)) == before)

    captured_in(1, Tries())
    assert known == [True]
    state["callbacks"]["Own"] = [{"number": 1}]
    assert captured_in(2, restored=state)["optimizer"]["hyperparameters"]["mine"] == 1.0


def test_every_part_is_missed() -> None:
    state = captured_in(1)
    for name in state:
        less = {k: v for k, v in state.items() if k != name}
        with pytest.raises(FileFormatError, match=f"the state: one without '{name}'"):
            captured_in(2, restored=less)


class Values(metrics.Metric):
    """A metric of a user that keeps all values, in an array that grows."""

    def __init__(self, name: str = "values", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.kept = np.zeros(0)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.kept = np.append(self.kept, np.asarray(y_pred))

    def result(self) -> Any:
        return np.median(self.kept)

    def reset_state(self) -> None:
        self.kept = np.zeros(0)


class Listed(Values):
    """One that says itself what it keeps."""

    def get_state(self) -> dict[str, Any]:
        return {"list": self.kept.tolist()}

    def set_state(self, state: dict[str, Any]) -> None:
        self.kept = np.array(state["list"])


GROWING: list[Callable[[], Any]] = [
    metrics.F1Score,
    lambda: metrics.FBetaScore("micro"),
    lambda: metrics.AUC(multi_label=True, num_thresholds=5),
    Values,
    Listed,
]


@pytest.mark.parametrize("make", GROWING, ids=["f1", "micro", "auc", "grows", "own state"])
@pytest.mark.parametrize("at", ["on_epoch_end", "on_train_batch_end"])
def test_sums_whose_shape_the_first_batch_decides(make: Callable[[], Any], at: str) -> None:
    x, y = np.random.default_rng(0).standard_normal((6, 3)), np.eye(3)[[0, 1, 2, 2, 1, 0]]

    def trained(callback: Callback) -> str:
        np.random.seed(3)
        model = Sequential([layers.Dense(3, "softmax", input_shape=(3,))])
        model.compile("sgd", "categorical_crossentropy", metrics=[make()])
        history = model.fit(x, y, 2, 3, verbose=0, callbacks=[callback]).history
        return repr({name: values[-1] for name, values in history.items()})

    states: list[Any] = []
    take, put_back = Callback(), Callback()
    setattr(take, at, lambda *_: states.append(copy.deepcopy(take.model.training_state.capture())))
    whole = trained(take)
    for state in (states[0], states[len(states) // 2]):
        vars(put_back)["on_train_begin"] = lambda *_, s=state: put_back.model.training_state.restore(s)
        assert trained(put_back) == whole


def test_event_files_are_not_cut_by_a_state_that_does_not_fit(tmp_path: Any) -> None:
    state = captured_in(1, TensorBoard(tmp_path))
    sizes = {path.name: path.stat().st_size for path in tmp_path.rglob("*events*")}
    state["callbacks"]["TensorBoard"][0]["folders"]["sizes"] = dict.fromkeys(
        state["callbacks"]["TensorBoard"][0]["folders"]["sizes"], 0
    )
    state["weights"] = []
    with pytest.raises(FileFormatError):
        captured_in(2, TensorBoard(tmp_path), restored=state)
    left = {path.name: path.stat().st_size for path in tmp_path.rglob("*events*")}
    assert sizes
    assert all(left[name] == size for name, size in sizes.items())


def test_an_interrupt_undoes_too_and_stays_what_it_is() -> None:
    undone: list[int] = []
    with pytest.raises(KeyboardInterrupt), all_or_nothing(lambda: undone.append(1)):
        raise KeyboardInterrupt
    assert undone == [1]


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [("drawn_from", []), ("drawn_from", [{"state": 1}]), ("drawing_from", None), ("drawing_from", [{}, {}])],
)
def test_the_places_of_the_shuffles_of_a_data_set(general: bool, name: str, value: Any) -> None:
    data = Dataset.from_tensor_slices((np.ones((4, 2)), np.ones(4))).shuffle(4, seed=1)
    data = (data.map(lambda x, y: (x, y)) if general else data).batch(2)
    found: dict[str, Any] = {}

    class Last(Callback):
        acts_last = True

        def on_train_begin(self, logs: Any = None) -> None:
            if found:
                self.model.training_state.restore(found)

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            found.update(copy.deepcopy(self.model.training_state.capture()))

    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    model.fit(data, verbose=0, callbacks=[Last()])
    found["batches"][name] = value
    with pytest.raises(FileFormatError, match=f"batches: {name}"):
        model.fit(data, verbose=0, callbacks=[Last()])
