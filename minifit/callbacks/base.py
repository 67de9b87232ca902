"""`Callback`: what may happen during training, as documented no-ops.

Override what you need. Every hook gets `logs`, a dictionary of plain floats; begin hooks get an empty one.
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
    """What callbacks know of a model."""

    stop_training: bool
    history: Any

    optimizer: Any
    training_state: Any

    @property
    def layers(self) -> list[Any]:
        """The layers in order."""

    def layer_outputs(self, x: Array) -> dict[str, Array]:
        """What every layer makes of a batch of inputs, by its name."""

    def to_json(self) -> str:
        """The layers as JSON, in Keras's form."""

    @property
    def metrics(self) -> list[Any]:
        """The mean loss and the metrics."""

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights."""

    def load_weights(self, filepath: "str | os.PathLike[str]") -> None:
        """Replace all weights by those of a file."""

    def save(
        self, filepath: "str | os.PathLike[str]", overwrite: bool = True, *, options: Any = None
    ) -> None:
        """Write the whole model to a file."""

    def save_weights(
        self, filepath: "str | os.PathLike[str]", overwrite: bool = True, *, options: Any = None
    ) -> None:
        """Write the weights to a file."""


class Run(NamedTuple):
    """What is known of a fit before it begins.

    Attributes
    ----------
    keys : tuple of str
        What the logs of its batches hold: the loss and the metrics.
    validated : bool
        Whether there is a validation, so that the logs of an epoch hold them with ``val_``, too.
    callbacks : tuple of Callback
        All that take part, in their order.
    batch_size, samples : int or None
        Samples in a batch and in an epoch, where that is known: of arrays.
    validation_due : bool
        Whether any epoch of this fit ends with its validation: a `validation_freq` may lie beyond them.
    keys_known : bool
        Whether the logs hold these keys and no others. A `train_step` of the user's returns what it likes.
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
        """What the logs of an epoch hold, besides what callbacks write into them."""
        return self.keys + (tuple(f"val_{key}" for key in self.keys) if self.validated else ())

    @property
    def coming_keys(self) -> tuple[str, ...]:
        """The keys of an epoch's logs that some epoch of this very fit will have."""
        return self.epoch_keys if self.validation_due else self.keys

    def ahead_of(self, callback: "Callback") -> "Run":
        """The same with only those callbacks that are called before this one: what they write into logs it can read."""
        place = next(i for i, other in enumerate(self.callbacks) if other is callback)
        return self._replace(callbacks=self.callbacks[:place])

    def added_by_callbacks(self, key: str, hook: str = "on_epoch_end") -> bool | None:
        """Whether a callback says that it writes this key into the logs of a hook; None when one of them might."""
        declared = [declared_keys(c, hook) for c in self.callbacks]
        if any(key in keys for keys in declared if keys is not None):
            return True
        return None if None in declared else False


class Callback:
    """Something that is told what happens during `fit`, `evaluate` and `predict`.

    A copy, also by ``copy.copy``, and what pickle brings back have a model, a state and files of their own.

    Attributes
    ----------
    model : Sequential
        Set before the first hook. ``self.model.stop_training = True`` ends training.
    params : dict
        ``epochs``, ``steps`` (None when unknown) and ``verbose``.

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
    """Beyond Keras: the keys that it writes into the logs of epochs; None means unknown. They mean the same in every
    callback that inherits them."""
    acts_last: bool = False
    """Beyond Keras: whether its hooks are called after those of all other callbacks, whatever its place in the list."""

    def __copy__(self) -> Any:
        return copy.deepcopy(self)

    @property
    def is_chief(self) -> bool:
        """Beyond Keras: True where files are written; of several workers that train a model, on one alone."""
        return bool(getattr(self.model, "workers", ALONE).chief)

    def set_params(self, params: dict[str, Any]) -> None:
        """Told ``epochs``, ``steps`` and ``verbose``, before training and before an evaluation of its own."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Told the model, before anything else."""
        self.model = model

    # -- fit --------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Any = None) -> None:
        """Called once when `fit` begins."""

    def on_train_end(self, logs: Any = None) -> None:
        """Called once when `fit` ends, with the logs of the last epoch; not when it ends by an exception."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Called when an epoch begins; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called when an epoch ends, after validation. What is written into `logs` later callbacks see too."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch is trained on; batches count from 0 in every epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch, with the means over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """The older name of `on_train_batch_end`."""

    # -- evaluate, and validation in fit ----------------------------------------------------------------

    def on_test_begin(self, logs: Any = None) -> None:
        """Called when an evaluation begins."""

    def on_test_end(self, logs: Any = None) -> None:
        """Called when an evaluation ends, with its results."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch is evaluated."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch was evaluated, with the means so far."""

    # -- predict ----------------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Any = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Called when `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Called before a batch is predicted."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Called after a batch was predicted; ``logs["outputs"]`` holds the predictions."""

    # -- beyond Keras -----------------------------------------------------------------------------------

    def watches(self, hook: str) -> bool:
        """Whether the callback must be called at every single batch.

        The loops ask before every epoch. While nobody watches, batches run together in one go, and batch
        hooks are called once for all of them, with the index of the first and of the last.

        Parameters
        ----------
        hook : str
            Such as ``"on_train_batch_end"``.
        """
        return implements(self, hook)

    def wake_after(self) -> int | None:
        """In how many training batches the callback must be called, if it does not watch every one of them.

        The loop asks before it lets batches run together, and ends them there (with `steps_per_execution`, at the
        next multiple of it). None: at no particular one.
        """
        return None

    def check_run(self, run: Run) -> None:
        """Refuse a fit that cannot work with this callback. Called in `fit`, before the first hook of any callback."""

    def writes_to(self) -> tuple[str, ...]:
        """The files that it writes, so that two callbacks of one fit cannot write the same (rule FIT-16)."""
        return ()

    def release(self) -> None:
        """Close files and connections. Called when `fit` ends, however it ends."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
"""The names of all hooks, in the order of the documentation."""


def say(callback: Callback, text: str) -> None:
    """Print a line of a callback's; of several workers, on the chief alone."""
    if callback.is_chief:
        console.say(text)


Writer = TypeVar("Writer", bound=type[Callback])


def written_by_chief(kind: Writer) -> Writer:
    """Have callbacks of a class that only write files, or send something, do so on the chief of several workers.

    On the others its hooks do nothing, and with them what a subclass of the user's calls by ``super()``.
    """
    for name in vars(kind).keys() & {*HOOKS, "check_run", "set_state", "wake_after"}:
        setattr(kind, name, _by_chief(vars(kind)[name]))
    return kind


def _by_chief(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def act(self: Callback, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs) if self.is_chief else None

    return act


def check_hook(what: str, hook: str, function: Any) -> None:
    """See that a function takes what the hook is given: ``(epoch, logs)``, ``(batch, logs)`` or ``(logs)``."""
    check_call(what, function, *list(signature(getattr(Callback, hook)).parameters)[1:])


def declared(callback: Callback, name: str) -> Any:
    """Return what a callback says of itself beyond Keras: an attribute, or a method bound to it.

    An object that is a `Callback` by its ``__class__`` alone, as ``Mock(spec=Callback)``, answers everything with
    something made up. For it `Callback` answers, and so it sees every hook.
    """
    if issubclass(type(callback), Callback):
        return getattr(callback, name)
    said = getattr(Callback, name)
    return partial(said, callback) if callable(said) else said


def has_state(callback: Callback) -> bool:
    """Return whether a callback has a state of its own that a captured run holds."""
    own = issubclass(type(callback), Callback)
    return own and hasattr(callback, "get_state") and hasattr(callback, "set_state")


def key_owner(callback: Callback, key: str) -> type | None:
    """Return the class that first said that its callbacks write a key into the logs of epochs."""
    return next(
        (c for c in reversed(type(callback).__mro__) if key in (vars(c).get("adds_keys") or ())), None
    )


def declared_keys(callback: Callback, hook: str) -> tuple[str, ...] | None:
    """What a callback says that it adds to a hook's logs; a subclass with a hook of its own says it anew.

    What is declared is meant for epochs: whoever declares anything adds nothing to the logs of batches.
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
    """Whether a callback does anything at a hook: a method of its class, or one set on the object itself.

    With `beyond`, anything else than that class does: what its subclasses added.
    """
    method = getattr(callback, hook)
    if getattr(method, "__func__", method) is not getattr(beyond, hook):
        return True
    return hook in _OLD_NAMES and implements(callback, _OLD_NAMES[hook], beyond)


methods_at_hooks = attrgetter(*HOOKS)
"""Returns the methods of a callback at all hooks."""


def hooks_of(callback: Callback) -> set[str]:
    """Return the hooks at which a callback does anything: those that it `implements`, all looked up at once."""
    methods = methods_at_hooks(callback)
    functions = map(getattr, methods, repeat("__func__"), methods)
    own = set(compress(HOOKS, map(is_not, functions, methods_at_hooks(Callback))))
    return own | {hook for hook, old in _OLD_NAMES.items() if old in own}
