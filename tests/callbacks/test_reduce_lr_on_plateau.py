"""Smaller steps on a plateau: when the rate is reduced, by how much, and what is said."""

from collections.abc import Sequence
from math import inf, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minifit.callbacks import ReduceLROnPlateau
from minifit.errors import ArgumentError, ArgumentTypeError, MinifitWarning
from minifit.metrics import MeanSquaredError
from minifit.optimizers import SGD
from tests.callbacks.recording import bits, data, small_model

X, Y = data()


def plateau(**arguments: Any) -> ReduceLROnPlateau:
    return ReduceLROnPlateau(**{"monitor": "loss", "factor": 0.5, "patience": 2, "min_delta": 0, **arguments})


def rates(
    callback: ReduceLROnPlateau, values: Sequence[float | None], lr: float = 1.0, begin: bool = True
) -> list[float]:
    """The rate after each epoch, where the monitored value is given; None is an epoch without it."""
    model = SimpleNamespace(optimizer=SGD(lr), metrics=[])
    callback.set_model(model)
    if begin:
        callback.on_train_begin()
    found = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"other": 0.0} if value is None else {callback.monitor: value})
        found.append(float(model.optimizer.learning_rate))
    return found


# -- when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patience", "expected"),
    [
        (0, [1, 0.5, 0.25, 0.125, 0.125, 0.0625]),
        (1, [1, 0.5, 0.25, 0.125, 0.125, 0.0625]),
        (2, [1, 1, 0.5, 0.5, 0.5, 0.5]),
        (3, [1, 1, 1, 0.5, 0.5, 0.5]),
        (9, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_the_rate_is_reduced_after_patience_epochs_without_improvement(
    patience: int, expected: list[float]
) -> None:
    assert rates(plateau(patience=patience), [2.0, 2.0, 2.0, 3.0, 1.0, 1.0]) == expected


def test_waiting_begins_anew_after_a_reduction() -> None:
    callback = plateau()
    assert rates(callback, [1.0] * 7) == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]
    assert (callback.wait, callback.best) == (0, 1.0)


def test_min_delta_is_what_an_improvement_must_exceed() -> None:
    values = [1.0, 0.95, 0.8, 0.75, 0.72]
    assert rates(plateau(min_delta=0.1), values) == [1, 1, 1, 1, 0.5]
    assert rates(plateau(min_delta=0.1, mode="max"), [-v for v in values]) == [1, 1, 1, 1, 0.5]
    assert rates(plateau(), values) == [1] * 5


def test_the_default_min_delta_is_a_ten_thousandth() -> None:
    assert ReduceLROnPlateau().min_delta == 1e-4


@given(
    st.lists(st.floats(-10, 10, width=16) | st.sampled_from([nan, inf, -inf]), min_size=1), st.integers(1, 4)
)
def test_it_is_reduced_where_the_definition_says(values: list[float], patience: int) -> None:
    """At every multiple of `patience` epochs after the last improvement."""
    best, since, rate, expected = inf, 0, 1.0, []
    for value in values:
        since = 0 if value < best else since + 1
        best = min(best, value) if value == value else best
        rate *= 0.5 if since and since % patience == 0 else 1
        expected.append(rate)
    assert rates(plateau(patience=patience), values) == pytest.approx(expected)


@pytest.mark.rule("RP-3")
def test_in_a_fit_it_acts_as_here() -> None:
    """By mode="max" the falling loss never improves."""
    model = small_model(optimizer=SGD(0.5))
    callback = plateau(mode="max")
    history = model.fit(X, Y, epochs=6, verbose=0, callbacks=[callback])
    assert history.history["lr"] == [0.5, 0.5, 0.5, 0.25, 0.25, 0.125], "what an epoch was trained with"
    assert float(model.optimizer.lr) == 0.125
    assert callback.best == history.history["loss"][0]


# -- cooldown ----------------------------------------------------------------------------------------------


@pytest.mark.rule("RP-2")
@pytest.mark.parametrize(
    ("cooldown", "expected"),
    [
        (0, [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
        (1, [1, 0.5, 0.25, 0.125, 0.0625, 0.03125]),
        (2, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        (3, [1, 0.5, 0.5, 0.5, 0.25, 0.25]),
    ],
)
def test_bad_epochs_do_not_count_in_a_cooldown(cooldown: int, expected: list[float]) -> None:
    """An epoch ends the cooldown before it is looked at, as recorded: a cooldown of 1 changes nothing."""
    assert rates(plateau(patience=1, cooldown=cooldown), [1.0] * 6) == expected


def test_whether_it_is_in_a_cooldown() -> None:
    callback = plateau(patience=1, cooldown=2)
    assert not callback.in_cooldown()
    rates(callback, [1.0, 1.0])
    assert (callback.in_cooldown(), callback.cooldown_counter) == (True, 2)
    rates(callback, [1.0], begin=False)
    assert (callback.in_cooldown(), callback.cooldown_counter) == (True, 1)
    rates(callback, [0.5], begin=False)
    assert (callback.in_cooldown(), callback.best) == (False, 0.5)


# -- the lower bound ---------------------------------------------------------------------------------------


@pytest.mark.rule("RP-1")
def test_the_rate_stops_at_its_lower_bound() -> None:
    assert rates(plateau(patience=1, min_lr=0.3), [1.0] * 4) == [
        1,
        0.5,
        float(np.float32(0.3)),
        float(np.float32(0.3)),
    ]


@pytest.mark.rule("RP-1")
def test_the_bound_is_compared_as_a_float32_number(capsys: pytest.CaptureFixture[str]) -> None:
    """As float64 the rate, 0.10000000149, would be above the bound for ever, and be "reduced" at every epoch."""
    callback = plateau(patience=1, min_lr=0.1, verbose=1)
    assert rates(callback, [1.0] * 4, lr=0.1) == [float(np.float32(0.1))] * 4
    assert capsys.readouterr().out == ""
    assert callback.wait == 3, "nothing was reduced, so the waiting goes on"


@pytest.mark.rule("RP-1")
def test_a_rate_below_the_bound_stays() -> None:
    assert rates(plateau(patience=1, min_lr=0.5), [1.0] * 3, lr=0.25) == [0.25] * 3


def test_a_factor_of_zero_goes_to_the_bound_at_once() -> None:
    assert rates(plateau(patience=1, factor=0, min_lr=0.25), [1.0] * 3) == [1, 0.25, 0.25]


# -- values that are no improvement ------------------------------------------------------------------------


@pytest.mark.rule("MON-1")
def test_nan_counts_as_a_bad_epoch() -> None:
    assert rates(plateau(), [nan, nan, 1.0, nan, nan]) == [1, 0.5, 0.5, 0.5, 0.25]


@pytest.mark.rule("MON-2", "MON-5")
def test_a_missing_key_warns_once_and_the_rate_is_logged_all_the_same() -> None:
    callback = ReduceLROnPlateau("val_los", patience=0)
    with pytest.warns(MinifitWarning) as caught:
        history = small_model(optimizer=SGD(0.5)).fit(
            X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=[callback]
        )
    assert len(caught) == 1
    text = "ReduceLROnPlateau monitors 'val_los', which is not in the logs. Did you mean 'val_loss'?"
    assert str(caught[0].message) == text
    assert history.history["lr"] == [0.5] * 3
    assert (callback.wait, callback.best) == (0, inf)


# -- which way ---------------------------------------------------------------------------------------------


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize("monitor", ["acc", "val_accuracy", "accuracy_of_mine", "pacc_loss"])
def test_auto_is_max_for_names_that_contain_acc(monitor: str) -> None:
    assert rates(plateau(monitor=monitor), [1.0, 2.0, 3.0]) == [1] * 3
    assert ReduceLROnPlateau(monitor).best == -inf


@pytest.mark.rule("MON-3")
@pytest.mark.parametrize("monitor", ["loss", "val_auc", "fmeasure", "Accuracy"])
def test_auto_is_min_for_all_others(monitor: str) -> None:
    assert rates(plateau(monitor=monitor), [1.0, 2.0, 3.0]) == [1, 1, 0.5]
    assert ReduceLROnPlateau(monitor).best == inf


@pytest.mark.rule("MON-6")
def test_a_guess_against_a_known_metric_warns() -> None:
    model = small_model(metrics=[MeanSquaredError(name="msacc")])
    with pytest.warns(
        MinifitWarning, match="mode='auto' guesses from the name 'msacc' that larger values are better"
    ):
        model.fit(X, Y, verbose=0, callbacks=[ReduceLROnPlateau("msacc")])


@pytest.mark.rule("MON-4")
def test_a_weird_mode_warns_and_is_auto() -> None:
    with pytest.warns(MinifitWarning, match="Received: mode='weird'") as caught:
        callback = plateau(mode="weird")
    assert caught[0].filename == __file__
    assert rates(callback, [3.0, 2.0, 1.0]) == [1] * 3


# -- what is said ------------------------------------------------------------------------------------------


@pytest.mark.rule("FIT-15")
def test_messages_number_epochs_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    rates(plateau(patience=1, factor=0.1, verbose=1), [1.0, 1.0, 1.0])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.1.",
        "Epoch 3: ReduceLROnPlateau reducing learning rate to 0.01.",
    ]


def test_verbose_0_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    rates(plateau(patience=1), [1.0] * 3)
    assert capsys.readouterr().out == ""


# -- one object, several fits ------------------------------------------------------------------------------


def test_it_begins_anew_with_every_fit() -> None:
    callback = plateau(cooldown=5)
    rates(callback, [1.0] * 4)
    assert callback.in_cooldown()
    assert rates(callback, [9.0, 9.0, 9.0]) == [1, 1, 0.5]
    assert callback.best == 9.0


def test_the_public_state_as_in_keras() -> None:
    callback = ReduceLROnPlateau()
    assert (callback.monitor, callback.factor, callback.patience) == ("val_loss", 0.1, 10)
    assert (callback.mode, callback.verbose, callback.cooldown, callback.min_lr) == ("auto", 0, 0, 0)
    assert (callback.wait, callback.best, callback.cooldown_counter) == (0, inf, 0)
    assert callback.monitor_op(1.0, 2.0)
    assert not callback.monitor_op(1.99995, 2.0)


@pytest.mark.parametrize("at", range(1, 7))
def test_a_state_goes_on_where_it_was_taken(at: int) -> None:
    values = [3.0, 3.0, 3.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    whole, before, after = (plateau(patience=1, cooldown=2) for _ in range(3))
    expected = rates(whole, values)
    so_far = rates(before, values[:at])
    after.set_state(before.get_state())
    assert so_far + rates(after, values[at:], lr=so_far[-1], begin=False) == expected
    assert after.get_state() == whole.get_state()


# -- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"factor": 1.0}, ArgumentError, r"factor must be from 0 to below 1\. Received: factor=1.0"),
        ({"factor": 1.5}, ArgumentError, r"Received: factor=1.5"),
        ({"factor": -0.1}, ArgumentError, r"factor must be at least 0\. Received: factor=-0.1"),
        ({"factor": nan}, ArgumentError, r"Received: factor=nan"),
        ({"factor": "0.1"}, ArgumentTypeError, r"factor must be a number\. Received: factor='0.1'"),
        ({"patience": -1}, ArgumentError, r"patience must be at least 0\. Received: patience=-1"),
        ({"cooldown": -1}, ArgumentError, r"cooldown must be at least 0\. Received: cooldown=-1"),
        ({"min_lr": -1}, ArgumentError, r"min_lr must be at least 0\. Received: min_lr=-1"),
        ({"min_delta": "a"}, ArgumentTypeError, r"min_delta must be a number\. Received: min_delta='a'"),
        ({"minlr": 0.1}, ArgumentTypeError, r"Received: minlr\."),
    ],
)
def test_what_cannot_be_used_is_refused(arguments: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        ReduceLROnPlateau(**arguments)


def test_epsilon_is_the_older_name_of_min_delta() -> None:
    with pytest.warns(MinifitWarning, match="epsilon is the older name of min_delta") as caught:
        callback = ReduceLROnPlateau("loss", factor=0.5, patience=2, epsilon=0.1)
    assert caught[0].filename == __file__
    assert callback.min_delta == 0.1
    assert rates(callback, [1.0, 0.95, 0.92]) == [1, 1, 0.5]


def test_weights_are_left_alone() -> None:
    model = small_model()
    model.fit(X, Y, verbose=0)
    before = bits(model)
    callback = plateau(patience=0)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_end(epoch, {"loss": 1.0})
    assert bits(model) == before
