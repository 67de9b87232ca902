"""A captured state is looked at as a whole before anything of a run changes.

It may come from a file whose checksum is right and whose content is not. Where the run has a value of its own, the
captured one is of the same kind; the states of random generators are tried on others; counts have bounds. What only a
callback or metric of the user can judge is left to it: when its `set_state` raises, all else is as it was before.
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
"""Batches of a Sequence, at most: their order takes memory that grows with the root of it."""

LARGEST = 2**63
"""Numbers that are counted stay below."""

NAMED = ("kind", "logs", "step", "settings", "callbacks")
"""Parts that hold values by name."""


def check_parts(captured: Any, now: Mapping[str, Any]) -> None:
    """Raise unless a captured state has the parts that the state of now has.

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
    """Raise unless every part is one that this run could have captured.

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
    """Raise unless the captured sums are of the kind of those that the metrics have now."""
    _need(isinstance(captured, list) and len(captured) == len(now), captured, "objective")
    for i, (then, ours, metric) in enumerate(zip_longest(captured, now, metrics), 1):
        place = f"objective, number {i}"
        if metric is None:  # behind the metrics: the loss weight
            _alike(then, ours, place)
            continue
        if not is_own(metric):
            continue  # it may keep anything
        _same_names(then, ours, place)
        _alike(then["attributes"], ours["attributes"], f"{place}: attributes")
        known = ours["variables"]
        place, values = f"{place}: variables", then["variables"]
        _need(isinstance(values, list) and len(values) == len(known), values, place)
        for value, variable in zip(values, known, strict=True):
            numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f"
            _need(numbers and _grows(variable.shape, value.shape), value, place)


def _grows(now: Shape, then: Shape) -> bool:
    """Return whether a sum of one shape gets the other by its first batch, which may give it a number of classes."""
    if not now or not then:
        return True
    return len(now) == len(then) and all(n == t or 1 in (n, t) for n, t in zip(now, then, strict=True))


def check_callback(name: str, captured: Any, now: Mapping[str, Any], weights: Sequence[Array]) -> None:
    """Raise unless the captured state of a callback of the library is of the kind of the one that it has now.

    Arrays that it keeps are those of all `weights`, such as the best ones.
    """
    place = f"callbacks: {name}"
    _alike(captured, now, place, loose=True)
    for key, value in captured.items():
        if now[key] is None and (isinstance(value, list) or key.endswith("weights")) and value is not None:
            _alike(value, weights, f"{place}: {key}")


@contextmanager
def all_or_nothing(undo: Callable[[], None]) -> Iterator[None]:
    """Undo what the block has changed when it raises.

    Raises
    ------
    FileFormatError
        For whatever the block raises over a state that does not fit.
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
    """Raise unless two values are of one kind; `loose` allows None, and others for None."""
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
    """Raise unless an optimizer can remember this of these weights; a hyperparameter may have given it more slots."""
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
    """Raise unless those of the optimizer's class are all there; others may have been set while it trained."""
    place, kind = "optimizer: hyperparameters", type(optimizer)
    for name in then["hyperparameters"].keys() ^ now["hyperparameters"].keys():
        _need(name.isidentifier() and not name.startswith("_") and not hasattr(kind, name), name, place)


def _place_in_data(then: Any, now: Mapping[str, Any], epoch: int, place: str) -> None:
    """Raise unless this is a place in such data, which no more steps lead to than a run has taken."""
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
    if "began" in now:  # of each worker's own data
        began = then["began"]
        _need(isinstance(began, list) and len(began) == len(now["began"]), began, f"{place}: began")
        for rank, (each, own) in enumerate(zip(began, now["began"], strict=True)):
            _place_in_data(each, own, epoch, f"{place}: began, number {rank + 1}")
    for name in ("drawn_from", "drawing_from"):
        positions = then.get(name)
        if "drawing_from" not in now:
            positions = None if positions is None else [positions]
        elif positions is not None or name == "drawing_from":  # of the shuffles of a Dataset
            fits = isinstance(positions, list) and len(positions) == len(now["drawing_from"])
            _need(fits, positions, f"{place}: {name}")
        for position in positions or ():
            with _read(f"{place}: {name}", position) as state:
                generator_at(state)


def _try_global(streams: Any) -> None:
    """Put the states of the global generators into others."""
    ours, python = streams["numpy"], streams["python"]
    _need(ours["position"] in range(625), ours["position"], "global streams: position")
    state = (ours["kind"], np.asarray(ours["words"]), ours["position"], *ours["gauss"])
    np.random.RandomState().set_state(state)
    random.Random().setstate((python["version"], tuple(map(int, python["words"])), python["gauss"]))
    _need(python["gauss"] is None or _is_number(python["gauss"]), python["gauss"], "global streams: gauss")


def _plain(value: Any, place: str) -> None:
    """Raise unless a value is made of dicts, lists, numbers and strings alone."""
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
    """Whatever is raised over a value is its fault."""
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
        f"A captured state is as it was captured. Received: {place}: {received}. Begin again without it."
    )
