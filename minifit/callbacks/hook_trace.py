"""`HookTrace`: shows what a fit does: every event, what each callback did there, and how long it took."""

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
from minifit.errors import legible
from minifit.observing import Calls, Observer, observed_by
from minifit.optimizers import Optimizer
from minifit.saving import atomic
from minifit.settings import Setting, flag
from minifit.workers import ALONE

OLD_NAMES = ("on_batch_begin", "on_batch_end")  # the newer names call them

KINDS = {"test": "evaluate", "predict": "predict"}  # what a run is called that begins with such a hook


class Run:
    """A run that is under way: a fit, an evaluation or a prediction."""

    def __init__(self, number: int, kind: str, callbacks: Any, within: Any) -> None:
        self.number, self.kind, self.callbacks, self.within = number, kind, callbacks, within
        model = getattr(callbacks, "model", None)
        name = getattr(model, "name", None)
        self.title = f"{kind} of {legible(name)}" if isinstance(name, str) else kind
        self.open: list[HookEvent] = []  # events whose callbacks are at work, the innermost at the end

    def ends_at(self, hook: str) -> bool:
        """Return whether this is the hook of its end."""
        return (
            hook == {"fit": "on_train_end", "evaluate": "on_test_end", "predict": "on_predict_end"}[self.kind]
        )


class HookTrace(Callback, Observer):
    """Records every event of a run: its time, its logs, and who changed what in them.

    It sees the calls of all callbacks in its list, wherever it stands there, and the runs that begin inside their
    hooks, such as ``model.evaluate()`` at the end of an epoch. It sees `fit`, `evaluate` and `predict`, each with
    ``callbacks=[trace]``, and adds up what it sees.

    Parameters
    ----------
    batches : bool, default True
        Whether to watch every batch. With False, batches that no other callback watches run together as they would
        without the trace, and an event stands for all of them, with the first or the last one's number.
    max_events : int, default 20,000
        Events that are kept. When there are more, a quarter is dropped, the oldest batches first; `table` and `html`
        say how many.

    Attributes
    ----------
    events : list of HookEvent
        In the order in which they began. Each has ``hook``, ``index``, ``begin``, ``end``, ``logs``, ``run`` and
        ``calls``; each call has ``callback``, ``begin``, ``end``, ``changes`` and ``error``.
    dropped : dict from str to int
        Events that are not kept any more, by their hooks.
    totals : dict from (str, str) to list
        Number of calls, seconds and longest seconds by callback and hook, also of dropped events.
    rank : int
        The number of the worker whose trace it is; each of several workers has its own, and the chief is 0.

    Notes
    -----
    Changes that are seen are keys of `logs`, ``model.stop_training`` and the optimizer's learning rate. An array in the
    logs is one that changed when another object is in its place. The values of a fit are the same bits with a trace and
    without one.

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
    It is of minifit alone. ``python -m minifit.trace`` traces a whole program.
    """

    adds_keys = ()
    batches, max_events = Setting(flag), Setting(positive)

    def __init__(self, batches: bool = True, max_events: int = 20_000) -> None:
        self.batches = batches
        self.max_events = max_events
        self.events: list[HookEvent] = []
        self.dropped: Counter[str] = Counter()
        self.totals: dict[tuple[str, str], list[Any]] = {}
        self.rank = 0
        self._runs = 0
        self._origin: float | None = None
        self._under_way: dict[int, list[Run]] = {}  # by thread, the innermost at the end

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: what was recorded; of what is under way a copy sees nothing."""
        return {**vars(self), "_under_way": {}}

    # -- what is seen -----------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Every batch, if `batches` says so."""
        return bool(self.batches)

    def around(self, callbacks: Any, hook: str, calls: Calls) -> Calls:
        """The same methods, the first of which opens an event and the last of which closes it."""
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
        """Return a method whose calls are recorded; one without a `name` only opens and closes."""

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
        """Call a callback, and write down how long it took, what it changed and what it raised."""
        logs = args[-1]
        before, ahead = dict(logs), _outside(callbacks.model)
        made = HookCall(name, self._now())
        event.calls.append(made)
        try:
            with observed_by(self):
                method(*args)
        except BaseException as error:
            made.error = _said(error)
            raise
        finally:
            made.end = self._now()
            made.changes = [
                *_changes(before, logs, "logs[{!r}]"),
                *_changes(ahead, _outside(callbacks.model), "{}"),
            ]
            self._count(name, event.hook, made.end - made.begin)

    def ended(self, callbacks: Any, error: BaseException | None) -> None:
        """Close the run of a list of callbacks; one that ends by an exception has an event for it."""
        if not any(run.callbacks is callbacks for run in self._stack()):
            return
        run = self._run_of(callbacks)
        if run.open:  # it goes on: what has ended is an evaluation with the same list, in one of its hooks
            return
        self._stack().pop()
        if error is not None:
            now, said = self._now(), _said(error)
            self._add(HookEvent("exception", None, now, now, {}, [], run.number, run.title, run.within, said))

    # -- what is kept -----------------------------------------------------------------------------------

    def _open(self, callbacks: Any, hook: str, args: tuple[Any, ...]) -> None:
        """Begin an event, and a run if it begins with it."""
        run, now = self._run_for(callbacks, hook), self._now()
        index = plain(args[0]) if len(args) > 1 else None
        event = HookEvent(hook, index, now, now, kept(args[-1]), [], run.number, run.title, run.within)
        run.open.append(event)
        self._add(event)

    def _close(self, callbacks: Any, event: HookEvent, failed: bool) -> None:
        """End an event, and the run if it ends with it; one that fails ends by `ended`."""
        run = self._run_of(callbacks)
        run.open.remove(event)
        if run.ends_at(event.hook) and not failed:
            self._stack().pop()

    def _run_of(self, callbacks: Any) -> Run:
        """Return the run of a list; those inside it that did not come to their end are over."""
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
            stack.pop()  # a loop by hand that did not come to its end
        event = stack[-1].open[-1] if stack and stack[-1].open else None
        within = None if event is None or not event.calls else (event, event.calls[-1])
        self.rank = getattr(callbacks.model, "workers", ALONE).rank
        stack.append(Run(self._runs, kind, callbacks, within))
        self._runs += 1
        return stack[-1]

    def _stack(self) -> list[Run]:
        return self._under_way.setdefault(threading.get_ident(), [])

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
        """Drop the oldest events, so that three quarters of the room are left full: those of batches, if these do."""
        excess = len(self.events) - max(3 * self.max_events // 4, 1)
        batches = [e for e in self.events if "_batch_" in e.hook]
        going = (batches if len(batches) > excess else self.events)[:excess]
        self.dropped.update(e.hook for e in going)
        gone = set(map(id, going))
        self.events = [e for e in self.events if id(e) not in gone]

    # -- how it is shown --------------------------------------------------------------------------------

    def __str__(self) -> str:
        return timeline.text(self.events, self.totals, self.dropped)

    def table(self, file: Any = None) -> None:
        """Print the events, indented by what they belong to, and the time in each callback.

        Parameters
        ----------
        file : file, optional
            Where to write; ``sys.stdout`` when None.
        """
        if file is None:
            console.show(str(self))
        else:
            file.write(f"{self}\n")

    def html(self, path: "str | os.PathLike[str]") -> None:
        """Write a page with the timeline, which needs nothing but a browser.

        Parameters
        ----------
        path : str or os.PathLike
            The file, which is replaced if there is one.
        """
        atomic.write(path, timeline_page.page(self.events, self.totals, self.dropped))


def _names(callbacks: Any) -> dict[int, str]:
    """Return what each callback is called, by its identity: its class, and a number from the second of a class on."""
    names: dict[int, str] = {}
    seen: Counter[str] = Counter()
    for callback in callbacks.distinct:
        name = legible(type(callback).__name__)
        seen[name] += 1
        names[id(callback)] = name if seen[name] == 1 else f"{name} {seen[name]}"
    return names


def _outside(model: Any) -> dict[str, Any]:
    """Return what a callback may change besides the logs. A schedule is not asked: it may count its calls."""
    found = {"stop_training": getattr(model, "stop_training", None)}
    optimizer = getattr(model, "optimizer", None)
    if isinstance(optimizer, Optimizer):
        found["learning_rate"] = "a schedule" if optimizer.scheduled else float(optimizer.learning_rate)
    return found


def _changes(before: dict[str, Any], after: dict[str, Any], name: str) -> list[HookChange]:
    """Return what differs, and keys that came or went."""
    keys = dict.fromkeys((*before, *after))
    return [
        HookChange(name.format(legible(key)), plain(before.get(key)), plain(after.get(key)))
        for key in keys
        if (key in before) != (key in after) or differs(before.get(key), after.get(key))
    ]


def _nothing(*_: Any) -> None:
    """Stand for the callbacks at a hook that none of them has."""


def _said(error: BaseException) -> str:
    return legible(f"{type(error).__name__}: {error}".rstrip(": "), 600)
