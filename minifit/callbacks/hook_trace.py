"""`HookTrace`: a record of a fit: every event, the changes that each callback made, and the time it took."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from typing import Any

from minifit import console
from minifit.callbacks import timeline, timeline_page
from minifit.callbacks.base import Callback
from minifit.callbacks.hook_events import HookCall, HookChange, HookEvent, differs, kept, plain
from minifit.checks import positive
from minifit.errors import ArgumentTypeError, legible
from minifit.observing import Calls, Observer, observed_by
from minifit.optimizers import Optimizer
from minifit.saving import atomic
from minifit.settings import Setting, flag
from minifit.workers import ALONE

OLD_NAMES = ("on_batch_begin", "on_batch_end")
"""Hooks that are not recorded: the hooks with the newer names call them."""

KINDS = {"test": "evaluate", "predict": "predict"}
"""The kinds of runs that begin with other hooks than those of `fit`."""


def _batches(name: str, value: Any) -> bool:
    """Return the value as a flag; refuse a path, which some would pass here."""
    if isinstance(value, (str, os.PathLike)):
        raise ArgumentTypeError(
            f"{name} is True or False. Received: {value!r}. Write the page after the run, with trace.html(path)."
        )
    return flag(name, value)


class Run:
    """A run in progress: a fit, an evaluation or a prediction."""

    def __init__(self, number: int, kind: str, callbacks: Any, within: Any) -> None:
        self.number, self.kind, self.callbacks, self.within = number, kind, callbacks, within
        model = getattr(callbacks, "model", None)
        name = getattr(model, "name", None)
        self.title = f"{kind} of {legible(name)}" if isinstance(name, str) else kind
        # events whose callbacks have not returned, the innermost last
        self.open: list[HookEvent] = []

    def ends_at(self, hook: str) -> bool:
        """Return True if `hook` ends the run."""
        return (
            hook == {"fit": "on_train_end", "evaluate": "on_test_end", "predict": "on_predict_end"}[self.kind]
        )


class HookTrace(Callback, Observer):
    """A callback that records every event of a run: its time, its logs, and which callback changed which value.

    The trace records the calls of all callbacks in its list, whatever its own place there, and the runs that begin
    inside their hooks, such as ``model.evaluate()`` at the end of an epoch. Pass ``callbacks=[trace]`` to `fit`,
    `evaluate` and `predict`; the records of several runs accumulate.

    Parameters
    ----------
    batches : bool, default True
        Whether to watch every batch. With False, batches that no other callback watches run together as they would
        without the trace, and one event represents all of them, with the number of the first or the last batch.
    max_events : int, default 20,000
        The largest number of events to keep. When there are more, a quarter is dropped, the oldest batches first;
        `table` and `html` show how many.

    Attributes
    ----------
    events : list of HookEvent
        In the order in which they began. Each has ``hook``, ``index``, ``begin``, ``end``, ``logs``, ``run`` and
        ``calls``; each call has ``callback``, ``begin``, ``end``, ``changes`` and ``error``.
    dropped : dict from str to int
        Numbers of dropped events, by hook.
    totals : dict from (str, str) to list
        Number of calls, total seconds and longest seconds by callback and hook, including dropped events.
    rank : int
        The rank of the worker that made the trace. Each of several workers makes its own; the chief has rank 0.

    Raises
    ------
    ArgumentTypeError
        When `batches` is a path.

    Notes
    -----
    The trace detects changes of keys of `logs`, of ``model.stop_training`` and of the optimizer's learning rate. An
    array in the logs counts as changed if another object replaces it. A trace does not change the values of a fit, not
    even in the last bit.

    Examples
    --------
    >>> import numpy as np
    >>> from minifit import Sequential, layers
    >>> model = Sequential([layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> trace = HookTrace()
    >>> _ = model.fit(np.ones((4, 2)), np.ones(4), verbose=0, callbacks=[trace])
    >>> [event.hook for event in trace.events][:3]
    ['on_train_begin', 'on_epoch_begin', 'on_train_batch_begin']

    References
    ----------
    Not part of Keras. ``python -m minifit.trace`` traces a whole program.
    """

    adds_keys = ()
    batches, max_events = Setting(_batches), Setting(positive)

    def __init__(self, batches: bool = True, max_events: int = 20_000) -> None:
        self.batches = batches
        self.max_events = max_events
        self.events: list[HookEvent] = []
        self.dropped: Counter[str] = Counter()
        self.totals: dict[tuple[str, str], list[Any]] = {}
        self.rank = 0
        self._runs = 0
        self._titles: Counter[str] = Counter()
        self._origin: float | None = None
        # by thread, the innermost run last
        self._active: dict[int, list[Run]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy without the runs in progress, which a copy does not record."""
        return {**vars(self), "_active": {}}

    # -- recording --------------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Return True to watch every batch, if `batches` is True."""
        return bool(self.batches)

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """Return the methods wrapped for recording; the first opens an event, and the last closes it."""
        if hook in OLD_NAMES:
            return calls
        if not calls:
            return [(None, self._recorded(callbacks, hook, None, _nothing, True, True))]
        last = len(calls) - 1
        names = _names(callbacks)
        return [
            (c, self._recorded(callbacks, hook, names.get(id(c)), method, place == 0, place == last))
            for place, (c, method) in enumerate(calls)
        ]

    def _recorded(
        self, callbacks: Any, hook: str, name: str | None, method: Callable[..., Any], first: bool, last: bool
    ) -> Callable[..., None]:
        """Return a method whose calls are recorded; without a `name` it only opens and closes the event."""

        def call(*args: Any) -> None:
            if first:
                self._open(callbacks, hook, args)
            event = self._run_of(callbacks).open[-1]
            failed = True
            try:
                if name is None:
                    method(*args)
                else:
                    self._call(callbacks, event, name, method, args)
                failed = False
            finally:
                event.end = self._now()
                if last or failed:
                    self._close(callbacks, event, failed)

        return call

    def _call(
        self, callbacks: Any, event: HookEvent, name: str, method: Callable[..., Any], args: Any
    ) -> None:
        """Call a callback, and record its time, its changes and its exception."""
        logs = args[-1]
        logs_before, model_before = dict(logs), _outside(callbacks.model)
        record = HookCall(name, self._now())
        event.calls.append(record)
        try:
            with observed_by(self):
                method(*args)
        except BaseException as error:
            record.error = _described(error)
            raise
        finally:
            record.end = self._now()
            record.changes = [
                *_changes(logs_before, logs, "logs[{!r}]"),
                *_changes(model_before, _outside(callbacks.model), "{}"),
            ]
            self._count(name, event.hook, record.end - record.begin)

    def ended(self, callbacks: Any, error: BaseException | None) -> None:
        """Close the run of a list of callbacks; an exception that ended it becomes an event."""
        if not any(run.callbacks is callbacks for run in self._stack()):
            return
        run = self._run_of(callbacks)
        # the run continues: an evaluation with the same list has ended in one of its hooks
        if run.open:
            return
        self._stack().pop()
        if error is not None:
            now, text = self._now(), _described(error)
            self._add(HookEvent("exception", None, now, now, {}, [], run.number, run.title, run.within, text))

    # -- storing ----------------------------------------------------------------------------------------

    def _open(self, callbacks: Any, hook: str, args: tuple[Any, ...]) -> None:
        """Begin an event, and with it the run if it is the first."""
        run, now = self._run_for(callbacks, hook), self._now()
        index = plain(args[0]) if len(args) > 1 else None
        event = HookEvent(hook, index, now, now, kept(args[-1]), [], run.number, run.title, run.within)
        run.open.append(event)
        self._add(event)

    def _close(self, callbacks: Any, event: HookEvent, failed: bool) -> None:
        """End an event, and with it the run if it is the last; `ended` closes a run that fails."""
        run = self._run_of(callbacks)
        run.open.remove(event)
        if run.ends_at(event.hook) and not failed:
            self._stack().pop()

    def _run_of(self, callbacks: Any) -> Run:
        """Return the run of a list, after removing runs inside it that were abandoned."""
        stack = self._stack()
        while stack[-1].callbacks is not callbacks:
            stack.pop()
        return stack[-1]

    def _run_for(self, callbacks: Any, hook: str) -> Run:
        """Return the run that an event belongs to."""
        stack = self._stack()
        kind = KINDS.get(hook.split("_")[1], "fit")
        if any(run.callbacks is callbacks for run in stack):
            run = self._run_of(callbacks)
            begins = hook == "on_train_begin" or (
                run.kind == kind and hook in ("on_test_begin", "on_predict_begin")
            )
            if run.open or not begins:
                return run
            # a loop written by hand was abandoned
            stack.pop()
        event = stack[-1].open[-1] if stack and stack[-1].open else None
        within = None if event is None or not event.calls else (event, event.calls[-1])
        self.rank = getattr(callbacks.model, "workers", ALONE).rank
        run = Run(self._runs, kind, callbacks, within)
        if within is None:
            self._titles[run.title] += 1
            # Several runs of one model are numbered from the second on.
            run.title += f" ({self._titles[run.title]})" if self._titles[run.title] > 1 else ""
        stack.append(run)
        self._runs += 1
        return run

    def _stack(self) -> list[Run]:
        return self._active.setdefault(threading.get_ident(), [])

    def _now(self) -> float:
        now = perf_counter()
        if self._origin is None:
            self._origin = now
        return now - self._origin

    def _count(self, callback: str, hook: str, seconds: float) -> None:
        total = self.totals.setdefault((callback, hook), [0, 0.0, 0.0])
        total[0] += 1
        total[1] += seconds
        total[2] = max(total[2], seconds)

    def _add(self, event: HookEvent) -> None:
        self.events.append(event)
        if len(self.events) > self.max_events:
            self._thin()

    def _thin(self) -> None:
        """Drop the oldest events until three quarters of `max_events` remain: those of batches if they suffice."""
        excess = len(self.events) - max(3 * self.max_events // 4, 1)
        batches = [e for e in self.events if "_batch_" in e.hook]
        oldest = (batches if len(batches) > excess else self.events)[:excess]
        self.dropped.update(e.hook for e in oldest)
        dropped = set(map(id, oldest))
        self.events = [e for e in self.events if id(e) not in dropped]

    # -- showing ----------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return timeline.text(self.events, self.totals, self.dropped)

    def table(self, file: Any = None) -> None:
        """Print the events, indented below the run, epoch or batch that contains them, and the time in each callback.

        Parameters
        ----------
        file : file, optional
            The file to write to; ``sys.stdout`` if None.
        """
        if file is None:
            console.show(str(self))
        else:
            file.write(f"{self}\n")

    def html(self, path: "str | os.PathLike[str]") -> None:
        """Write the timeline as one HTML page, which a browser opens without a network.

        Parameters
        ----------
        path : str or os.PathLike
            The file; an existing one is replaced.
        """
        atomic.write(path, timeline_page.page(self.events, self.totals, self.dropped))


def _names(callbacks: Any) -> dict[int, str]:
    """Return the names of callbacks by identity: the class, with a number from the second of a class on."""
    names: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for callback in callbacks.distinct:
        name = legible(type(callback).__name__)
        counts[name] += 1
        names[id(callback)] = name if counts[name] == 1 else f"{name} {counts[name]}"
    return names


def _outside(model: Any) -> dict[str, Any]:
    """Return the values besides the logs that a callback may change.

    A schedule is not called: it may count its calls.
    """
    values = {"stop_training": getattr(model, "stop_training", None)}
    optimizer = getattr(model, "optimizer", None)
    if isinstance(optimizer, Optimizer):
        values["learning_rate"] = "a schedule" if optimizer.scheduled else float(optimizer.learning_rate)
    return values


def _changes(before: dict[str, Any], after: dict[str, Any], name: str) -> list[HookChange]:
    """Return the values that differ, and the keys that were added or removed."""
    keys = dict.fromkeys((*before, *after))
    return [
        HookChange(name.format(legible(key)), plain(before.get(key)), plain(after.get(key)))
        for key in keys
        if (key in before) != (key in after) or differs(before.get(key), after.get(key))
    ]


def _nothing(*_: Any) -> None:
    """Do nothing, for a hook that no callback implements."""


def _described(error: BaseException) -> str:
    return legible(f"{type(error).__name__}: {error}".rstrip(": "), 600)
