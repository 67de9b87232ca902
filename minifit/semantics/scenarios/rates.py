"""LearningRateScheduler."""

from pathlib import Path
from typing import Any

import numpy as np

from minifit.semantics.playing import cannot_ask, scenario
from minifit.semantics.stage import fit, listener, model_of, rate_of, refusal, unless_absent


def scheduled(keras: Any, schedule: Any, **options: Any) -> Any:
    """Return how a fit with a schedule ends, and the rate that it leaves."""
    model = model_of(keras)
    result = refusal(lambda: fit(model, (keras.callbacks.LearningRateScheduler(schedule),), **options))
    return [result, rate_of(model)]


@scenario("LR-1")
def arguments_of_a_schedule(keras: Any, folder: Path) -> Any:
    calls: Any = []

    def of_epoch(epoch: int) -> float:
        calls.append(["of the epoch", epoch])
        return 0.5

    def of_both(epoch: int, rate: float) -> float:
        calls.append(["of both", epoch, round(float(rate), 4)])
        return rate * 0.5

    def failing(epoch: int, rate: float = 1.0) -> float:
        calls.append("failing")
        raise TypeError("inside")

    answers = [scheduled(keras, schedule) for schedule in (of_epoch, of_both, failing)]
    return {"answers": answers, "calls": calls}


@scenario("LR-2")
def types_of_a_rate(keras: Any, folder: Path) -> Any:
    values = {"float": 0.5, "NumPy float": np.float32(0.5), "integer": 1, "None": None, "text": "0.5"}

    def constant(value: Any) -> Any:
        return lambda epoch: value

    return {name: scheduled(keras, constant(value))[0] for name, value in values.items()}


@scenario("LR-3")
def rate_given_by_a_schedule(keras: Any, folder: Path) -> Any:
    hooks: Any = []
    look = listener(keras, on_train_begin=lambda self, logs=None: hooks.append("on_train_begin"))

    def answer(callback: Any) -> str:
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
        model = model_of(keras, optimizer=keras.optimizers.SGD(schedule))
        try:
            fit(model, (look, callback), epochs=3)
        except Exception as error:
            unless_absent(error)
            return "refused"
        return "accepted"

    return {
        "scheduler": answer(keras.callbacks.LearningRateScheduler(lambda epoch: 0.5)),
        "plateau": answer(keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100.0)),
        "hooks before": hooks,
    }


@scenario("LR-4")
def impossible_rates(keras: Any, folder: Path) -> Any:
    return {
        "negative": scheduled(keras, lambda epoch: -0.5)[0],
        "NaN": scheduled(keras, lambda epoch: float("nan"))[0],
    }


cannot_ask(
    "a run that goes on in the middle of an epoch with its schedule unasked is minifit's own way of resuming",
    "LR-5",
)
