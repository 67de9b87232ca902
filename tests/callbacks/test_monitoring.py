"""Monitoring: the value, the direction, the best so far, and the words when the key is not in the logs."""

import re
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest

from minifit import checks
from minifit.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from minifit.callbacks.monitoring import Monitoring
from minifit.errors import ArgumentError, MinifitWarning
from tests.callbacks.recording import acting, data, small_model
from tests.house.kinds import REAL, TorchLike

X, Y = data()

MONITORS: dict[str, Any] = {
    "EarlyStopping": EarlyStopping,
    "ReduceLROnPlateau": ReduceLROnPlateau,
    "ModelCheckpoint": lambda **settings: ModelCheckpoint("w.h5", save_best_only=True, **settings),
}


def monitoring(key: str) -> Monitoring:
    callback = EarlyStopping(key)
    callback.model = small_model()
    return callback


@pytest.mark.rule("MON-5")
def test_a_missing_key_warns_once_a_fit_with_the_nearest_one() -> None:
    one = monitoring("val_los")
    logs = {"loss": 1.0, "mae": 2.0, "val_loss": 3.0, "val_mae": 4.0}
    for _ in range(2):
        one.begin_monitoring()
        expected = "EarlyStopping monitors 'val_los', which is not in the logs. Did you mean 'val_loss'?"
        with pytest.warns(MinifitWarning, match=re.escape(expected)):
            assert one.monitored(logs) is None
        assert one.monitored(logs) is None  # a second warning would fail here


@pytest.mark.rule("MON-5")
def test_without_a_near_key_all_are_named() -> None:
    with pytest.warns(MinifitWarning, match=r"not in the logs\. Known: 'zzz'\.$"):
        monitoring("val_loss").monitored({"zzz": 1.0})


@pytest.mark.rule("MON-2")
def test_none_in_the_logs_is_no_value() -> None:
    with pytest.warns(MinifitWarning, match="monitors 'own', which is None in the logs\\."):
        assert monitoring("own").monitored({"own": None}) is None


@pytest.mark.rule("MON-5")
@pytest.mark.parametrize("kind", MONITORS)
def test_a_key_that_comes_at_a_later_epoch_is_waited_for(kind: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    callback = MONITORS[kind](monitor="val_loss")
    arguments: dict[str, Any] = {"epochs": 4, "validation_data": (X, Y), "verbose": 0}
    small_model().fit(
        X, Y, validation_freq=[3], callbacks=[callback], **arguments
    )  # a warning would fail here
    with pytest.warns(MinifitWarning, match="validation_data, and appear at the epochs of validation_freq"):
        small_model().fit(X, Y, validation_freq=9, callbacks=[callback], **arguments)


def test_several_numbers_cannot_be_monitored() -> None:
    with pytest.raises(ArgumentError, match=r"EarlyStopping monitoring 'own' of shape \(2,\)"):
        monitoring("own").monitored({"own": np.zeros(2)})
    with pytest.raises(ArgumentError, match=r"EarlyStopping monitoring 'own' which is 'a'\. Monitor another"):
        monitoring("own").monitored({"own": "a"})


NUMBERS = [0.0, -inf, 3, *(made(0.5) for made in REAL.values())]


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("held", [None, np.array, TorchLike])
def test_a_number_of_every_kind_is_a_value(value: Any, held: Any) -> None:
    """That of an array of one number, too: a metric of one class returns it."""
    number = checks.real(value)
    found = monitoring("own").monitored({"own": value if held is None else held([[number]])})
    assert found == number
    assert type(found) in (int, float)


@pytest.mark.parametrize("value", [nan, np.float32("nan"), np.array([nan])])
def test_nan_is_a_value(value: Any) -> None:
    assert isnan(monitoring("own").monitored({"own": value}))


@pytest.mark.parametrize("value", [True, np.True_])
def test_a_bool_counts_as_a_number(value: Any) -> None:
    assert monitoring("own").monitored({"own": value}) == 1


@pytest.mark.parametrize("kind", MONITORS)
def test_the_direction_follows_what_is_set(kind: str) -> None:
    callback = MONITORS[kind](monitor="loss")
    assert callback.best == inf
    callback.monitor = "val_acc"
    assert callback.best == -inf
    assert callback.monitor_op(1, 0)
    callback.monitor_op = np.less
    assert (callback.mode, callback.best) == ("min", inf)
    with pytest.warns(MinifitWarning, match="mode must be 'auto', 'min' or 'max'"):
        callback.mode = "weird"
    assert callback.mode == "auto"
    with pytest.raises(ArgumentError, match=r"monitor_op must be np\.less or np\.greater"):
        callback.monitor_op = max


def test_another_key_in_the_middle_of_a_fit() -> None:
    callback = EarlyStopping("loss", patience=9)
    change = acting("on_epoch_begin", lambda c: setattr(callback, "monitor", "los"))
    with pytest.warns(MinifitWarning, match="monitors 'los'"):
        small_model().fit(X, Y, epochs=2, verbose=0, callbacks=[change, callback])
