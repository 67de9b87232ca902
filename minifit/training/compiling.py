"""`Compiling`: how a model is told to train, and the public attributes that show it.

They are views of the training state: nothing of a training hides in attributes of the model.
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
"""Arguments of `compile` that Keras has or had, and that are accepted."""


class Compiling(StepMethods):
    """A layer with an optimizer, a loss and metrics.

    Attributes
    ----------
    history : History
        What the last `fit` returned.
    training_state : TrainingState
        Everything that decides how training goes on.
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
        """Say how to train.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, function or Loss, or a list or dict by output of them, optional
            One is for every output; an output whose entry is None, or missing, has none.
            A function takes ``(y_true, y_pred)`` and is written in `minifit.ops`.
        metrics, weighted_metrics : list of str, function or Metric, optional
            The weighted ones take sample and class weights into account. A list is for every output; a list of lists,
            or a dict by name, has those of each.
        loss_weights : float or Variable, or a list or dict by output of them, optional
            Factors of the losses. A Variable may be changed by a callback: its value counts from the next batch on.
        run_eagerly : bool, optional
            Accepted as in Keras, and changes nothing: what you write is called op by op anyway.
        steps_per_execution : int, default 1
            Batches between two calls of the batch hooks.
        **kwargs
            ``experimental_run_tf_function``, ``sample_weight_mode``, ``jit_compile`` and ``auto_scale_loss`` are
            accepted as in Keras; they say how TensorFlow computes, or nothing any more.

        Raises
        ------
        UnknownNameError, ArgumentError, ArgumentTypeError
            When one of them cannot be used.
        BusyError
            While the model is being trained, as in a hook of `fit`.
        """
        self._need_rest("compiled")
        unknown = sorted(kwargs.keys() - WITHOUT_EFFECT)
        if unknown:
            raise ArgumentTypeError(
                f"compile takes the arguments of Keras. Received: {quoted(unknown[0])}. Leave it out."
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
        if self.output_names and self._own(TRAINING) is None:  # as fit would find out
            objective.check_for(self.output_names)
        self.optimizer = optimizer
        self.training_state.objective = objective
        self._steps_per_execution = steps
        self._loss_of_own_step, self._run_eagerly = None, bool(run_eagerly)
        self.compiled_flags = CompiledFlags(self.layers_within())
        self.train_function = self.test_function = self.predict_function = None

    def _in_turn(self, given: Any) -> Any:
        """Return what is given by the keys of a returned dict as a list, where the outputs have other names."""
        keys = self.output_keys
        if keys != self.output_names and isinstance(given, Mapping) and given and given.keys() <= set(keys):
            return [given.get(key) for key in keys]
        return given

    def _each_in_turn(self, metrics: Any) -> Any:
        """Return metrics likewise; those of each output are a list, since a list of names is for every output."""
        listed = self._in_turn(metrics)
        return listed if listed is metrics else [m if isinstance(m, list | tuple) else [m] for m in listed]

    def _need_compiled(self) -> None:
        if self.training_state.objective is None:
            raise NotCompiledError(
                "A model must be compiled before it is trained or evaluated. Received: one that is not. "
                "Call model.compile(optimizer, loss) first."
            )

    def _need_rest(self, what: str) -> None:
        """Raise while the model is being trained: it would go on as it was, without a word."""
        if self.training_state.trained_by is not None:
            raise BusyError(
                f"A model is {what} between two trainings. Received: one that is being trained. "
                "Set hyperparameters, as model.optimizer.learning_rate, while it trains; or end the training by "
                "model.stop_training = True, and call fit with an initial_epoch afterwards."
            )

    @property
    def distribute_strategy(self) -> Strategy:
        """The strategy in whose scope the model was made: its workers train it together."""
        return self._strategy

    def _own(self, methods: tuple[str, ...]) -> str | None:
        """Return which of the methods of a step the model has a version of its own of."""
        return overridden(self, methods, Compiling)

    @property
    def optimizer(self) -> Any:
        """The optimizer that changes the weights; None before `compile`."""
        return self.training_state.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._need_rest("given an optimizer")
        self.training_state.optimizer = optimizers.get(value)

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given; None before. A model with a `train_step` of its own may set another."""
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
            f"A model's loss is set by compile. Received: loss={quoted(value)} as an attribute. "
            "Call model.compile(model.optimizer, loss) with it."
        )

    @property
    def compiled(self) -> bool:
        """True once `compile` was called."""
        return self.training_state.objective is not None

    @property
    def run_eagerly(self) -> bool:
        """The argument of `compile`; it changes nothing, since what you write is called op by op anyway."""
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

        A model may override it: its metrics are then trained, reset and shown as its own steps are.
        """
        now = acting.get()
        objective = now[1] if now is not None and now[0] is self else self.training_state.objective
        if objective is None:
            return self.metrics_of_layers
        compiled = objective.shown[: len(objective.shown) - len(objective.of_layers)]
        return compiled + [m for m in self.metrics_of_layers if m not in compiled]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
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
        """Reset what `stateful` layers remember of earlier batches, by their `reset_states`."""
        for layer in self.layers_within():
            if layer is not self and getattr(layer, "stateful", False):
                layer.reset_states()
