"""`CallbackList`: several callbacks as one, and which of them watch batches."""

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Set
from typing import Any

from minifit.callbacks.base import (
    HOOKS,
    Callback,
    Logs,
    Run,
    check_hook,
    declared,
    declared_keys,
    hooks_of,
    key_owner,
    methods_at_hooks,
)
from minifit.callbacks.history import History
from minifit.callbacks.progbar_logger import ProgbarLogger
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.observing import Calls, Observer, present
from minifit.saving.paths import absolute


class CallbackList:
    """A list that calls every callback in turn, in `fit` and in training loops written by hand.

    Parameters
    ----------
    callbacks : Callback or (nested) list of them, optional
    add_history : bool, default False
        Whether to add a `History` if the list has none.
    add_progbar : bool, default False
        Whether to add a `ProgbarLogger` that counts steps, if the list has none.
    model : Sequential, optional
    **params
        ``epochs``, ``steps``, ``verbose``: passed to `set_params` of every callback.

    Raises
    ------
    ArgumentTypeError
        For an entry that is not a callback; the error names it and its index.

    Examples
    --------
    >>> callbacks = CallbackList([Callback()], epochs=1, steps=100, verbose=0)
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_begin(0)

    References
    ----------
    ``tf.keras.callbacks.CallbackList`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks: list[Callback] = list(checked(callbacks))
        self.model: Any = None
        self.params: dict[str, Any] = {}
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger(count_mode="steps"))
        self._known: list[Any] | None = None
        # only the hooks that a callback implements or an observer records
        self._methods: dict[str, list[Callable[..., None]]] = {}
        self._profile: Observer | None = None
        self._observers: list[Observer] = []
        self.ask()
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    @property
    def history(self) -> History | None:
        """The first `History` in the list."""
        return next((c for c in self.callbacks if isinstance(c, History)), None)

    def __copy__(self) -> "CallbackList":
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy without the looked-up hooks and observers, which a copy looks up again."""
        return {**vars(self), "_known": None, "_methods": {}, "_profile": None, "_observers": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.ask()

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks += checked(callback)
        self.ask()

    def set_params(self, params: dict[str, Any]) -> None:
        """Pass the parameters of the run to every callback."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Pass the model to every callback."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self.callbacks)

    @property
    def distinct(self) -> list[Callback]:
        """Each callback once. Callbacks are compared by identity: two may be equal, and some have no hash."""
        return list({id(callback): callback for callback in self.callbacks}.values())

    # -- watching ---------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Look up which callbacks implement which hook, and their observers, if any of these have changed."""
        own = (c for c in self.callbacks if isinstance(c, Observer))
        observers = list({id(o): o for o in (self._profile, *own, *present()) if o is not None}.values())
        current = [*map(methods_at_hooks, self.callbacks), *observers]
        # this runs before every epoch, and as a rule nothing has changed
        if current == self._known:
            return
        self._known, self._observers = current, observers
        calls: dict[str, Calls] = {hook: [] for hook in HOOKS} if observers else {}
        for callback in sorted(self.callbacks, key=lambda c: bool(declared(c, "acts_last"))):
            for hook in hooks_of(callback):
                calls.setdefault(hook, []).append((callback, getattr(callback, hook)))
        for observer in observers:
            calls = {hook: observer.around(self, hook, own) for hook, own in calls.items()}
        self._methods = {hook: [method for _, method in own] for hook, own in calls.items() if own}

    def profile(self, observer: Observer | None) -> None:
        """From the next hook on, let an observer time each callback; None ends it."""
        self._profile = observer
        self.ask()

    def watched(self, event: str) -> bool:
        """Return True if a callback or observer watches every batch of an event: "train", "test" or "predict"."""
        if not self._methods:
            return False
        hooks = (f"on_{event}_batch_begin", f"on_{event}_batch_end")
        watchers = [*(declared(c, "watches") for c in self.callbacks), *(o.watches for o in self._observers)]
        return any(watches(h) for h in hooks if h in self._methods for watches in watchers)

    def wake_after(self) -> int | None:
        """Return the number of training batches until the first callback must be called; None if none asks for one."""
        wakes = (declared(c, "wake_after")() for c in self.callbacks)
        return min((n for n in wakes if n is not None), default=None)

    def implemented(self, hook: str) -> bool:
        """Return True if any callback implements a hook."""
        return hook in self._methods

    def check_run(
        self,
        keys: Iterable[str],
        validated: bool,
        batch_size: int | None = None,
        samples: int | None = None,
        validation_due: bool = True,
        keys_known: bool = True,
    ) -> None:
        """Let every callback refuse the fit that is about to begin; refuse two that write to the same file or key.

        Parameters
        ----------
        keys : iterable of str
            Names of the loss and the metrics.
        validated : bool
            Whether the fit validates.
        batch_size, samples : int, optional
            Samples in a batch and in an epoch, if known.
        validation_due : bool, default True
            Whether any epoch of this fit ends with validation.
        keys_known : bool, default True
            Whether the logs hold these keys and no others.

        Raises
        ------
        ArgumentError
            For two callbacks that write to the same file, and for one that hides a value in the logs. Errors that
            callbacks raise propagate.
        """
        writers: dict[str, Callback] = {}
        distinct = self.distinct
        for callback in distinct:
            for path in declared(callback, "writes_to")():
                first = writers.setdefault(os.path.normcase(os.path.realpath(absolute(path))), callback)
                if first is not callback:
                    raise ArgumentError(
                        "Two callbacks of one fit must not write to the same file. "
                        f"Received: {path!r} for {type(first).__name__} and for {type(callback).__name__}. "
                        "Give each a path of its own."
                    )
        keys = tuple(keys)
        run = Run(keys, validated, tuple(self.callbacks), batch_size, samples, validation_due, keys_known)
        adding = [(c, added) for c in distinct if (added := declared_keys(c, "on_epoch_end"))]
        if adding:
            self._check_keys(run, adding)
        for callback in distinct:
            callback.check_run(run)

    def _check_keys(self, run: Run, adding: list[tuple[Callback, tuple[str, ...]]]) -> None:
        """Refuse a callback whose key hides a metric or the key of another callback."""
        taken: dict[str, Any] = dict.fromkeys(run.epoch_keys, "a metric of the model")
        taken |= {"epoch": "the number of the epoch", "batch": "the number of the batch"}
        owners: dict[str, type | None] = {}
        for callback, keys in adding:
            for key in keys:
                name, owner = type(callback).__name__, key_owner(callback, key)
                if key in taken and (owner is None or owners.get(key) is not owner):
                    raise ArgumentError(
                        "A key that a callback adds to the logs must not be in use. "
                        f"Received: {key!r} of {name}, which is {taken[key]}. Give one of them another name."
                    )
                taken[key], owners[key] = f"added by {name}", owner

    def __enter__(self) -> "CallbackList":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        for observer in self._observers:
            observer.ended(self, error)
        self.release(error)

    def release(self, pending: BaseException | None = None) -> None:
        """Let every callback close its files and connections, even if one of them fails.

        The first failure is raised, unless another exception is already propagating: that one takes precedence, and
        the failures become its notes. ``with callbacks:`` around a loop does this when the loop ends or raises.
        """
        failures: list[Exception] = []
        for callback in self.callbacks:
            try:
                callback.release()
            except Exception as error:
                failures.append(error)
        for failure in failures:
            if pending is None:
                raise failure
            pending.add_note(f"While cleaning up after it: {type(failure).__name__}: {failure}")

    # -- the hooks --------------------------------------------------------------------------------------

    def _clear_the_line(self) -> None:
        """Clear the progress bars from the terminal: the callbacks called next may print."""
        for callback in self.callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.lift()

    def _call(self, hook: str, *args: Any) -> None:
        for method in self._methods.get(hook, ()):
            method(*args)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call `on_train_begin` of every callback."""
        self.ask()
        self._call("on_train_begin", logs or {})

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call `on_train_end` of every callback."""
        self._call("on_train_end", dict(logs or {}))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call `on_epoch_begin` of every callback."""
        self.ask()
        self._call("on_epoch_begin", epoch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call `on_epoch_end` of every callback, with one copy of the logs for all."""
        self._clear_the_line()
        self._call("on_epoch_end", epoch, dict(logs or {}))

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_train_batch_begin` of every callback."""
        self._call("on_train_batch_begin", batch, logs or {})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_train_batch_end` of every callback."""
        self._call("on_train_batch_end", batch, dict(logs or {}))

    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Call `on_test_begin` of every callback."""
        self.ask()
        self._clear_the_line()
        self._call("on_test_begin", logs or {})

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Call `on_test_end` of every callback."""
        self._call("on_test_end", dict(logs or {}))

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_test_batch_begin` of every callback."""
        self._call("on_test_batch_begin", batch, logs or {})

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_test_batch_end` of every callback."""
        self._call("on_test_batch_end", batch, dict(logs or {}))

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Call `on_predict_begin` of every callback."""
        self.ask()
        self._call("on_predict_begin", logs or {})

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Call `on_predict_end` of every callback."""
        self._call("on_predict_end", dict(logs or {}))

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_predict_batch_begin` of every callback."""
        self._call("on_predict_batch_begin", batch, logs or {})

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call `on_predict_batch_end` of every callback."""
        self._call("on_predict_batch_end", batch, logs or {})


def checked(callbacks: Any) -> list[Callback]:
    """Return the callbacks of a nested list as one flat list, after checking each of them."""
    flat = [] if callbacks is None else list(_flattened(callbacks))
    for index, callback in enumerate(flat):
        if isinstance(callback, type):
            raise ArgumentTypeError(
                "callbacks must be objects, not classes. "
                f"Received: the class {callback.__name__} at index {index}. Pass {callback.__name__}()."
            )
        if not isinstance(callback, Callback):
            raise ArgumentTypeError(
                "Every callback must derive from minifit.callbacks.Callback. "
                f"Received: {callback!r} of type {type(callback).__name__} at index {index}. "
                "Derive its class from Callback, or wrap a function in LambdaCallback."
            )
        _check_hooks(callback)
        _check_adds_keys(callback)
    return flat


def _check_adds_keys(callback: Callback) -> None:
    """Check that `adds_keys` of a callback holds strings; in a single string, each letter would be a key."""
    keys: Any = declared(callback, "adds_keys")
    if keys is not None and not (
        isinstance(keys, tuple | list | Set) and all(isinstance(k, str) for k in keys)
    ):
        raise ArgumentTypeError(
            f"adds_keys of {type(callback).__name__} must be a tuple of strings, or None. Received: {keys!r}. "
            "Write for example adds_keys = ('f1',)."
        )


def _check_hooks(callback: Callback) -> None:
    """Check that the hooks of a user's class accept their arguments."""
    for hook in HOOKS:
        method = getattr(callback, hook)
        if not str(getattr(method, "__module__", None)).startswith("minifit."):
            check_hook(f"{hook} of {type(callback).__name__}", hook, method)


def _flattened(callbacks: Any) -> Iterable[Any]:
    if isinstance(callbacks, list | tuple | CallbackList):
        for entry in callbacks:
            yield from _flattened(entry)
    else:
        yield callbacks
