"""`Callback`: the base class, with a documented method that does nothing for every hook.

Override the hooks you need. Every hook receives `logs`, a dict of Python floats; for begin hooks it is empty.
"""

import copy
import os
from collections.abc import Callable, Sequence
from functools import partial, wraps
from inspect import signature
from itertools import compress, repeat
from operator import attrgetter, is_not
from typing import Any, NamedTuple, Protocol, TypeVar

from minifit import console
from minifit.arrays import Array
from minifit.signatures import check_call
from minifit.workers import ALONE

Logs = dict[str, Any]


class Model(Protocol):
    """The part of a model that callbacks use."""

    stop_training: bool
    history: Any

    optimizer: Any
    training_state: Any

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""

    def layer_outputs(self, x: Array) -> dict[str, Array]:
        """Return the outputs of every layer for a batch of inputs, by the layer's name."""

    def to_json(self) -> str:
        """Return the layers as JSON, in the format of Keras."""

    @property
    def metrics(self) -> list[Any]:
        """The mean loss and the metrics."""

    def get_weights(self) -> list[Array]:
        """Return copies of all weights."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights."""

    def load_weights(self, filepath: "str | os.PathLike[str]") -> None:
        """Replace all weights with those of a file."""

    def save(
        self, filepath: "str | os.PathLike[str]", overwrite: bool = True, *, options: Any = None
    ) -> None:
        """Write the whole model to a file."""

    def save_weights(
        self, filepath: "str | os.PathLike[str]", overwrite: bool = True, *, options: Any = None
    ) -> None:
        """Write the weights to a file."""


class Run(NamedTuple):
    """The facts about a fit that are known before it begins.

    Attributes
    ----------
    keys : tuple of str
        Keys of the logs of its batches: the loss and the metrics.
    validated : bool
        Whether the fit validates, so that the logs of an epoch also hold these keys with ``val_``.
    callbacks : tuple of Callback
        All callbacks of the fit, in order.
    batch_size, samples : int or None
        Samples in a batch and in an epoch; known for arrays only.
    validation_due : bool
        Whether any epoch of this fit ends with validation: `validation_freq` may exceed the number of epochs.
    keys_known : bool
        Whether the logs hold these keys and no others. A custom `train_step` may return any keys.
    """

    keys: tuple[str, ...]
    validated: bool
    callbacks: "tuple[Callback, ...]"
    batch_size: int | None = None
    samples: int | None = None
    validation_due: bool = True
    keys_known: bool = True

    @property
    def epoch_keys(self) -> tuple[str, ...]:
        """Keys of the logs of an epoch, without those that callbacks write."""
        return self.keys + (tuple(f"val_{key}" for key in self.keys) if self.validated else ())

    @property
    def coming_keys(self) -> tuple[str, ...]:
        """Keys that the logs of at least one epoch of this fit will have."""
        return self.epoch_keys if self.validation_due else self.keys

    def ahead_of(self, callback: "Callback") -> "Run":
        """Return this run with only the callbacks called before `callback`, whose entries in logs it can read."""
        place = next(i for i, other in enumerate(self.callbacks) if other is callback)
        return self._replace(callbacks=self.callbacks[:place])

    def added_by_callbacks(self, key: str, hook: str = "on_epoch_end") -> bool | None:
        """Return True if a callback declares that it writes this key into the logs of a hook; None if one might."""
        declared = [declared_keys(c, hook) for c in self.callbacks]
        if any(key in keys for keys in declared if keys is not None):
            return True
        return None if None in declared else False


class Callback:
    """The base class of callbacks: `fit`, `evaluate` and `predict` call its methods while they run.

    A copy, also one made with ``copy.copy`` or pickle, has its own model, state and files.

    Attributes
    ----------
    model : Sequential
        Set before the first hook. ``self.model.stop_training = True`` ends training.
    params : dict
        ``epochs``, ``steps`` (None while unknown) and ``verbose``.

    Examples
    --------
    >>> class Patience(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.1:
    ...             self.model.stop_training = True

    References
    ----------
    ``tf.keras.callbacks.Callback`` (TensorFlow 2.7).
    """

    model: Any = None
    params: Any = None
    adds_keys: tuple[str, ...] | None = None
    """Beyond Keras: the keys that the callback writes into the logs of epochs; None means unknown. A key has the same
    meaning in every class that inherits it."""
    acts_last: bool = False
    """Beyond Keras: True if its hooks are called after those of all other callbacks, whatever its place in the list."""

    def __copy__(self) -> Any:
        return copy.deepcopy(self)

    @property
    def is_chief(self) -> bool:
        """Beyond Keras: True in the process that writes files; with several workers, in the chief only."""
        return bool(getattr(self.model, "workers", ALONE).chief)

    def set_params(self, params: dict[str, Any]) -> None:
        """Set ``epochs``, ``steps`` and ``verbose``. Called before training, and before a separate evaluation."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Set the model. Called before everything else."""
        self.model = model

    # -- fit --------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Called once when `fit` begins."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called once when `fit` ends, with the logs of the last epoch; not when an exception ends it."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called when an epoch begins; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called when an epoch ends, after validation. Later callbacks see the values written into `logs`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before training on a batch; batches count from 0 in every epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after training on a batch, with the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called by `on_train_batch_begin`, of which it is the older name."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called by `on_train_batch_end`, of which it is the older name."""

    # -- evaluate, and validation in fit ----------------------------------------------------------------

    def on_test_begin(self, logs: Any = None) -> None:
        """Called when an evaluation begins."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called when an evaluation ends, with its results."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch is evaluated."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch is evaluated, with the means so far."""

    # -- predict ----------------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called when `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch is predicted."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch is predicted; ``logs["outputs"]`` holds the predictions."""

    # -- beyond Keras -----------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Return True if the callback must be called at every single batch.

        The training loop asks before every epoch. While no callback watches, batches run together, and the batch
        hooks are called once for all of them, with the index of the first and of the last batch.

        Parameters
        ----------
        hook : str
            For example ``"on_train_batch_end"``.
        """
        return implements(self, hook)

    def wake_after(self) -> int | None:
        """Return the number of training batches until the callback must be called, if it does not watch all of them.

        The loop asks before it lets batches run together, and pauses after that many (with `steps_per_execution`, at
        the next multiple of it). None means that the callback needs no particular batch.
        """
        return None

    def check_run(self, run: Run) -> None:
        """Raise for a fit that cannot work with this callback. Called in `fit`, before the first hook."""

    def writes_to(self) -> tuple[str, ...]:
        """Return the files that the callback writes: two callbacks of one fit must not write the same (rule FIT-16)."""
        return ()

    def release(self) -> None:
        """Close files and connections. Called when `fit` ends, also when an exception ends it."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
"""The names of all hooks, in the order of the documentation."""


def say(callback: Callback, text: str) -> None:
    """Print a line for a callback; with several workers, on the chief only."""
    if callback.is_chief:
        console.say(text)


Writer = TypeVar("Writer", bound=type[Callback])


def written_by_chief(kind: Writer) -> Writer:
    """Restrict a class of callbacks that only write files or send data to the chief of several workers.

    On the other workers its hooks do nothing, also when a subclass calls them through ``super()``.
    """
    for name in vars(kind).keys() & {*HOOKS, "check_run", "set_state", "wake_after"}:
        setattr(kind, name, _by_chief(vars(kind)[name]))
    return kind


def _by_chief(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def act(self: Callback, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs) if self.is_chief else None

    return act


def check_hook(title: str, hook: str, function: Any) -> None:
    """Check that a function accepts the hook's arguments: ``(epoch, logs)``, ``(batch, logs)`` or ``(logs)``."""
    check_call(title, function, *list(signature(getattr(Callback, hook)).parameters)[1:])


def declared(callback: Callback, name: str) -> Any:
    """Return an attribute or bound method of a callback that Keras does not have.

    An object that is a `Callback` only by its ``__class__``, such as ``Mock(spec=Callback)``, has an invented value for
    every attribute. For such an object the attribute of `Callback` is returned, so every hook is called on it.
    """
    if issubclass(type(callback), Callback):
        return getattr(callback, name)
    default = getattr(Callback, name)
    return partial(default, callback) if callable(default) else default


def has_state(callback: Callback) -> bool:
    """Return True if a callback has a state that a captured run includes."""
    own = issubclass(type(callback), Callback)
    return own and hasattr(callback, "get_state") and hasattr(callback, "set_state")


def key_owner(callback: Callback, key: str) -> type | None:
    """Return the class that first declares a key that its callbacks write into the logs of epochs."""
    return next(
        (c for c in reversed(type(callback).__mro__) if key in (vars(c).get("adds_keys") or ())), None
    )


def declared_keys(callback: Callback, hook: str) -> tuple[str, ...] | None:
    """Return the keys that a callback declares to add to a hook's logs; None means unknown.

    A subclass that overrides the hook must declare its keys again. Declared keys belong to the logs of epochs: a
    callback that declares any adds none to the logs of batches.
    """
    if not implements(callback, hook):
        return ()
    if hook in vars(callback):
        return None
    for owner in type(callback).__mro__:
        if "adds_keys" in vars(owner) or "adds_keys" in vars(callback):
            break
        if hook in vars(owner):
            return None
    keys: tuple[str, ...] | None = declared(callback, "adds_keys")
    return keys if hook == "on_epoch_end" or keys is None else ()


_OLD_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def implements(callback: Callback, hook: str, beyond: type[Callback] = Callback) -> bool:
    """Return True if a callback implements a hook, in its class or as an attribute of the object.

    With `beyond`, only an implementation other than that class's counts, such as one of a subclass.
    """
    method = getattr(callback, hook)
    if getattr(method, "__func__", method) is not getattr(beyond, hook):
        return True
    return hook in _OLD_NAMES and implements(callback, _OLD_NAMES[hook], beyond)


methods_at_hooks = attrgetter(*HOOKS)
"""A function that returns the methods of a callback for all hooks."""


def hooks_of(callback: Callback) -> set[str]:
    """Return all hooks that a callback `implements`, looked up at once."""
    methods = methods_at_hooks(callback)
    functions = map(getattr, methods, repeat("__func__"), methods)
    own = set(compress(HOOKS, map(is_not, functions, methods_at_hooks(Callback))))
    return own | {hook for hook, old in _OLD_NAMES.items() if old in own}
