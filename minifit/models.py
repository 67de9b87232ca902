"""`Sequential`: the user's object, a chain of layers that trains."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from minifit import console, layers, optimizers
from minifit.arrays import Array
from minifit.callbacks import CallbackList, History
from minifit.data import Batch, Batches, batches_of, is_array_like
from minifit.data.checks import array_of, positive, split
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    NotBuiltError,
    NotCompiledError,
    ShapeError,
    UnknownNameError,
)
from minifit.layers import InputLayer, Layer
from minifit.layers.base import ShapeLike, assign_all, unique_name
from minifit.parameters import Parameter, ParameterBuffer
from minifit.tensor import Context, Tensor, TensorLike, as_tensor, constant, to_array
from minifit.training import engine, loops
from minifit.training.objective import Objective
from minifit.training.state import TrainingState
from minifit.training.step import PredictStep, TestStep, TrainStep
from minifit.utils.summary import summary_lines

__all__ = ["Sequential"]


class Sequential:
    """A chain of layers: the output of each is the input of the next.

    Parameters
    ----------
    layers : Layer or list of Layer, optional
        May also be added one by one with `add`.
    name : str, optional
        ``sequential``, ``sequential_1``, ... when None.

    Attributes
    ----------
    layers : list of Layer
    optimizer : Optimizer
        Set by `compile`.
    history : History
        What the last `fit` returned.
    stop_training : bool
        Set it in a callback to end training.
    training_state : TrainingState
        Everything that decides how training goes on.

    Examples
    --------
    >>> model = Sequential([layers.Dense(8, activation="relu", input_shape=(4,)), layers.Dense(1)])
    >>> model.compile("sgd", loss="mse")
    >>> model.fit(np.zeros((5, 4)), np.zeros(5), verbose=0).epoch
    [0]

    References
    ----------
    ``tf.keras.Sequential`` (TensorFlow 2.7).
    """

    def __init__(self, layers: Any = None, name: str | None = None) -> None:
        self.name = name or unique_name("sequential")
        self.optimizer: Any = None
        self.loss: Any = None
        self.history: Any = None
        self.training_state = TrainingState(lambda: self.weights)
        self._layers: list[Layer] = []
        self._buffer = ParameterBuffer()
        self._input_shape: ShapeLike | None = None
        self._input_name: str | None = None
        self._steps_per_execution = 1
        for layer in _as_list(layers):
            self.add(layer)

    # -- its layers -------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without an `InputLayer`."""
        return list(self._layers)

    def add(self, layer: Layer) -> None:
        """Add a layer at the end. It is built at once if the shape of its input is known.

        Raises
        ------
        ArgumentTypeError, ArgumentError
            When it is no layer, or its name is taken.
        """
        if not isinstance(layer, Layer):
            raise ArgumentTypeError(
                f"A model is made of layers. Received: {layer!r} of type {type(layer).__name__}. "
                "Add for example layers.Dense(10)."
            )
        if any(layer.name == other.name for other in self._layers):
            raise ArgumentError(
                f"Layers of a model need names of their own. Received: a second {layer.name!r}. Pass another name."
            )
        if isinstance(layer, InputLayer):
            self._input_name = layer.name
        else:
            self._layers.append(layer)
        if self._input_shape is not None:
            self._build_layers(self._layers[-1:], self.output_shape_before_last())
        elif layer.batch_input_shape is not None and len(self._layers) <= 1:
            self._input_name = self._input_name or f"{layer.name}_input"
            self.build(layer.batch_input_shape)

    def output_shape_before_last(self) -> ShapeLike:
        """The shape that the last layer takes in."""
        assert self._input_shape is not None
        return self._layers[-2].output_shape if len(self._layers) > 1 else self._input_shape

    def pop(self) -> None:
        """Take the last layer off.

        Raises
        ------
        ArgumentTypeError
            When there is none.
        """
        if not self._layers:
            raise ArgumentTypeError(
                "pop() takes the last layer off. Received: a model without layers. Add one first."
            )
        self._layers.pop()
        if not self._layers:
            self._input_shape = self._input_name = None

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its place.

        Raises
        ------
        ArgumentError, UnknownNameError
            When there is no such layer, or not exactly one of both is given.
        """
        if (name is None) == (index is None):
            raise ArgumentError(
                f"get_layer takes a name or an index. Received: name={name!r}, index={index!r}."
            )
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ArgumentError(
                    f"index must be below the number of layers, {len(self._layers)}. Received: index={index}."
                )
            return self._layers[index]
        by_name = {layer.name: layer for layer in self._layers}
        if name not in by_name:
            raise UnknownNameError.of("layer", str(name), by_name)
        return by_name[name]

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._input_shape is not None

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights for input of this shape, its first dimension None; nothing if they exist."""
        if self.built:
            return
        if input_shape is None:
            raise ArgumentError(
                "build needs the shape of the input. Received: None. Pass for example (None, 20)."
            )
        self._input_shape = (None, *input_shape[1:])
        try:
            self._build_layers(self._layers, self._input_shape)
        except BaseException:
            self._input_shape = None
            raise

    def _build_layers(self, new: Sequence[Layer], shape: ShapeLike) -> None:
        with Context(recording=False, streams=self.training_state.streams):
            for layer in new:
                shape = layer.build_for(shape)
        self._buffer.adopt([w for w in self.weights if w.trainable])

    @property
    def input_shape(self) -> ShapeLike:
        """The shape of a batch of inputs, its first dimension None."""
        self._need_built("input shape")
        assert self._input_shape is not None
        return self._input_shape

    @property
    def output_shape(self) -> ShapeLike:
        """The shape of a batch of outputs, its first dimension None."""
        return self._layers[-1].output_shape if self._layers else self.input_shape

    # -- its weights ------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Parameter]:
        """All weights, layer by layer."""
        if not self.built and any(not layer.built for layer in self._layers):
            self._need_built("weights")
        return [w for layer in self._layers for w in layer.weights]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """What `fit` changes: those of layers that are not frozen."""
        return [w for layer in self._layers for w in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """What `fit` leaves alone."""
        return [w for layer in self._layers for w in layer.non_trainable_weights]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether any layer is trained; setting it sets all layers."""
        return any(layer.trainable for layer in self._layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = value

    @property
    def losses(self) -> list[Tensor]:
        """What the weights' regularizers add to the loss."""
        return [loss for layer in self._layers for loss in layer.losses]

    def get_weights(self) -> list[Array]:
        """Copies of all weights, layer by layer."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, or none if one does not fit."""
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        return sum(w.value.size for w in self.weights)

    def _need_built(self, what: str) -> None:
        if not self.built:
            raise NotBuiltError(
                f"The model {self.name!r} has no {what} before it is built. Call build((None, features)), give the "
                "first layer an input_shape, or let it see data."
            )

    # -- forward ----------------------------------------------------------------------------------------

    def __call__(self, inputs: TensorLike, training: bool = False) -> Tensor:
        """The output for a batch, as a tensor that remembers how it was made."""
        x = to_array(inputs)
        self._ready(x)
        with Context(streams=self.training_state.streams):
            return self._chain(
                as_tensor(inputs) if isinstance(inputs, Tensor) else Tensor(self._conform(x)), training
            )

    def forward(self, x: Array, training: bool) -> Tensor:
        """The output for a batch inside a step."""
        return self._chain(constant(self._conform(x)), training)

    def _chain(self, x: Tensor, training: bool) -> Tensor:
        for layer in self._layers:
            x = layer(x, training)
        return x

    def _ready(self, x: Array) -> None:
        """Build for input like `x`, or see that it fits."""
        if not self.built:
            self.build((None, *(x.shape[1:] if x.ndim > 1 else (1,))))
        self._conform(x)

    def _conform(self, x: Array) -> Array:
        """A batch of inputs as float32 in the shape that the model takes; (n,) may stand for (n, 1)."""
        expected = self._input_shape
        assert expected is not None
        if x.shape[1:] != expected[1:]:
            if x.ndim == 1 and len(expected) == 2:
                x = x[:, None]
            if x.ndim != len(expected) or any(
                e not in (None, n) for e, n in zip(expected, x.shape, strict=True)
            ):
                first = self._layers[0].name if self._layers else self.name
                raise ShapeError(
                    f"Layer {first!r} expects input of shape {expected}. Received: {x.shape}. "
                    "Reshape the data, or give the first layer another input_shape."
                )
        return x if x.dtype == np.float32 else x.astype(np.float32)

    # -- training ---------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool | None = None,
        steps_per_execution: int | None = None,
    ) -> None:
        """Say how to train.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, function or Loss, optional
            A function takes ``(y_true, y_pred)`` and is written in `minifit.ops`.
        metrics, weighted_metrics : list of str, function or Metric, optional
            The weighted ones take sample and class weights into account.
        loss_weights : float, optional
            A factor of the loss.
        run_eagerly : bool, optional
            Accepted as in Keras; there is no other way here.
        steps_per_execution : int, default 1
            Batches between two calls of the batch hooks.

        Raises
        ------
        UnknownNameError, ArgumentError, ArgumentTypeError
            When one of them cannot be used.
        """
        steps = 1 if steps_per_execution is None else positive("steps_per_execution", steps_per_execution)
        objective = Objective(loss, metrics, weighted_metrics, loss_weights)
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self.training_state.optimizer = self.optimizer
        self.training_state.objective = objective
        self._steps_per_execution = steps

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array of shape (n, ...), or an iterable of batches ``(x, y)`` or ``(x, y, sample_weight)``
        y : array of shape (n, ...), optional
        batch_size : int, default 32
            Samples in a batch; only with arrays.
        epochs : int, default 1
            The epoch before which to end, counted from 0.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 is silent; "auto" is 1.
        callbacks : list of Callback, optional
        validation_split : float between 0 and 1, optional
            The last part of the data (before shuffling) is held back for validation.
        validation_data : tuple (x, y) or (x, y, sample_weight), or an iterable of batches, optional
        shuffle : bool, default True
            Whether arrays are gone through in a new order at every epoch.
        class_weight : dict from int to float, optional
            Weights of the classes 0, 1, ..., n - 1 in the loss.
        sample_weight : array of shape (n,), optional
            Weights of the samples in the loss; only with arrays.
        initial_epoch : int, default 0
        steps_per_epoch : int, optional
            Batches in an epoch; all there are when None.
        validation_steps, validation_batch_size : int, optional
        validation_freq : int or collection of int, default 1
            Validate after every so many epochs, or after these (counted from 1).
        max_queue_size, workers, use_multiprocessing
            Accepted as in Keras; data is read in this thread.

        Returns
        -------
        History
            Its ``history`` has the values of every epoch.

        Raises
        ------
        NotCompiledError
            Before `compile`.
        ShapeError, DataError, ArgumentError, ArgumentTypeError
            For data and arguments that cannot be used.

        References
        ----------
        ``tf.keras.Model.fit`` (TensorFlow 2.7).
        """
        self._need_compiled()
        epochs = positive("epochs", epochs)
        initial_epoch = positive("initial_epoch", initial_epoch, least=0)
        steps_per_epoch = _optional_size("steps_per_epoch", steps_per_epoch)
        validation_steps = _optional_size("validation_steps", validation_steps)
        validation_batch_size = _optional_size("validation_batch_size", validation_batch_size) or batch_size
        if validation_split:
            if validation_data is None and not is_array_like(x):
                raise ArgumentError(
                    "validation_split divides arrays. Received: an iterable of batches. Pass validation_data instead."
                )
            arrays = [None if a is None else array_of(n, a) for n, a in _named(x, y, sample_weight)]
            if validation_data is None:
                (x, y, sample_weight), validation_data = split(validation_split, *arrays)
        batches = batches_of(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            passes=max(epochs - initial_epoch, 1),
            shuffle=bool(shuffle),
            class_weight=class_weight,
        )
        judged_on = None
        if validation_data is not None and not (is_array_like(validation_data) and len(validation_data) == 0):
            judged_on = _validation_batches(validation_data, validation_batch_size, validation_steps)
        handler = self._callback_list(
            callbacks, verbose=1 if verbose == "auto" else verbose, epochs=epochs, steps=batches.steps
        )
        outer = self.training_state
        state = self.training_state = outer.nested() if outer.running else outer
        try:
            state.running = True
            self._fit(state, batches, judged_on, handler, epochs, initial_epoch, _due(validation_freq))
        finally:
            state.running = False
            self.training_state = outer
            handler.release()
        return self.history  # type: ignore[no-any-return]

    def _fit(
        self,
        state: TrainingState,
        batches: Batches,
        judged_on: Batches | None,
        callbacks: CallbackList,
        epochs: int,
        initial_epoch: int,
        due: Callable[[int], bool],
    ) -> None:
        """Put the parts together and run the loop."""
        objective = self._prepare(state, batches.peek())
        chosen = engine.choose(self._work(batches, epochs - initial_epoch))
        state.batches, state.callbacks = batches, callbacks
        state.epoch, state.batch, state.stop_training = initial_epoch, 0, False
        state.engine = engine.name_of(chosen)
        self.history = callbacks.history
        step = TrainStep(self, chosen, state.streams, objective, self.optimizer)
        validation = None
        if judged_on is not None:
            self._prepare(state, judged_on.peek())
            judge = TestStep(self, chosen, state.streams, objective)
            validation = loops.Validation(judge, judged_on, due)
        loops.fit(state, step, callbacks, epochs, validation, self._steps_per_execution)

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on data; disturbs no `fit` that is under way.

        Parameters
        ----------
        x, y, batch_size, sample_weight, callbacks, verbose
            As for `fit`.
        steps : int, optional
            How many batches; all there are when None.
        max_queue_size, workers, use_multiprocessing
            Accepted as in Keras; data is read in this thread.
        return_dict : bool, default False
            Whether to return a dict by name.

        Returns
        -------
        float, list of float or dict
            The loss alone, or the loss and the metrics in the order of `metrics_names`.
        """
        self._need_compiled()
        steps = _optional_size("steps", steps)
        batches = batches_of(x, y, sample_weight, batch_size=batch_size, steps=steps)
        handler = self._callback_list(
            callbacks, verbose=1 if verbose == "auto" else verbose, epochs=1, steps=batches.steps
        )
        objective = self._prepare(self.training_state, batches.peek())
        step = TestStep(
            self,
            engine.choose(self._work(batches, 1)),
            self.training_state.streams,
            objective.apart() if self.training_state.running else objective,
        )
        try:
            logs = loops.evaluate(step, batches, handler, self._steps_per_execution)
        finally:
            handler.release()
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = 0,
        steps: int | None = None,
        callbacks: Any = None,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Array:
        """The model's output for data.

        Parameters
        ----------
        x, batch_size, callbacks, verbose
            As for `fit`.
        steps : int, optional
            How many batches; all there are when None.
        max_queue_size, workers, use_multiprocessing
            Accepted as in Keras; data is read in this thread.

        Returns
        -------
        ndarray of shape (n, ...), float32
        """
        steps = _optional_size("steps", steps)
        batches = batches_of(x, batch_size=batch_size, steps=steps)
        handler = self._callback_list(
            callbacks, verbose=1 if verbose == "auto" else verbose, epochs=1, steps=batches.steps
        )
        self._ready(batches.peek().x)
        chosen = engine.choose(self._work(batches, 1))
        step = PredictStep(self, chosen, self.training_state.streams)
        try:
            return loops.predict(step, batches, handler, self._steps_per_execution)
        finally:
            handler.release()

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """One step of training on one batch.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As for `fit`, all of it as one batch.
        reset_metrics : bool, default True
            Whether the values returned are of this batch alone.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            As from `evaluate`.
        """
        step = partial(self._train_step, self.training_state)
        return self._on_batch(step, x, y, sample_weight, class_weight, reset_metrics, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on one batch; the arguments are those of `train_on_batch`."""
        streams = self.training_state.streams
        step = lambda objective: TestStep(self, engine.choose(0), streams, objective)  # noqa: E731
        return self._on_batch(step, x, y, sample_weight, None, reset_metrics, return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """The model's output for one batch."""
        return self.predict(x, batch_size=len(x))

    def _train_step(self, state: TrainingState, objective: Objective) -> TrainStep:
        return TrainStep(self, engine.choose(0), state.streams, objective, self.optimizer)

    def _on_batch(
        self,
        make_step: Callable[[Objective], TrainStep | TestStep],
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any,
        reset_metrics: bool,
        return_dict: bool,
    ) -> Any:
        self._need_compiled()
        size = len(array_of("x", x))
        batches = batches_of(x, y, sample_weight, batch_size=size, class_weight=class_weight)
        objective = self._prepare(self.training_state, batches.peek())
        objective = objective.apart() if self.training_state.running else objective
        if reset_metrics:
            objective.reset()
        make_step(objective).run(batches, 1, 1, True)
        return _returned(objective.logs(), return_dict)

    # -- what they have in common -----------------------------------------------------------------------

    def _need_compiled(self) -> None:
        if self.training_state.objective is None:
            raise NotCompiledError(
                "A model must be compiled before it is trained or evaluated. Received: one that is not. "
                "Call model.compile(optimizer, loss) first."
            )

    def _prepare(self, state: TrainingState, batch: Batch) -> Objective:
        """Build for data like this batch, and make the metrics that fit it."""
        self._ready(batch.x)
        objective = state.objective
        assert objective is not None
        objective.resolve(
            None if batch.y is None else batch.y.shape, tuple(n or 1 for n in self.output_shape)
        )
        return objective

    def _work(self, batches: Batches, epochs: int) -> float:
        """How much work is planned."""
        samples = getattr(batches, "batch_size", len(batches.peek().x))
        outputs = sum(prod(n or 1 for n in layer.output_shape[1:]) for layer in self._layers)
        return engine.work(epochs, batches.steps, self.count_params() + samples * outputs)

    def _callback_list(self, callbacks: Any, **params: Any) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            return callbacks
        printing = bool(params["verbose"])
        return CallbackList(callbacks, add_history=True, add_progbar=printing, model=self, **params)

    @property
    def stop_training(self) -> bool:
        """Whether training ends after this batch and epoch."""
        return self.training_state.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.training_state.stop_training = bool(value)

    @property
    def metrics(self) -> list[Any]:
        """The mean loss and the metrics; empty until the model has seen data."""
        objective = self.training_state.objective
        if objective is None or not objective.resolved:
            return []
        return [objective.tracker, *objective.metrics]

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` returns, by name."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Let the loss and the metrics begin anew."""
        for metric in self.metrics:
            metric.reset_state()

    # -- as data ----------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of parameters.

        Parameters
        ----------
        line_length : int, default 65
        positions : list of float, optional
            Where the columns end, as parts of the line.
        print_fn : callable, optional
            Called with each line, instead of printing it.
        """
        self._need_built("summary")
        for line in summary_lines(self.name, self._layers, line_length, positions):
            (print_fn or console.say)(line)

    def get_config(self) -> dict[str, Any]:
        """The layers as plain data, in Keras's form."""
        made: list[dict[str, Any]] = []
        if self._input_shape is not None:
            first = InputLayer(
                batch_input_shape=self._input_shape, name=self._input_name or self._default_input_name()
            )
            made.append({"class_name": "InputLayer", "config": first.get_config()})
        made += [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in self._layers]
        return {"name": self.name, "layers": made}

    def _default_input_name(self) -> str:
        return f"{self._layers[0].name}_input" if self._layers else "input_1"

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> "Sequential":
        """A model of the same layers with weights of its own.

        Parameters
        ----------
        config : dict
            What `get_config` returned.
        custom_objects : dict, optional
            Layer classes of your own, by name.

        Raises
        ------
        UnknownNameError
            For a layer that is neither minifit's nor among `custom_objects`.
        """
        made = cls(name=config.get("name"))
        for entry in config["layers"]:
            made.add(layers.TABLE.make(entry, custom_objects))
        return made

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON, in Keras's form; the keywords are those of ``json.dumps``."""
        data = {
            "class_name": type(self).__name__,
            "config": self.get_config(),
            "keras_version": "2.7.0",
            "backend": "tensorflow",
        }
        return json.dumps(data, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self._layers)} layers>"


def _as_list(layers: Any) -> list[Any]:
    if layers is None:
        return []
    return list(layers) if isinstance(layers, list | tuple) else [layers]


def _named(x: Any, y: Any, sample_weight: Any) -> tuple[tuple[str, Any], ...]:
    return ("x", x), ("y", y), ("sample_weight", sample_weight)


def _optional_size(name: str, value: Any) -> int | None:
    return None if value is None else positive(name, value)


def _validation_batches(data: Any, batch_size: int | None, steps: int | None) -> Batches:
    if isinstance(data, tuple | list):
        if not 1 <= len(data) <= 3:
            raise ArgumentError(
                "validation_data is (x, y) or (x, y, sample_weight), or an iterable of batches. "
                f"Received: {len(data)} parts."
            )
        return batches_of(*data, batch_size=batch_size, steps=steps)
    if is_array_like(data):
        raise ArgumentTypeError(
            "validation_data is (x, y) or (x, y, sample_weight), or an iterable of batches. "
            f"Received: {type(data).__name__}. Put x and y into a tuple."
        )
    return batches_of(data, steps=steps)


def _due(freq: Any) -> Callable[[int], bool]:
    """Whether to validate after an epoch (from 0), for Keras's `validation_freq`."""
    if isinstance(freq, list | tuple | set | frozenset | range | np.ndarray):
        wanted = {int(f) for f in freq}
        return lambda epoch: epoch + 1 in wanted
    every = positive("validation_freq", freq)
    return lambda epoch: (epoch + 1) % every == 0


def _returned(logs: Mapping[str, float], return_dict: bool) -> Any:
    """What `evaluate` and its like return: one number, a list, or a dict by name."""
    if return_dict:
        return dict(logs)
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
