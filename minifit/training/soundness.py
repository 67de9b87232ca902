"""The validation of a captured state, before anything of a run changes.

The state may come from a file with a correct checksum and wrong content. So each captured value must be of the same
kind as the run's own; the states of random generators are tried on scratch generators; counts have bounds. A user's
callback or metric validates its own state: when its `set_state` raises, everything is restored.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import numpy as np

from minifit.arrays import Array, Shape
from minifit.errors import FileFormatError, MinifitError, quoted
from minifit.metrics.base import Metric, is_own
from minifit.optimizers import Optimizer
from minifit.randomness import generator_at

LONGEST = 2**40
"""The largest number of batches of a Sequence: the memory for their order grows with its square root."""

LARGEST = 2**63
"""The upper bound of counts."""

NAMED = ("kind", "logs", "step", "settings", "callbacks")
"""The parts that are dicts of values by name."""


def check_parts(captured: Any, now: Mapping[str, Any]) -> None:
    """Check that a captured state has the same parts as the present state.

    Raises
    ------
    FileFormatError
    """
    _same_names(captured, now, "the state")
    for name in NAMED:
        _need(isinstance(captured[name], dict), captured[name], name)
        for key in captured[name]:
            _need(isinstance(key, str), key, name)
    _need(isinstance(captured["weights"], list), captured["weights"], "weights")
    for name in ("kind", "settings"):
        _plain(captured[name], name)


def check(captured: Mapping[str, Any], now: Mapping[str, Any], optimizer: Optimizer) -> None:
    """Check that this run could have captured every part.

    Raises
    ------
    FileFormatError
    """
    for name in now.keys() & {"epoch", "batch", "first_epoch"}:
        _count(captured[name], name)
    apart = (
        *NAMED,
        "objective",
        "optimizer",
        "optimizers",
        "streams",
        "global streams",
        "batches",
        "judged_on",
    )
    for name in now.keys() - apart:
        _alike(captured[name], now[name], name)
    _memory_of_optimizer(captured["optimizer"], now["optimizer"], now["weights"])
    _hyperparameters(captured["optimizer"], now["optimizer"], optimizer)
    _same_names(captured["optimizers"], now["optimizers"], "optimizers")
    for name, then in captured["optimizers"].items():
        _memory_of_optimizer(then, now["optimizers"][name], now["weights"])
    _need(captured["engine"] in ("numba", "numpy"), captured["engine"], "engine")
    for part in ("logs", "step"):
        for name, value in captured[part].items():
            _need(_is_number(value) or isinstance(value, np.ndarray), value, f"{part}: {name}")
    with _read("streams", captured["streams"]) as streams:
        _count(streams["root"], "streams: root")
        for position in streams["positions"].values():
            generator_at(position)
    with _read("global streams", captured["global streams"]) as streams:
        _try_global(streams)
    _place_in_data(captured["batches"], now["batches"], captured["epoch"], "batches")
    steps = captured["batches"]["steps"]
    _need(steps is None or captured["batch"] <= steps, captured["batch"], f"batch of {steps}")
    judged, ours = captured["judged_on"], now["judged_on"]
    if judged is not None:
        _same_names(judged, {"kind": 0, "place": 0}, "judged_on")
        _plain(judged["kind"], "judged_on: kind")
        if ours is not None and judged["kind"] == ours["kind"]:
            _place_in_data(judged["place"], ours["place"], captured["epoch"], "judged_on")
    for name, states in captured["callbacks"].items():
        _need(isinstance(states, list), states, f"callbacks: {name}")


def check_sums(captured: Any, now: Sequence[Any], metrics: Sequence[Metric]) -> None:
    """Check that the captured sums are of the same kind as the present sums of the metrics."""
    _need(isinstance(captured, list) and len(captured) == len(now), captured, "objective")
    for i, (then, ours, metric) in enumerate(zip_longest(captured, now, metrics), 1):
        place = f"objective, number {i}"
        if metric is None:
            # the loss weights follow the metrics
            _alike(then, ours, place)
            continue
        if not is_own(metric):
            # the state of a user's metric may be anything
            continue
        _same_names(then, ours, place)
        _alike(then["attributes"], ours["attributes"], f"{place}: attributes")
        known = ours["variables"]
        place, values = f"{place}: variables", then["variables"]
        _need(isinstance(values, list) and len(values) == len(known), values, place)
        for value, variable in zip(values, known, strict=True):
            numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f"
            _need(numbers and _grows(variable.shape, value.shape), value, place)


def _grows(now: Shape, then: Shape) -> bool:
    """Return whether a first batch can turn a sum of shape `now` into one of shape `then`, by setting the classes."""
    if not now or not then:
        return True
    return len(now) == len(then) and all(n == t or 1 in (n, t) for n, t in zip(now, then, strict=True))


def check_callback(name: str, captured: Any, now: Mapping[str, Any], weights: Sequence[Array]) -> None:
    """Check that the captured state of a library callback is of the same kind as its present state.

    A list of arrays in it must match all `weights`, such as the best weights.
    """
    place = f"callbacks: {name}"
    _alike(captured, now, place, loose=True)
    for key, value in captured.items():
        if now[key] is None and (isinstance(value, list) or key.endswith("weights")) and value is not None:
            _alike(value, weights, f"{place}: {key}")


@contextmanager
def all_or_nothing(undo: Callable[[], None]) -> Iterator[None]:
    """Call `undo` when the block raises.

    Raises
    ------
    FileFormatError
        In place of an exception of the block that is not minifit's own.
    """
    try:
        yield
    except BaseException as error:
        undo()
        if isinstance(error, MinifitError) or not isinstance(error, Exception):
            raise
        raise _misfit("a state", f"one that leads to {type(error).__name__}: {quoted(str(error))}") from error


# -- the rules -----------------------------------------------------------------------------------------------


def _alike(then: Any, now: Any, place: str, loose: bool = False) -> None:
    """Check that two values are of the same kind; `loose` allows None for a value and a value for None."""
    if isinstance(now, dict):
        free = place.endswith(("hyperparameters", "totals", "sizes"))
        _need(isinstance(then, dict), then, place)
        if not free:
            _same_names(then, now, place)
        for name, value in then.items():
            _need(isinstance(name, str), name, place)
            if not free or isinstance(now.get(name), np.ndarray):
                _alike(value, now[name], f"{place}: {name}", loose)
            else:
                number = value is None or _is_number(value) or isinstance(value, np.ndarray)
                _need(number, value, f"{place}: {name}")
    elif isinstance(now, list | tuple):
        _need(isinstance(then, list | tuple) and len(then) == len(now), then, place)
        for i, (value, ours) in enumerate(zip(then, now, strict=True), 1):
            _alike(value, ours, f"{place}, number {i}", loose)
    elif isinstance(now, np.ndarray):
        fits = isinstance(then, np.ndarray | np.generic) and then.shape == now.shape
        _need(fits and (then.dtype.kind == "f") == (now.dtype.kind == "f"), then, place)
    elif isinstance(now, bool | str):
        _need(type(then) is type(now), then, place)
    elif isinstance(now, int) and loose:
        count = isinstance(then, int) and not isinstance(then, bool)
        _need(count and min(now, 0) <= then < LARGEST, then, place)
    elif now is None:
        arrays = isinstance(then, list) and all(isinstance(part, np.ndarray) for part in then)
        _need(then is None or _is_number(then) or (loose and arrays), then, place)
    else:
        _need(_is_number(then) or (loose and then is None), then, place)


def _memory_of_optimizer(then: Any, now: Mapping[str, Any], weights: Sequence[Array]) -> None:
    """Check the optimizer's slots for these weights; a hyperparameter may have added slots."""
    _same_names(then, now, "optimizer")
    for name in now.keys() - {"slots"}:
        _alike(then[name], now[name], f"optimizer: {name}")
    slots = then["slots"]
    _need(isinstance(slots, list) and len(slots) == len(weights), slots, "optimizer: slots")
    for of_weight in slots:
        _need(isinstance(of_weight, dict), of_weight, "optimizer: slots")
    names = {name for of_weight in slots for name in of_weight}
    for of_weight, ours, weight in zip(slots, now["slots"], weights, strict=True):
        whole = of_weight.keys() >= ours.keys() and of_weight.keys() in (names, set())
        _need(whole, list(of_weight), "optimizer: slots")
        for name, array in of_weight.items():
            _alike(array, weight, f"optimizer: slots: {name}")


def _hyperparameters(then: Mapping[str, Any], now: Mapping[str, Any], optimizer: Optimizer) -> None:
    """Check that all hyperparameters of the optimizer's class are there; training may have set others as well."""
    place, kind = "optimizer: hyperparameters", type(optimizer)
    for name in then["hyperparameters"].keys() ^ now["hyperparameters"].keys():
        _need(name.isidentifier() and not name.startswith("_") and not hasattr(kind, name), name, place)


def _place_in_data(then: Any, now: Mapping[str, Any], epoch: int, place: str) -> None:
    """Check that a place in the data is of the right kind and within the steps that a run can have made."""
    _same_names(then, now, place)
    _need(isinstance(then["ended"], bool), then["ended"], f"{place}: ended")
    steps = then["steps"]
    for name in then.keys() - {"ended", "drawn_from", "drawing_from", "source", "began"}:
        if then[name] is not None or name not in ("steps", "length"):
            _count(then[name], f"{place}: {name}")
    _need(now["steps"] is None or steps == now["steps"], steps, f"{place}: steps")
    most = {"begun": epoch + 2, "ends": epoch + 2, "length": LONGEST}
    if steps is not None:
        most["drawn"] = most["position"] = (epoch + 2) * max(steps, 1)
        most["since"] = steps
    for name, bound in most.items():
        _need((then.get(name) or 0) <= bound, then.get(name), f"{place}: {name}")
    if "began" in now:
        # the place in each worker's own data
        began = then["began"]
        _need(isinstance(began, list) and len(began) == len(now["began"]), began, f"{place}: began")
        for rank, (each, own) in enumerate(zip(began, now["began"], strict=True)):
            _place_in_data(each, own, epoch, f"{place}: began, number {rank + 1}")
    for name in ("drawn_from", "drawing_from"):
        positions = then.get(name)
        if "drawing_from" not in now:
            positions = None if positions is None else [positions]
        elif positions is not None or name == "drawing_from":
            # one for each shuffle of a Dataset
            fits = isinstance(positions, list) and len(positions) == len(now["drawing_from"])
            _need(fits, positions, f"{place}: {name}")
        for position in positions or ():
            with _read(f"{place}: {name}", position) as state:
                generator_at(state)


def _try_global(streams: Any) -> None:
    """Try the states of the global generators on scratch generators."""
    ours, python = streams["numpy"], streams["python"]
    _need(ours["position"] in range(625), ours["position"], "global streams: position")
    state = (ours["kind"], np.asarray(ours["words"]), ours["position"], *ours["gauss"])
    np.random.RandomState().set_state(state)
    random.Random().setstate((python["version"], tuple(map(int, python["words"])), python["gauss"]))
    _need(python["gauss"] is None or _is_number(python["gauss"]), python["gauss"], "global streams: gauss")


def _plain(value: Any, place: str) -> None:
    """Check that a value consists of dicts, lists, numbers and strings alone."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value, 1):
            _plain(part, f"{place}: {key}")
    else:
        _need(value is None or isinstance(value, int | float | str), value, place)


def _is_number(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < LARGEST
    return isinstance(value, float | np.number) or (
        isinstance(value, np.ndarray) and not value.shape and value.dtype.kind in "fiu"
    )


def _count(value: Any, place: str) -> None:
    _need(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST, value, place)


def _same_names(then: Any, now: Mapping[str, Any], place: str) -> None:
    _need(isinstance(then, dict), then, place)
    for name in then.keys() ^ now.keys():
        raise _misfit(place, f"one {'with' if name in then else 'without'} {quoted(name)}")


@contextmanager
def _read(place: str, value: Any) -> Iterator[Any]:
    """Yield a value; turn any exception of the block into a `FileFormatError` about it."""
    try:
        yield value
    except MinifitError:
        raise
    except Exception as error:
        raise _misfit(place, f"one that leads to {type(error).__name__}: {quoted(str(error))}") from error


def _need(fits: bool, value: Any, place: str) -> None:
    if not fits:
        raise _misfit(place, quoted(value))


def _misfit(place: str, received: str) -> FileFormatError:
    return FileFormatError(
        f"A captured state must not be altered. Received: {place}: {received}. Begin again without it."
    )
