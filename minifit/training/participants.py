"""`Participants`: the parts of a training, and the claims on them.

One thread trains a model at a time. One call uses the loss and the metrics at a time; a second one gets copies with
their own sums.
"""

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from minifit import kernels
from minifit.callbacks import CallbackList
from minifit.data import Batches
from minifit.errors import BusyError
from minifit.optimizers import Optimizer
from minifit.randomness import Streams
from minifit.tensorboard.profile import Trace
from minifit.training.engine import Demand
from minifit.training.kept import Kept
from minifit.training.objective import Objective
from minifit.training.progress import Progress
from minifit.training.step import TrainStep
from minifit.training.trainable import Trainable

# a claim must follow the test for one at once
_guard = threading.Lock()


class Participants(Progress):
    """The parts of a model's training, each with its own state, and the progress.

    Parameters
    ----------
    model : Trainable

    Attributes
    ----------
    engine : str
        The kernels that were chosen: "numba" or "numpy".
    trained_by : int or None
        The thread that trains the model now.
    streams : Streams
        The random streams of shuffling, dropout and initializers.
    optimizer, objective, batches, judged_on, callbacks
        `judged_on` holds the batches of a validation.
    step : TrainStep or None
        The step of the `fit` under way.
    kept : Kept
        Steps and answers that earlier calls left.
    demand : Demand
        The time that compiled kernels would have saved earlier calls.
    """

    def __init__(self, model: Trainable) -> None:
        super().__init__()
        self._model = model
        self.streams = Streams()
        self.optimizer: Optimizer | None = None
        self.objective: Objective | None = None
        self.batches: Batches | None = None
        self.judged_on: Batches | None = None
        self.callbacks: CallbackList | None = None
        self.step: TrainStep | None = None
        self.engine = "numpy"
        self.trained_by: int | None = None
        self.kept = Kept(model)
        self.demand = Demand()

    def __copy__(self) -> Self:
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy at any hook without the parts of the fit under way: the copy is not running."""
        omitted = ("batches", "judged_on", "callbacks", "step", "trained_by")
        return {
            **vars(self),
            **dict.fromkeys(omitted),
            "resumed": False,
            "kept": Kept(self._model),
            "demand": Demand(),
        }

    @property
    def running(self) -> bool:
        """True while a training or an evaluation is under way."""
        return self.trained_by is not None or (self.objective is not None and self.objective.claimed)

    def nested(self) -> Self:
        """Return a state for a training within a training: the same model and optimizer, its own progress and sums."""
        inner = type(self)(self._model)
        inner.streams, inner.optimizer, inner.trained_by = self.streams, self.optimizer, self.trained_by
        inner.demand = self.demand.apart()
        inner.objective = None if self.objective is None else self.objective.apart()
        return inner

    @contextmanager
    def claimed(self) -> Iterator[Self]:
        """Claim the training of the model for this thread until the block ends.

        Raises
        ------
        BusyError
            When another thread is training it.
        """
        me = threading.get_ident()
        try:
            with _guard:
                free = self.trained_by is None
                self.trained_by = me if free else self.trained_by
            if not free:
                raise BusyError(
                    "Only one thread can train a model at a time. Received: a second training of the same model while "
                    "another thread trains it. Wait for that one, or train a copy: copy.deepcopy(model)."
                )
            yield self
        finally:
            if self.trained_by == me:
                self.trained_by = self.batches = self.judged_on = self.callbacks = self.step = None

    @contextmanager
    def sums(self) -> Iterator[Objective]:
        """Claim the loss and the metrics until the block ends; when they are claimed already, yield copies.

        The copies have their own sums. So evaluations in hooks and in other threads disturb neither each other nor a
        fit.
        """
        shared, own = self.objective, None
        assert shared is not None
        try:
            with _guard:
                aside = [(m, m.get_state()) for m in shared.of_layers] if shared.claimed else []
                own = shared.apart() if shared.claimed else shared
                own.claimed = True
            yield own
        finally:
            if own is not None:
                own.claimed = False
                # copies share the metrics of layers
                for metric, state in aside:
                    metric.set_state(state)

    @contextmanager
    def under_way(self) -> Iterator[Objective]:
        """Claim `sums` for a fit; the model shows these until the block ends."""
        own = self.objective
        with self.sums() as objective:
            self.objective = objective
            try:
                yield objective
            finally:
                self.objective = own

    def begin_epoch(self, step: TrainStep) -> None:
        """Reset the sums and the data for an epoch; an epoch that is resumed in its middle keeps them."""
        if self.batch == 0:
            assert self.batches is not None
            step.reset()
            self.batches.begin_epoch()

    def _begin_data(self, first_epoch: int, epochs: int) -> None:
        """Plan one pass over the data for each epoch of the run, including those that another process trained."""
        self.first_epoch, self.epochs = first_epoch, epochs
        if self.batches is not None:
            self.batches.passes = max(epochs - first_epoch, 1)

    def profile(self, trace: Trace | None) -> None:
        """Record the duration of each kernel and callback in a trace from now on; None ends it."""
        if self.step is not None:
            plain = kernels.load(self.engine)
            self.step.use(plain if trace is None else trace.timed_kernels(plain))
        if self.callbacks is not None:
            self.callbacks.profile(trace)
