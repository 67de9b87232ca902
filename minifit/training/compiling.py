"""`Compiling`: `compile`, and the public attributes for the training of a model.

The attributes are views of the training state: nothing of a training hides in attributes of the model.
"""

from collections.abc import Mapping
from typing import Any

from minifit import optimizers
from minifit.checks import positive
from minifit.distribute.strategy import Strategy, get_strategy
from minifit.errors import ArgumentError, ArgumentTypeError, BusyError, NotCompiledError, quoted
from minifit.training.flags import CompiledFlags
from minifit.training.objective import Objective
from minifit.training.state import TrainingState
from minifit.training.step_methods import TRAINING, StepMethods, acting, overridden

WITHOUT_EFFECT = {"auto_scale_loss", "experimental_run_tf_function", "jit_compile", "sample_weight_mode"}
"""Arguments of `compile` in some version of Keras, which are accepted and have no effect."""


class Compiling(StepMethods):
    """A layer with an optimizer, a loss and metrics.

    Attributes
    ----------
    history : History
        The result of the last `fit`.
    training_state : TrainingState
        Everything that decides how training continues.
    """

    def __init__(self, name: str | None = None, trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(name, trainable, **kwargs)
        self.history: Any = None
        self.training_state: TrainingState = TrainingState(self)
        self._strategy = get_strategy()
        self.workers = self._strategy.workers
        self._steps_per_execution = 1
        self._loss_of_own_step: Any = None
        self._run_eagerly = False
        self.compiled_flags = CompiledFlags()

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool | None = None,
        steps_per_execution: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Set the optimizer, the loss and the metrics.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, function or Loss, or a list or dict by output of them, optional
            A single loss is for every output. An output whose entry is None or missing has no loss.
            A function takes ``(y_true, y_pred)`` and is written in `minifit.ops`.
        metrics, weighted_metrics : list of str, function or Metric, optional
            The weighted metrics use sample and class weights. A list is for every output; a list of lists, or a dict
            by name, holds those of each output.
        loss_weights : float or Variable, or a list or dict by output of them, optional
            Factors of the losses. A callback may change a Variable: its value counts from the next batch on.
        run_eagerly : bool, optional
            Accepted as in Keras, without effect: user code always runs op by op.
        steps_per_execution : int, default 1
            Batches between two calls of the batch hooks.
        **kwargs
            ``experimental_run_tf_function``, ``sample_weight_mode``, ``jit_compile`` and ``auto_scale_loss`` are
            accepted as in Keras, without effect: they concern TensorFlow, or are obsolete.

        Raises
        ------
        UnknownNameError, ArgumentError, ArgumentTypeError
            When an argument is invalid.
        BusyError
            While the model is being trained, as in a hook of `fit`.
        """
        self._need_rest("compiled")
        unknown = sorted(kwargs.keys() - WITHOUT_EFFECT)
        if unknown:
            raise ArgumentTypeError(
                f"compile accepts the arguments of Keras. Received: {quoted(unknown[0])}. Leave it out."
            )
        steps = (
            1
            if steps_per_execution is None
            else positive("steps_per_execution", steps_per_execution, example=1)
        )
        objective = Objective(
            self._in_turn(loss),
            self._each_in_turn(metrics),
            self._each_in_turn(weighted_metrics),
            self._in_turn(loss_weights),
        )
        # raise here what fit would raise later
        if self.output_names and self._own(TRAINING) is None:
            objective.check_for(self.output_names)
        self.optimizer = optimizer
        self.training_state.objective = objective
        self._steps_per_execution = steps
        self._loss_of_own_step, self._run_eagerly = None, bool(run_eagerly)
        self.compiled_flags = CompiledFlags(self.layers_within())
        self.train_function = self.test_function = self.predict_function = None

    def _in_turn(self, value: Any) -> Any:
        """Return a dict by the keys of the outputs as a list, if the names of the outputs differ from their keys."""
        keys = self.output_keys
        if keys != self.output_names and isinstance(value, Mapping) and value and value.keys() <= set(keys):
            return [value.get(key) for key in keys]
        return value

    def _each_in_turn(self, metrics: Any) -> Any:
        """Return metrics by output as a list of lists, since a flat list of names is for every output."""
        listed = self._in_turn(metrics)
        return listed if listed is metrics else [m if isinstance(m, list | tuple) else [m] for m in listed]

    def _need_compiled(self) -> None:
        if self.training_state.objective is None:
            raise NotCompiledError(
                "Training and evaluation need a compiled model. "
                "Compile the model first: model.compile(optimizer, loss)."
            )

    def _need_rest(self, what: str) -> None:
        """Refuse a change while the model is being trained: the training would silently ignore it."""
        if self.training_state.trained_by is not None:
            raise BusyError(
                f"A model can only be {what} between two trainings. Received: one that is being trained. "
                "Set hyperparameters while it trains, such as model.optimizer.learning_rate; or end the training with "
                "model.stop_training = True, and call fit with an initial_epoch afterwards."
            )

    @property
    def distribute_strategy(self) -> Strategy:
        """The strategy in whose scope the model was made; its workers train the model together."""
        return self._strategy

    def _own(self, methods: tuple[str, ...]) -> str | None:
        """Return the first of the methods of a step that the model overrides; None if there is none."""
        return overridden(self, methods, Compiling)

    @property
    def optimizer(self) -> Any:
        """The optimizer; None before `compile`."""
        return self.training_state.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._need_rest("given an optimizer")
        self.training_state.optimizer = optimizers.get(value)

    @property
    def loss(self) -> Any:
        """The loss passed to `compile`; None before. A model that overrides `train_step` may set another one."""
        objective = self.training_state.objective
        if self._loss_of_own_step is not None:
            return self._loss_of_own_step
        return None if objective is None else objective.given_loss

    @loss.setter
    def loss(self, value: Any) -> None:
        if self._own(TRAINING) is not None:
            self._loss_of_own_step = value
            return
        raise ArgumentError(
            f"Set the loss of a model with compile. Received: loss={quoted(value)} as an attribute. "
            "Call model.compile(model.optimizer, loss)."
        )

    @property
    def compiled(self) -> bool:
        """True once `compile` was called."""
        return self.training_state.objective is not None

    @property
    def run_eagerly(self) -> bool:
        """The argument of `compile`, without effect: user code always runs op by op."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: Any) -> None:
        self._run_eagerly = bool(value)

    @property
    def stop_training(self) -> bool:
        """True if training ends after this batch and epoch."""
        return self.training_state.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.training_state.stop_training = bool(value)

    @property
    def metrics(self) -> list[Any]:
        """The mean losses and the metrics; those of `compile` from the first batch on.

        A model may override it. `fit` and `evaluate` then call its steps op by op, and reset and report its metrics.
        """
        now = acting.get()
        objective = now[1] if now is not None and now[0] is self else self.training_state.objective
        if objective is None:
            return self.metrics_of_layers
        compiled = objective.shown[: len(objective.shown) - len(objective.of_layers)]
        return compiled + [m for m in self.metrics_of_layers if m not in compiled]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns."""
        objective = self.training_state.objective
        if objective is None:
            return [metric.name for metric in self.metrics]
        known = dict(zip(map(id, objective.sums), objective.names, strict=True))
        return [known.get(id(metric), metric.name) for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Reset the losses and the metrics."""
        for metric in self.metrics:
            metric.reset_state()

    def reset_states(self) -> None:
        """Call `reset_states` of all `stateful` layers, which remember earlier batches."""
        for layer in self.layers_within():
            if layer is not self and getattr(layer, "stateful", False):
                layer.reset_states()
