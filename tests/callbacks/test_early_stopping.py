"""Stopping early: when, where the weights end up, and what is said."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.arrays import Array
from minifit.callbacks import EarlyStopping
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning
from minifit.metrics import MeanSquaredError
from tests.callbacks.recording import acting, bits, data, small_model, stop

X, Y = data()


class Model:
    """As much of a model as EarlyStopping sees; its weights after an epoch are the number of the epoch."""

    def __init__(self) -> None:
        self.stop_training = False
        self.weights = -1.0
        self.metrics: list[Any] = []

    def get_weights(self) -> list[Array]:
        return [np.array(self.weights)]

    def set_weights(self, weights: Sequence[Any]) -> None:
        (weight,) = weights
        self.weights = float(weight)


class Run:
    """A training in which the monitored value is given for every epoch; None is an epoch without it."""

    def __init__(
        self, stopping: EarlyStopping, values: Sequence[float | None], first: int = 0, end: bool = True
    ) -> None:
        self.model = Model()
        self.epochs: list[int] = []
        stopping.set_model(self.model)
        stopping.on_train_begin()
        for epoch, value in enumerate(values, start=first):
            self.model.weights = float(epoch)
            self.epochs.append(epoch)
            stopping.on_epoch_end(epoch, {"other": 0.0} if value is None else {stopping.monitor: value})
            if self.model.stop_training:
                break
        if end:
            stopping.on_train_end()

    @property
    def last(self) -> int:
        return self.epochs[-1]


def stopping(**arguments: Any) -> EarlyStopping:
    return EarlyStopping(**{"monitor": "loss", **arguments})


# -- when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patience", "last"),
    [(0, 2), (1, 2), (2, 5), (3, 6), (4, 7)],
)
def test_it_stops_after_patience_epochs_without_improvement(patience: int, last: int) -> None:
    callback = stopping(patience=patience)
    run = Run(callback, [1.0, 0.9, 0.95, 0.8, 0.8, 0.81, 0.9, 0.9, 0.9])
    assert run.last == last
    assert callback.stopped_epoch == last
    assert callback.wait == max(patience, 1)


@pytest.mark.rule("ES-2")
def test_patience_0_goes_on_while_it_improves_and_stops_at_the_first_epoch_that_does_not() -> None:
    assert Run(stopping(patience=0), [5.0, 4.0, 3.0, 2.0, 1.0]).last == 4
    assert Run(stopping(patience=0), [5.0, 4.0, 3.0, 3.0, 1.0]).last == 3


@pytest.mark.rule("ES-4")
@pytest.mark.parametrize("patience", [0, 1])
@pytest.mark.parametrize("arguments", [{}, {"baseline": 0.1}, {"mode": "max", "baseline": 9.0}])
def test_it_never_stops_at_the_first_epoch(patience: int, arguments: dict[str, Any]) -> None:
    run = Run(stopping(patience=patience, **arguments), [nan, nan, nan])
    assert run.last == 1


def test_min_delta_is_what_an_improvement_must_exceed() -> None:
    values = [1.0, 0.95, 0.88, 0.79, 0.79]
    assert Run(stopping(min_delta=0.1, patience=2), values).last == 4
    assert Run(stopping(min_delta=-0.1, patience=2), values).last == 4
    assert Run(stopping(min_delta=0.1), values).last == 1
    assert Run(stopping(mode="max", min_delta=0.1, patience=2), [-v for v in values]).last == 4


@given(
    st.lists(st.floats(-10, 10, width=16) | st.sampled_from([nan, inf, -inf]), min_size=1), st.integers(0, 4)
)
def test_it_stops_where_the_definition_says(values: list[float], patience: int) -> None:
    """The first epoch that is at least `patience` (and one) epochs after the last improvement."""
    improved, best = -1, inf
    expected = len(values) - 1
    for epoch, value in enumerate(values):
        if value < best:
            improved, best = epoch, value
        if epoch > 0 and epoch - improved >= max(patience, 1):
            expected = epoch
            break
    callback = stopping(patience=patience)
    assert Run(callback, values).last == expected
    assert callback.best == best


# -- baseline ----------------------------------------------------------------------------------------------


@pytest.mark.rule("ES-3")
def test_a_baseline_that_is_never_beaten_stops_in_spite_of_improvements() -> None:
    callback = stopping(baseline=0.5, patience=3)
    run = Run(callback, [0.9, 0.8, 0.7, 0.6, 0.55])
    assert run.last == 2
    assert callback.best == 0.7


@pytest.mark.rule("ES-3")
def test_waiting_begins_anew_only_when_best_and_baseline_are_both_beaten() -> None:
    callback = stopping(baseline=0.5, patience=3)
    run = Run(callback, [0.9, 0.4, 0.45, 0.41, 0.42, 0.1])
    assert run.last == 4, "0.45 and its followers beat the baseline, but not the best"
    assert Run(stopping(baseline=0.5, patience=2), [0.9, 0.4, 0.45, 0.39, 0.2]).last == 4


@pytest.mark.rule("ES-3")
def test_a_baseline_of_zero_counts() -> None:
    assert Run(stopping(baseline=0.0, patience=2), [0.9, 0.8, 0.7]).last == 1
    assert Run(stopping(baseline=0.0, patience=2, mode="max"), [-0.9, -0.8, 0.7]).last == 1


@pytest.mark.rule("ES-3")
def test_min_delta_counts_against_the_baseline_too() -> None:
    assert Run(stopping(baseline=0.5, min_delta=0.1, patience=2), [0.45, 0.3, 0.3]).last == 2
    assert Run(stopping(baseline=0.5, min_delta=0.1, patience=2), [0.45, 0.42, 0.3]).last == 1


# -- epochs that are not looked at -------------------------------------------------------------------------


@pytest.mark.rule("ES-5")
def test_epochs_before_start_from_epoch_are_not_looked_at() -> None:
    callback = stopping(start_from_epoch=3, patience=1, restore_best_weights=True)
    run = Run(callback, [0.0, 9.0, 9.0, 5.0, 4.0, 6.0, 1.0])
    assert run.last == 5
    assert (callback.best, callback.best_epoch, run.model.weights) == (4.0, 4, 4.0)


@pytest.mark.rule("ES-5")
def test_start_from_an_epoch_that_never_comes() -> None:
    callback = stopping(start_from_epoch=9, restore_best_weights=True)
    run = Run(callback, [1.0, 2.0, 3.0])
    assert (run.last, run.model.weights, callback.best_weights) == (2, 2.0, None)


@pytest.mark.rule("ES-4")
@pytest.mark.parametrize(("patience", "last"), [(1, 3), (2, 4)])
def test_a_fit_that_begins_later(patience: int, last: int) -> None:
    """As recorded: what never stops is epoch 0, wherever the fit begins."""
    assert Run(stopping(patience=patience), [nan] * 9, first=3).last == last


# -- weights -----------------------------------------------------------------------------------------------


def test_without_restoring_the_last_weights_stay() -> None:
    callback = stopping(patience=2)
    run = Run(callback, [3.0, 1.0, 2.0, 2.0])
    assert (run.model.weights, callback.best_weights) == (3.0, None)


@pytest.mark.parametrize(("patience", "best"), [(1, 1), (3, 1)])
def test_restoring_after_stopping(patience: int, best: int) -> None:
    callback = stopping(patience=patience, restore_best_weights=True)
    run = Run(callback, [3.0, 1.0, 2.0, 2.0, 1.0, 0.5])
    assert (run.model.weights, callback.best_epoch) == (best, best)
    assert callback.stopped_epoch == 1 + patience


@pytest.mark.rule("ES-1")
def test_restoring_when_training_ends_by_itself() -> None:
    callback = stopping(patience=9, restore_best_weights=True)
    run = Run(callback, [3.0, 1.0, 2.0, 2.0])
    assert (run.model.weights, callback.stopped_epoch, run.last) == (1.0, 0, 3)


@pytest.mark.rule("ES-1")
def test_restoring_happens_when_training_ends_not_before() -> None:
    callback = stopping(patience=9, restore_best_weights=True)
    assert Run(callback, [3.0, 1.0, 2.0, 2.0], end=False).model.weights == 3.0


@pytest.mark.rule("ES-1")
def test_restoring_when_another_callback_stops_training() -> None:
    callback = stopping(patience=9, restore_best_weights=True, mode="max")
    kept: list[Any] = []
    model = small_model()
    keeper = acting("on_epoch_end", lambda c: kept.append(bits(c.model)))
    model.fit(X, Y, epochs=9, verbose=0, callbacks=[callback, keeper, acting("on_epoch_end", stop)])
    assert len(kept) == 1
    assert bits(model) == kept[0]


def test_restoring_in_a_fit_that_stops() -> None:
    """The loss falls at every epoch, so by mode="max" the first epoch is the best."""
    callback = stopping(patience=2, mode="max", restore_best_weights=True)
    kept: list[Any] = []
    model = small_model()
    keeper = acting("on_epoch_end", lambda c: kept.append(bits(c.model)))
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[keeper, callback])
    assert history.epoch == [0, 1, 2]
    assert bits(model) == kept[0] != kept[2]


def test_without_any_improvement_the_first_epoch_is_the_one_to_go_back_to() -> None:
    callback = stopping(patience=3, restore_best_weights=True)
    run = Run(callback, [nan, nan, nan, nan])
    assert (run.last, run.model.weights, callback.best, callback.best_epoch) == (2, 0.0, inf, 0)


@pytest.mark.parametrize(("arguments", "first", "kept"), [({"start_from_epoch": 2}, 0, 2), ({}, 3, 3)])
def test_the_best_epoch_is_the_one_whose_weights_are_kept(
    arguments: dict[str, Any], first: int, kept: int
) -> None:
    callback = stopping(patience=3, restore_best_weights=True, **arguments)
    run = Run(callback, [nan] * 9, first=first)
    assert run.model.weights == kept
    assert callback.best_epoch == kept


def test_the_weights_that_are_kept_are_copies() -> None:
    callback = stopping(patience=9, mode="max", restore_best_weights=True)
    model = small_model()
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    kept = bits(model)
    model.fit(X, Y, epochs=2, verbose=0)
    assert callback.best_weights is not None
    assert [w.tobytes() for w in callback.best_weights] == kept != bits(model)


# -- odd values --------------------------------------------------------------------------------------------


@pytest.mark.rule("MON-1")
def test_nan_counts_as_a_bad_epoch() -> None:
    callback = stopping(patience=2, restore_best_weights=True)
    run = Run(callback, [1.0, nan, nan, 0.1])
    assert (run.last, callback.best, run.model.weights) == (2, 1.0, 0.0)


@pytest.mark.rule("MON-1")
def test_nan_at_first_is_improved_on_by_every_number() -> None:
    callback = stopping(patience=3, restore_best_weights=True)
    run = Run(callback, [nan, 7.0, 8.0, nan, 6.0])
    assert (run.last, callback.best, callback.best_epoch, run.model.weights) == (4, 6.0, 4, 4.0)


@pytest.mark.rule("MON-1")
def test_infinite_values_are_numbers() -> None:
    callback = stopping(patience=2)
    Run(callback, [inf, 5.0, -inf, -1e30])
    assert (callback.best, callback.best_epoch) == (-inf, 2)
    assert Run(stopping(patience=1), [inf, inf, 0.0]).last == 1


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.array, int])
def test_any_kind_of_number(kind: Any) -> None:
    assert Run(stopping(), [kind(3), kind(2), kind(2), kind(1)]).last == 2


# -- which way -----------------------------------------------------------------------------------------------


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize("monitor", ["acc", "val_acc", "accuracy", "val_binary_accuracy", "auc", "val_auc"])
def test_auto_is_max_for_names_that_end_with_acc_accuracy_or_auc(monitor: str) -> None:
    assert Run(EarlyStopping(monitor), [1.0, 2.0, 3.0, 2.0, 4.0]).last == 3


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize(
    "monitor", ["loss", "val_loss", "accuracy_loss", "acc_2", "auc_pr", "f1", "AUC", "fmeasure"]
)
def test_auto_is_min_for_all_others(monitor: str) -> None:
    assert Run(EarlyStopping(monitor), [3.0, 2.0, 1.0, 2.0, 0.0]).last == 3


@pytest.mark.rule("MON-6")
def test_a_guess_against_a_known_metric_warns_when_training_begins() -> None:
    model = small_model(metrics=[MeanSquaredError(name="msacc")])
    with pytest.warns(
        MinifitWarning, match="mode='auto' guesses from the name 'val_msacc' that larger values are better"
    ):
        model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[EarlyStopping("val_msacc")])
    model.fit(X, Y, validation_data=(X, Y), verbose=0, callbacks=[EarlyStopping("val_msacc", mode="min")])


@pytest.mark.rule("MON-4")
def test_a_weird_mode_warns_and_is_auto() -> None:
    with pytest.warns(MinifitWarning, match="Received: mode='weird'") as caught:
        callback = EarlyStopping("val_acc", mode="weird")
    assert caught[0].filename == __file__, "the warning points at the user's line"
    assert Run(callback, [1.0, 2.0, 1.0]).last == 2


# -- a missing key -------------------------------------------------------------------------------------------


@pytest.mark.rule("MON-2", "MON-5")
def test_a_missing_key_warns_once_a_fit_and_training_goes_on() -> None:
    callback = EarlyStopping("val_loss", patience=0, restore_best_weights=True)
    model = small_model(metrics=["mae"])
    for _ in range(2):
        with pytest.warns(MinifitWarning) as caught:
            history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
        assert len(caught) == 1
        text = "EarlyStopping monitors 'val_loss', which is not in the logs. Did you mean 'loss'?"
        assert str(caught[0].message).startswith(text)
        assert history.epoch == [0, 1, 2]
    assert (callback.wait, callback.best, callback.best_weights) == (0, inf, None)


@pytest.mark.rule("MON-5")
def test_epochs_without_the_key_do_not_count() -> None:
    callback = stopping(patience=2)
    with pytest.warns(MinifitWarning):
        run = Run(callback, [1.0, None, 2.0, None, None, 3.0, 0.0])
    assert run.last == 5


def test_validation_at_some_epochs_counts_at_those() -> None:
    callback = EarlyStopping("val_loss", mode="max", patience=2)
    history = small_model().fit(
        X, Y, epochs=9, validation_data=(X, Y), validation_freq=2, verbose=0, callbacks=[callback]
    )
    assert history.epoch[-1] == 5


# -- what is said --------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15")
def test_messages_number_epochs_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    Run(stopping(patience=1, verbose=1, restore_best_weights=True), [2.0, 1.0, 3.0])
    assert capsys.readouterr().out.splitlines() == [
        "Restoring model weights from the end of the best epoch: 2.",
        "Epoch 3: early stopping",
    ]


def test_one_that_did_not_stop_says_only_what_it_restores(capsys: pytest.CaptureFixture[str]) -> None:
    Run(stopping(patience=9, verbose=1, restore_best_weights=True), [2.0, 1.0, 3.0])
    Run(stopping(patience=9, verbose=1), [2.0, 1.0, 3.0])
    assert capsys.readouterr().out.splitlines() == [
        "Restoring model weights from the end of the best epoch: 2."
    ]


def test_verbose_0_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    Run(stopping(patience=1, restore_best_weights=True), [2.0, 1.0, 3.0])
    assert capsys.readouterr().out == ""


# -- one object, several fits --------------------------------------------------------------------------------


def test_it_begins_anew_with_every_fit() -> None:
    callback = stopping(patience=1, restore_best_weights=True)
    first = Run(callback, [1.0, 2.0])
    assert (first.last, callback.stopped_epoch) == (1, 1)
    second = Run(callback, [9.0, 8.0, 7.0])
    assert (second.last, second.model.weights, callback.stopped_epoch) == (2, 2.0, 0)
    assert (callback.best, callback.wait) == (7.0, 0)


def test_the_public_state_as_in_keras() -> None:
    callback = EarlyStopping()
    assert (callback.monitor, callback.patience, callback.verbose) == ("val_loss", 0, 0)
    assert (callback.wait, callback.stopped_epoch, callback.best) == (0, 0, inf)
    assert (callback.baseline, callback.restore_best_weights, callback.best_weights) == (None, False, None)
    assert EarlyStopping("val_acc").best == -inf
    assert callback.monitor_op is np.less
    assert EarlyStopping("val_acc").monitor_op is np.greater


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_state_goes_on_where_it_was_taken(at: int) -> None:
    values = [3.0, 2.0, 2.5, 2.6, 1.0, 1.1, 1.2, 1.3]
    whole = stopping(patience=3, restore_best_weights=True)
    expected = Run(whole, values)

    interrupted, resumed = (stopping(patience=3, restore_best_weights=True) for _ in range(2))
    Run(interrupted, values[:at], end=False)
    state = interrupted.get_state()

    class Resumed(EarlyStopping):
        def on_train_begin(self, logs: Any = None) -> None:
            super().on_train_begin(logs)
            self.set_state(state)

    resumed = Resumed("loss", patience=3, restore_best_weights=True)
    run = Run(resumed, values[at:], first=at)
    assert (run.last, run.model.weights) == (expected.last, expected.model.weights)
    assert resumed.get_state() == whole.get_state()


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"patience": -1}, ArgumentError, r"patience must be at least 0\. Received: patience=-1"),
        ({"patience": nan}, ArgumentError, r"patience must be a finite number\. Received: patience=nan"),
        ({"patience": "3"}, ArgumentTypeError, r"patience must be a number\. Received: patience='3'"),
        ({"patience": None}, ArgumentTypeError, r"patience must be a number\. Received: patience=None"),
        ({"start_from_epoch": -1}, ArgumentError, r"start_from_epoch must be at least 0"),
        ({"baseline": "0.5"}, ArgumentTypeError, r"baseline must be a number\. Received: baseline='0.5'"),
        ({"min_delta": None}, ArgumentTypeError, r"min_delta must be a number\. Received: min_delta=None"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        EarlyStopping(**arguments)


def test_patience_without_end() -> None:
    assert Run(stopping(patience=inf), [1.0] * 9).last == 8


def test_a_metric_of_several_values_cannot_be_monitored() -> None:
    callback = stopping(monitor="each")
    writer = acting("on_epoch_end", lambda c: None)
    writer.on_epoch_end = lambda epoch, logs=None: logs.update(each=np.zeros(3))  # type: ignore[method-assign]
    with pytest.raises(ArgumentError, match="must be one number"):
        small_model().fit(X, Y, verbose=0, callbacks=[writer, callback])


def test_a_subclass_may_compute_what_is_monitored() -> None:
    class OfTwo(EarlyStopping):
        def get_monitor_value(self, logs: Any) -> Any:
            return logs["loss"] + logs["other"] if "other" in logs else None

    callback = OfTwo(monitor="nowhere")
    values = [{"loss": 3.0, "other": 1.0}, {"loss": 2.0}, {"loss": 2.0, "other": 3.0}]
    callback.set_model(Model())
    callback.on_train_begin()
    for epoch, logs in enumerate(values):
        callback.on_epoch_end(epoch, logs)
    assert (callback.best, callback.wait, callback.stopped_epoch) == (4.0, 1, 2)
    assert EarlyStopping(monitor="loss").get_monitor_value({"loss": 2.0}) == 2.0
