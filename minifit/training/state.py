"""`TrainingState`: everything that decides how training continues.

A callback can capture it at any hook. Restored into an equal model, in another process, it continues bit for bit. The
public attributes that Keras has (``model.stop_training``, ``model.optimizer``) are views of it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from zlib import crc32

from minifit import console, randomness
from minifit.callbacks.base import has_state
from minifit.data import Batches
from minifit.errors import ArgumentError, WorkerError, legible, quoted
from minifit.optimizers import Optimizer
from minifit.tables import first_difference, plain
from minifit.training.objective import Objective
from minifit.training.own_step import numbers_of
from minifit.training.participants import Participants
from minifit.training.soundness import all_or_nothing, check, check_callback, check_parts, check_sums
from minifit.training.trainable import Trainable
from minifit.workers import Workers


class TrainingState(Participants):
    """The state of a model's training, which can be captured and restored.

    Parameters
    ----------
    model : Trainable
    """

    def __init__(self, model: Trainable) -> None:
        super().__init__(model)
        self._aside: dict[str, Any] = {}
        # a state captured in the middle of an epoch, until that epoch begins again
        self._half_an_epoch: dict[str, Any] | None = None
        # the settings of the optimizer when the run began
        self._settings: dict[str, Any] = {}
        # for each weight, whether the run trains it
        self._learned: list[bool] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_half_an_epoch": None, "_aside": {}}

    def begin_run(self, epoch: int, epochs: int, engine: str) -> None:
        """Prepare for a fit from `epoch` to the one before `epochs`."""
        self.epoch, self.batch, self.engine = epoch, 0, engine
        self._begin_data(epoch, epochs)
        self.stop_training = self.resumed = False
        self.logs, self._half_an_epoch = {}, None
        optimizer, _, _ = self._parts()
        self._settings = optimizer.settings()
        self._learned = self.kept.answer("which weights are learned", self._which_are_learned)

    def _which_are_learned(self) -> list[bool]:
        learned = set(self._model.trainable_weights)
        return [w in learned for w in self._model.weights]

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Have `capture`, within the block, use the loss, the metrics and the data as they were before a validation.

        A run that is resumed from there repeats the validation.
        """
        assert self.objective is not None
        self._aside = {"objective": self.objective.get_state(), "judged_on": self._place_in_validation()}
        try:
            yield
        finally:
            self._aside = {}

    def compare(self, workers: Workers) -> None:
        """Check that all workers hold the same weights and the same positions in the random streams.

        Raises
        ------
        WorkerError
        """
        if workers.size == 1:
            return
        check = 0
        for weight in self._model.weights:
            check = crc32(weight.value.tobytes(), check)
        drawn = crc32(repr(self.streams.get_state_if_begun()).encode())
        checksums = workers.from_all(b"".join(each.to_bytes(4, "little") for each in (check, drawn)))
        if len({each[:4] for each in checksums}) > 1:
            raise WorkerError(
                "All workers must hold the same weights after every batch. "
                f"Received: different weights after epoch {self.epoch}. "
                "Change weights with optimizer.apply_gradients, which adds up the gradients of all workers, and draw "
                "random numbers with a seed."
            )
        if len(set(checksums)) > 1:
            raise WorkerError(
                "All workers must draw the same random numbers for a batch; each then uses those of its rows. "
                f"Received: different numbers in epoch {self.epoch}. Draw them with a row for each row of the batch, "
                "or in a shape that is the same on all workers and has another number of rows."
            )

    def capture(self) -> dict[str, Any]:
        """Return a copy of the whole state, as nested dicts and lists of arrays, numbers and strings."""
        return self._captured(self._with_state())

    def _captured(self, callbacks: list[Any]) -> dict[str, Any]:
        optimizer, objective, batches = self._parts()
        weights = self._model.weights
        return {
            "kind": self._kind(),
            "first_epoch": self.first_epoch,
            "epoch": self.epoch,
            "batch": self.batch,
            "stop_training": self.stop_training,
            "engine": self.engine,
            "logs": numbers_of(self.logs),
            "weights": [w.value.copy() for w in weights],
            "optimizer": optimizer.get_state(weights),
            "settings": plain(self._settings),
            "optimizers": {k: o.get_state(weights) for k, o in self._model.optimizers_within().items()},
            "objective": objective.get_state(),
            "step": {} if self.step is None else self.step.get_state(),
            "streams": self.streams.get_state(),
            "global streams": randomness.global_state(),
            "batches": batches.get_state(),
            "judged_on": self._place_in_validation(),
            "callbacks": _states_by_class(callbacks),
            **self._aside,
        }

    def restore(self, captured: dict[str, Any]) -> None:
        """Restore a state that `capture` returned; call it in ``on_train_begin``, after the other callbacks.

        An error leaves everything unchanged.

        Raises
        ------
        ArgumentError
            When the state belongs to another model, optimizer, objective or data.
        FileFormatError
            When the state was altered after it was captured, as in a file.
        """
        own = [c for c in self._with_state() if type(c).set_state.__module__.startswith("minifit.")]
        now, resumed = self._captured(own), self.resumed
        optimizer, objective, batches = self._parts()
        check_parts(captured, now)
        if self.step is not None and len(captured["weights"]) > len(now["weights"]):
            # a user's step may build layers, as it had done when the state was captured
            self.step.rehearse(batches)
            now = self._captured(own)
        self._refuse_another_kind(captured["kind"])
        check(captured, now, optimizer)
        if objective.resolved or not objective.lazy:
            check_sums(captured["objective"], now["objective"], objective.kept())
        for callback, state in self._with_states(captured["callbacks"]):
            if any(callback is one for one in own):
                check_callback(type(callback).__name__, state, callback.get_state(), now["weights"])
        self._warn_of_differences(captured)

        slots, attributes = optimizer.slot_names, set(vars(optimizer))

        def undo() -> None:
            if optimizer.slot_names != slots:
                # a hyperparameter of the other state has added slots
                optimizer.remember(*slots)
            for name in vars(optimizer).keys() - attributes:
                delattr(optimizer, name)
            self._restore_all(now)
            self.resumed = resumed

        with all_or_nothing(undo):
            self._restore_all(captured)

    def _restore_all(self, captured: dict[str, Any]) -> None:
        _, _, batches = self._parts()
        # the data first: a generator or a Sequence may draw random numbers on the way to its place
        batches.set_state(captured["batches"])
        self._begin_data(captured["first_epoch"], self.epochs)
        judged = captured["judged_on"]
        if self.judged_on is not None and judged and judged["kind"] == plain(self.judged_on.describe()):
            self.judged_on.set_state(judged["place"])
        self._put_back(captured)
        self._half_an_epoch = captured if self.batch else None

    def continue_epoch(self) -> None:
        """Restore the middle of a resumed epoch, after ``on_epoch_begin``: the callbacks' changes count only once."""
        captured, self._half_an_epoch = self._half_an_epoch, None
        if captured is not None:
            self._put_back(captured)

    def _put_back(self, captured: dict[str, Any]) -> None:
        """Restore everything but the place in the data, which callbacks do not change."""
        optimizer, objective, _ = self._parts()
        weights = self._model.weights
        self.resumed = True
        self.epoch, self.batch = captured["epoch"], captured["batch"]
        self.stop_training, self.engine = captured["stop_training"], captured["engine"]
        self.logs = dict(captured["logs"])
        for weight, value in zip(weights, captured["weights"], strict=True):
            weight.assign(value)
        optimizer.set_state(captured["optimizer"], weights)
        for name, other in self._model.optimizers_within().items():
            other.set_state(captured["optimizers"][name], weights)
        objective.set_state(captured["objective"])
        if self.step is not None:
            self.step.set_state(captured["step"])
        self.streams.set_state(captured["streams"])
        randomness.set_global_state(captured["global streams"])
        for callback, state in self._with_states(captured["callbacks"]):
            callback.set_state(state)

    # -- compatibility ---------------------------------------------------------------------------------

    def _kind(self) -> dict[str, Any]:
        """Return the properties that must be equal for a captured state to fit, as plain data."""
        optimizer, objective, batches = self._parts()
        settings = {k: v for k, v in self._settings.items() if not _is_rate(k, v)}
        kind: dict[str, Any] = plain(
            {
                "layers": self._model.describe(),
                "shapes of the weights": [w.shape for w in self._model.weights],
                "weights that are trained": self._learned,
                "optimizer": type(optimizer).__name__,
                "settings of the optimizer": settings,
                "other optimizers": {k: type(o).__name__ for k, o in self._model.optimizers_within().items()},
                **objective.describe(),
                "data": batches.describe(),
            }
        )
        return kind

    def _refuse_another_kind(self, captured: dict[str, Any]) -> None:
        kind, data = self._kind(), captured.get("data")
        had, have = (d.get("workers", 1) if isinstance(d, dict) else 1 for d in (data, kind["data"]))
        if had != have:
            raise ArgumentError(
                "A run must continue with as many workers as it had. "
                f"Received: the state of a run of {quoted(had)}, and {have} now. "
                f"Start it with: mpiexec -n {quoted(had)} python train.py; or begin again without the captured state."
            )
        for name, now in kind.items():
            if captured.get(name) != now:
                place, then, here = first_difference(captured.get(name), now, name)
                raise ArgumentError(
                    "A captured state fits only an equal model, optimizer and data. "
                    f"Received: {legible(place)}, which was {quoted(then)} and is {quoted(here)} now. "
                    "Build, compile and fit as before, or begin again without the captured state."
                )

    # -- callbacks -------------------------------------------------------------------------------------

    def _with_states(self, states: dict[str, list[Any]]) -> list[tuple[Any, Any]]:
        """Return each callback with its captured state: that of the same class and the same position in its class."""
        waiting = {name: iter(of_class) for name, of_class in states.items()}
        return [
            (c, state) for c in self._with_state() for state in islice(waiting.get(type(c).__name__, ()), 1)
        ]

    def _warn_of_differences(self, captured: dict[str, Any]) -> None:
        """Warn of differences that do not prevent resuming: other callbacks, another initial learning rate."""
        had = Counter({name: len(states) for name, states in captured["callbacks"].items()})
        have = Counter(type(c).__name__ for c in self._with_state())
        if left := list((had - have).elements()):
            console.warn(
                f"The captured state of {', '.join(left)} is dropped: there is no such callback now. "
                "Pass the same callbacks."
            )
        if new := list((have - had).elements()):
            console.warn(
                f"No state was captured of {', '.join(new)}, which starts afresh. Pass the same callbacks."
            )
        then, now = (s.get("learning_rate") for s in (captured["settings"], plain(self._settings)))
        if then != now:
            console.warn(
                f"The captured learning rate is used, of a run that began with {then}. Received: a model compiled with "
                f"{now}. Set another one in a callback, or begin again without the captured state."
            )

    def _with_state(self) -> list[Any]:
        """Return the callbacks that have a state, each once."""
        return [] if self.callbacks is None else [c for c in self.callbacks.distinct if has_state(c)]

    # -- the parts -------------------------------------------------------------------------------------

    def _place_in_validation(self) -> dict[str, Any] | None:
        """Return the place in the validation data and a description of it: a resumed run may have other data."""
        if self.judged_on is None:
            return None
        return {"kind": plain(self.judged_on.describe()), "place": self.judged_on.get_state()}

    def _parts(self) -> tuple[Optimizer, Objective, Batches]:
        if self.optimizer is None or self.objective is None or self.batches is None:
            raise ArgumentError(
                "Capture or restore a training state while fit is running: call it in a callback."
            )
        return self.optimizer, self.objective, self.batches


def _states_by_class(callbacks: list[Any]) -> dict[str, list[Any]]:
    """Return the states of callbacks by class, in their order."""
    states: dict[str, list[Any]] = {}
    for callback in callbacks:
        states.setdefault(type(callback).__name__, []).append(callback.get_state())
    return states


def _is_rate(name: str, value: Any) -> bool:
    """Return whether a setting is a learning rate that training may change; a schedule is fixed."""
    return name == "learning_rate" and isinstance(value, float)
