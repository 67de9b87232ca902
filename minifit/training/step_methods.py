"""`StepMethods`: the methods of a step that a model may override, as in Keras.

A model that overrides one of them is trained by it, op by op. All other models use the library's own step, which
computes the same and can be compiled.
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from itertools import compress, islice
from operator import attrgetter, is_, is_not
from typing import Any

from minifit.errors import ArgumentError, NotCompiledError
from minifit.tape import GradientTape
from minifit.tensor import Tensor
from minifit.training.compiled import CompiledLoss, CompiledMetrics
from minifit.training.objective import Objective, plain_result
from minifit.training.trainable import Trainable
from minifit.utils import unpack_x_y_sample_weight

Logs = dict[str, Any]
Function = Callable[[Iterator[Any]], Any]

acting: ContextVar[tuple[Any, Objective] | None] = ContextVar("minifit_acting", default=None)
"""The model whose step is under way, and the objective of that step."""

UNCALLED = (
    "_get_callback_model",
    "_get_optimizer",
    "_make_predict_function",
    "_make_test_function",
    "_make_train_function",
    "_should_eval",
    "_validate_compile",
    "_validate_target_and_loss",
)
"""Methods that tf.keras calls on a model, and that nothing calls here."""


class StepMethods(Trainable):
    """A layer with the methods of a step."""

    train_function: Function | None = None
    test_function: Function | None = None
    predict_function: Function | None = None

    training_state: Any
    _steps_per_execution: int

    # -- methods to override ----------------------------------------------------------------------------

    def train_step(self, data: Any) -> Logs:
        """Learn from one batch.

        Parameters
        ----------
        data : tensor, or tuple of tensors
            ``x``, ``(x, y)`` or ``(x, y, sample_weight)``, each nested as the data of `fit`.

        Returns
        -------
        dict
            The logs: the results of the metrics, by name.

        References
        ----------
        ``tf.keras.Model.train_step`` (TensorFlow 2.7).
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight)
        self.optimizer.minimize(loss, self.trainable_weights, tape=tape)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Logs:
        """Evaluate one batch; like `train_step`, without changing the weights."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self.compute_loss(x, y, y_pred, sample_weight)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the outputs for one batch; its targets and weights are ignored."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> Tensor:
        """Return the loss of a batch: the compiled loss plus the losses that layers add."""
        return self.compiled_loss(y, y_pred, sample_weight, regularization_losses=self.losses)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Logs:
        """Update the compiled metrics with a batch, and return the results of all metrics by name."""
        self.compiled_metrics.update_state(y, y_pred, sample_weight)
        logs: Logs = {}
        compiled = dict(zip(map(id, self._objective.sums), self._objective.names, strict=True))
        for metric in self.metrics:
            result = metric.result()
            name = compiled.get(id(metric), metric.name)
            logs.update(result if isinstance(result, dict) else {name: plain_result(name, result)})
        return logs

    def make_train_function(self, force: bool = False) -> Function:
        """Return a function that takes batches from an iterator, learns from them, and returns the latest logs.

        Parameters
        ----------
        force : bool, default False
            Accepted as in Keras. Every call makes a new function.
        """
        return self._function_of("train_step")

    def make_test_function(self, force: bool = False) -> Function:
        """Return a function that evaluates batches from an iterator; like `make_train_function`."""
        return self._function_of("test_step")

    def make_predict_function(self, force: bool = False) -> Function:
        """Return a function that returns the outputs for a batch from an iterator."""

        def function(iterator: Iterator[Any]) -> Any:
            return self.predict_step(next(iterator))

        return function

    def _function_of(self, name: str) -> Function:
        def function(iterator: Iterator[Any]) -> Any:
            logs = getattr(self, name)(next(iterator))
            for data in islice(iterator, self._steps_per_execution - 1):
                logs = getattr(self, name)(data)
            return logs

        return function

    # -- for the user's steps ---------------------------------------------------------------------------

    @property
    def compiled_loss(self) -> CompiledLoss:
        """The losses passed to `compile`: ``compiled_loss(y, y_pred, sample_weight, regularization_losses)``."""
        return CompiledLoss(self._objective, self.output_names)

    @property
    def compiled_metrics(self) -> CompiledMetrics:
        """The metrics passed to `compile`: ``compiled_metrics.update_state(y, y_pred, sample_weight)``."""
        return CompiledMetrics(self._objective, self.output_names)

    @property
    def _objective(self) -> Objective:
        """The objective of the step under way, which may be that of an evaluation within a fit."""
        now = acting.get()
        if now is not None and now[0] is self:
            return now[1]
        if self.training_state.objective is None:
            raise NotCompiledError(
                "The losses and metrics of a model are set by compile. Compile the model first: "
                "model.compile(optimizer, loss)."
            )
        objective: Objective = self.training_state.objective
        return objective


_JUDGING = (
    "compute_loss",
    "compute_metrics",
    "compiled_loss",
    "compiled_metrics",
    "metrics",
    "reset_metrics",
)
TRAINING = ("make_train_function", "train_step", *_JUDGING)
TESTING = ("make_test_function", "test_step", *_JUDGING)
PREDICTING = ("make_predict_function", "predict_step")

_GETTERS: dict[tuple[str, ...], Any] = {
    names: attrgetter(*names) for names in (TRAINING, TESTING, PREDICTING)
}


def overridden(model: Any, names: tuple[str, ...], base: type) -> str | None:
    """Return the first of the methods that the model's class or the model itself overrides; None if there is none."""
    methods = _GETTERS[names]
    of_class, of_base, own = methods(type(model)), methods(base), vars(model).keys()
    # the usual case first, since every call asks
    if all(map(is_, of_class, of_base)) and own.isdisjoint(names):
        return None
    differing = compress(names, map(is_not, of_class, of_base))
    return next(differing, None) or next(filter(own.__contains__, names), None)


def refuse_uncalled(model: Any) -> None:
    """Refuse a method that tf.keras would call and that nothing calls here.

    Raises
    ------
    ArgumentError
    """
    unused = next(filter(partial(hasattr, model), UNCALLED), None)
    if unused is not None:
        raise ArgumentError(
            "The methods of a step that a model can override are train_step, test_step, predict_step, "
            "make_train_function, make_test_function, make_predict_function, compute_loss and compute_metrics. "
            f"Received: {type(model).__name__}.{unused}, which nothing calls. Move its code into one of these."
        )
