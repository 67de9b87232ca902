"""`Trainer`: compile, fit, evaluate and predict, for whatever can compute an output.

A model gives the layers; this is what a user calls to train them. It checks the arguments, puts the parts
together (batches, step, callbacks) and hands them to the loops.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from types import ModuleType
from typing import Any

from minifit import kernels, optimizers, summary
from minifit.arrays import Array
from minifit.callbacks import CallbackList, History
from minifit.checks import positive
from minifit.data import Batch, Batches, Names, batches_of
from minifit.data.checks import holds_back
from minifit.data.forms import ANY
from minifit.errors import (
    ArgumentError,
    BusyError,
    DataError,
    NotCompiledError,
    ShapeError,
    quoted,
)
from minifit.layers import Layer
from minifit.metrics import Metric
from minifit.optimizers import Optimizer
from minifit.tensor import Tensor
from minifit.training import arguments, engine, loops
from minifit.training.flags import CompiledFlags
from minifit.training.generator_methods import GeneratorMethods
from minifit.training.objective import Objective
from minifit.training.own_step import OwnJudgedStep, OwnPredictStep
from minifit.training.state import TrainingState
from minifit.training.step import PredictStep, TestStep, TrainStep
from minifit.training.step_methods import (
    PREDICTING,
    TESTING,
    TRAINING,
    StepMethods,
    acting,
    overridden,
    refuse_uncalled,
)


class Trainer(StepMethods, GeneratorMethods, Layer):
    """A layer that trains: what all models have in common.

    Attributes
    ----------
    optimizer : Optimizer
        Set by `compile`.
    history : History
        What the last `fit` returned.
    stop_training : bool
        Set it in a callback to end training.
    training_state : TrainingState
        Everything that decides how training goes on.
    compiled_flags : CompiledFlags
        Which layers are trained, as `compile` found it.
    """

    def __init__(self, name: str | None = None, trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(name, trainable, **kwargs)
        self.history: Any = None
        self.training_state: TrainingState = TrainingState(self)
        self._steps_per_execution = 1
        self._loss_of_own_step: Any = None
        self._run_eagerly = False
        self.compiled_flags = CompiledFlags()

    # -- what a model gives -----------------------------------------------------------------------------

    @property
    def input_keys(self) -> Sequence[str] | None:
        """The keys of data that is a dict, in the order of the inputs; None for a model that takes whatever comes."""
        raise NotImplementedError

    @property
    def _data_names(self) -> Names:
        """The names by which data may be given; None for what only the first data will tell."""
        return Names(self.input_keys, self.output_names or None)

    @property
    def has_call(self) -> bool:
        """Whether it says what to do with a batch: a model with a `train_step` of its own need not."""
        raise NotImplementedError

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, in logs and in what `compile` takes by name."""
        raise NotImplementedError

    @property
    def output_shapes(self) -> list[tuple[int | None, ...]]:
        """The shape of a batch of each output, its first dimension None."""
        raise NotImplementedError

    @property
    def metrics_of_layers(self) -> list[Metric]:
        """The metrics that layers and attributes bring along."""
        return self.metrics_within()

    def ready_for(self, inputs: Sequence[Array], form: Any = 0) -> None:
        """Build for a batch of inputs and see that it fits; `form` nests their places as the user gave them."""
        raise NotImplementedError

    def forward(self, inputs: Sequence[Array], training: bool) -> tuple[Tensor, ...]:
        """Return the outputs in order for the columns of a batch, inside a step."""
        raise NotImplementedError

    def pack_outputs(self, columns: Sequence[Any]) -> Any:
        """Return what stands for the outputs, nested as the model returns them."""
        raise NotImplementedError

    def describe(self) -> list[Any]:
        """Return the layers and their connections, without names and without what weights begin with."""
        raise NotImplementedError

    def numbers_in_a_step(self, samples: int) -> int:
        """Return how many numbers a step with so many samples goes through, roughly."""
        raise NotImplementedError

    def optimizers_within(self) -> dict[str, Optimizer]:
        """Return the optimizers besides `optimizer` that attributes of the model and of models in it hold, by name."""
        found: dict[str, Optimizer] = {}
        for number, layer in enumerate(dict.fromkeys((self, *self.layers_within()))):
            for name, value in (*vars(layer).items(), ("optimizer", getattr(layer, "optimizer", None))):
                if isinstance(value, Optimizer) and value not in (self.optimizer, *found.values()):
                    found[f"{name} of layer {number}" if number else name] = value
        return found

    def adopt_weights(self) -> None:
        """Let weights that are learned lie side by side, those that were copied or exchanged too; before a training."""
        raise NotImplementedError

    def layers_in_turn(self) -> Sequence[Any]:
        """Return the layers, if a step may take them one after another; else none."""
        raise NotImplementedError

    # -- what a user calls ------------------------------------------------------------------------------

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
        loss : str, function or Loss, or a list or dict by output of them, optional
            One is for every output; an output whose entry is None, or missing, has none.
            A function takes ``(y_true, y_pred)`` and is written in `minifit.ops`.
        metrics, weighted_metrics : list of str, function or Metric, optional
            The weighted ones take sample and class weights into account. A list is for every output; a list of lists,
            or a dict by name, has those of each.
        loss_weights : float or Variable, or a list or dict by output of them, optional
            Factors of the losses. A Variable may be changed by a callback: its value counts from the next batch on.
        run_eagerly : bool, optional
            Accepted as in Keras; there is no other way here.
        steps_per_execution : int, default 1
            Batches between two calls of the batch hooks.

        Raises
        ------
        UnknownNameError, ArgumentError, ArgumentTypeError
            When one of them cannot be used.
        BusyError
            While the model is being trained, as in a hook of `fit`.
        """
        self._need_rest("compiled")
        steps = (
            1
            if steps_per_execution is None
            else positive("steps_per_execution", steps_per_execution, example=1)
        )
        objective = Objective(loss, metrics, weighted_metrics, loss_weights)
        if self.output_names and self._own(TRAINING) is None:  # as fit would find out
            objective.check_for(self.output_names)
        self.optimizer = optimizer
        self.training_state.objective = objective
        self._steps_per_execution = steps
        self._loss_of_own_step, self._run_eagerly = None, bool(run_eagerly)
        self.compiled_flags = CompiledFlags(self.layers_within())
        self.train_function = self.test_function = self.predict_function = None

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
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> History:
        """Train the model.

        Parameters
        ----------
        x : array, np.memmap or h5py.Dataset of shape (n, ...), several of them, or what gives batches
            Several inputs are a list or tuple in the order of the model's inputs, or a dict by their names.
            A `Sequence` or an iterable gives batches ``(x, y)`` or ``(x, y, sample_weight)``.
        y : array, np.memmap or h5py.Dataset of shape (n, ...), or several of them, optional
            For several outputs a list, a tuple or a dict by name, in which an output may have None or be left out; one
            array counts for all of them.
        batch_size : int, default 32
            Samples in a batch; only with arrays.
        epochs : int, default 1
            The epoch before which to end, counted from 0. With 0, or no more than `initial_epoch`, nothing is trained:
            ``on_train_begin`` and ``on_train_end`` are called, and the History is empty.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 is silent, 1 shows a bar on a terminal or in a notebook, 2 prints a line an epoch; "auto" is 1.
        callbacks : list of Callback, optional
        validation_split : float between 0 and 1, optional
            The last part of the data (before shuffling) is held back for validation.
        validation_data : tuple (x, y) or (x, y, sample_weight), Sequence or iterable of batches, optional
        shuffle : bool or "batch", default True
            Whether the data is gone through in a new random order at every epoch: an array row by row, a Sequence
            batch by batch. An h5py.Dataset is read block by block; the blocks are shuffled, and the rows of each
            block. "batch" takes batches of consecutive rows in random order. An iterable keeps its own order.
        class_weight : dict from int to float, or array of shape (n,), optional
            Weights of the classes 0, 1, ..., n - 1 in the loss; only with a single array of targets.
        sample_weight : array, np.memmap or h5py.Dataset of shape (n,), or several of them, optional
            Weights of the samples in the loss; only with arrays. One for all outputs, or nested as `y` may be.
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
        BusyError
            While another thread trains the model. A fit in a hook of a fit has a state of its own.
        ShapeError, DataError, ArgumentError, ArgumentTypeError
            For data and arguments that cannot be used.

        References
        ----------
        ``tf.keras.Model.fit`` (TensorFlow 2.7).
        """
        self._need_compiled()
        epochs = positive("epochs", epochs, least=0)
        initial_epoch = positive("initial_epoch", initial_epoch, least=0, example=0)
        with self._training() as state:
            validated = validation_data is not None or holds_back(validation_split)
            as_given = self._own(TRAINING) and (self._own(TESTING) or not validated)
            batches, judged_on = arguments.data_of_fit(
                (x, y, sample_weight),
                ANY if as_given else self._data_names,
                batch_size,
                steps_per_epoch,
                shuffle,
                class_weight,
                arguments.Validation(
                    validation_split, validation_data, validation_steps, validation_batch_size
                ),
            )
            handler = self._callback_list(callbacks, verbose, epochs=epochs, steps=batches.steps)
            state.batches, state.judged_on, state.callbacks = batches, judged_on, handler
            with handler, state.under_way(), summary.following(self._steps), self.compiled_flags.holding():
                self._fit(state, handler, epochs, initial_epoch, arguments.due(validation_freq))
            self.history = handler.history
        return self.history  # type: ignore[no-any-return]

    @contextmanager
    def _training(self) -> Iterator[TrainingState]:
        """The state for a training in this thread: one of its own within another training, in a hook of that."""
        outer = self.training_state
        if outer.trained_by != get_ident():
            with outer.claimed():
                yield outer
            return
        try:
            self.training_state = outer.nested()
            yield self.training_state
        finally:
            self.training_state = outer

    def _fit(
        self,
        state: TrainingState,
        callbacks: CallbackList,
        epochs: int,
        initial_epoch: int,
        due: Callable[[int], bool],
    ) -> None:
        """Put the parts together and run the loop."""
        objective, batches, judged_on = state.objective, state.batches, state.judged_on
        assert objective is not None and batches is not None
        refuse_uncalled(self)
        self._prepare(objective, batches, lazily=self._own(TRAINING))
        chosen = engine.choose(self._work(batches, epochs - initial_epoch))
        state.begin_run(initial_epoch, epochs, engine.name_of(chosen))
        self.history = callbacks.history
        step = self._train_step(chosen, state, objective)
        validation = None
        if judged_on is not None:
            own = self._own(TESTING)
            self._prepare(objective, judged_on, again=False, lazily=own or objective.lazy or None)
            if not judged_on.peek().targets and objective.wants_targets and not own:
                raise DataError(
                    "validation_data needs targets, as the loss does. Received: inputs alone. Pass (x, y)."
                )
            judge = self._test_step(chosen, state, objective)
            validation = loops.Validation(judge, judged_on, due)
        ahead = range(initial_epoch, epochs)
        validation_due = not ahead or any(map(due, ahead))
        callbacks.check_run(
            step.names, judged_on is not None, *arguments.sizes(batches), validation_due, step.names_known
        )
        loops.fit(state, step, callbacks, epochs, validation, self._steps_per_execution)

    def _own(self, methods: tuple[str, ...]) -> str | None:
        """Return which of the methods of a step the model has a version of its own of."""
        return overridden(self, methods, Trainer)

    def _train_step(self, kernels: ModuleType, state: TrainingState, objective: Objective) -> Any:
        """Return the step that learns: the library's, or the user's where a method of it is overridden."""
        own = self._own(TRAINING)
        self.adopt_weights()
        if own is not None:
            function = self.make_train_function()
            return OwnJudgedStep(self, kernels, state.streams, function, own, objective, recording=True)
        return TrainStep(self, kernels, state.streams, objective, self.optimizer)

    def _test_step(self, kernels: ModuleType, state: TrainingState, objective: Objective) -> Any:
        """Return the step that judges."""
        own = self._own(TESTING)
        if own is not None:
            return OwnJudgedStep(self, kernels, state.streams, self.make_test_function(), own, objective)
        return TestStep(self, kernels, state.streams, objective)

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
        """The loss and the metrics on data; disturbs no fit or evaluation under way, in a hook or in another thread.

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
        own = self._own(TESTING)
        names = self._data_names if own is None else ANY
        batches = arguments.data_of((x, y, sample_weight), names, batch_size, steps)
        handler = self._callback_list(callbacks, verbose, epochs=1, steps=batches.steps)
        state = self.training_state
        with handler, state.sums() as objective:
            self._prepare(objective, batches, lazily=own)
            step = self._test_step(engine.choose(self._work(batches, 1)), state, objective)
            logs = loops.evaluate(step, batches, handler, self._steps_per_execution)
        return arguments.returned(logs, step.names, return_dict)

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
    ) -> Any:
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
            Nested as the model returns its outputs.
        """
        own = self._own(PREDICTING)
        names = self._data_names if own is None else ANY
        batches = arguments.data_of((x, None, None), names, batch_size, steps)
        handler = self._callback_list(callbacks, verbose, epochs=1, steps=batches.steps)
        self._ready(batches, own)
        chosen, streams = engine.choose(self._work(batches, 1)), self.training_state.streams
        step: Any = PredictStep(self, chosen, streams)
        if own is not None:
            step = OwnPredictStep(self, chosen, streams, self.make_predict_function(), own)
        with handler:
            return loops.predict(step, batches, handler, self._steps_per_execution)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
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
        self._need_compiled()
        refuse_uncalled(self)
        with self._training() as state, self.compiled_flags.holding():
            step = partial(self._train_step, engine.choose(0), state)
            own = self._own(TRAINING)
            return self._on_batch(step, own, x, y, sample_weight, class_weight, reset_metrics, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """The loss and the metrics on one batch; the arguments are those of `train_on_batch`."""
        self._need_compiled()
        step = partial(self._test_step, engine.choose(0), self.training_state)
        own = self._own(TESTING)
        return self._on_batch(step, own, x, y, sample_weight, None, reset_metrics, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's output for one batch."""
        return self.predict(arguments.rows_alone(x), steps=1)

    def _on_batch(
        self,
        make_step: Callable[[Objective], Any],
        own: str | None,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Any,
        reset_metrics: bool,
        return_dict: bool,
    ) -> Any:
        batches = batches_of(
            arguments.rows_alone(x),
            y,
            sample_weight,
            steps=1,
            class_weight=class_weight,
            names=self._data_names if own is None else ANY,
        )
        with self.training_state.sums() as objective:
            self._prepare(objective, batches, lazily=own)
            step = make_step(objective)
            if reset_metrics:
                step.reset()
            step.run(batches, 1, 1, lambda: True)
            return arguments.returned(step.logs(), step.names, return_dict)

    def engine_report(self) -> str:
        """Beyond Keras: say how the model trains, and which part of it is not on the compiled path.

        Returns
        -------
        str
            One sentence about the model as it is compiled, and one about the engine of the latest training.

        Raises
        ------
        NotCompiledError, NotBuiltError
            Before `compile`, and before the model has weights.
        """
        self._need_compiled()
        state = self.training_state
        assert state.objective is not None
        own = self._own(TRAINING)
        if own is not None:
            return f"Batches are taken op by op, by {own} of {type(self).__name__}. {engine.report(state.engine)}"
        objective = state.objective.apart()
        if not objective.resolved:
            self._guess_heads(objective)
        plan = self._train_step(kernels.load("numpy"), state, objective).make_plan()
        path = (
            f"Batches are taken op by op: the compiled step does not know {plan}."
            if isinstance(plan, str)
            else "The whole step is compiled: one call takes many batches."
        )
        return f"{path} {engine.report(state.engine)}"

    def show_metrics(self) -> None:
        """Have the metrics of `compile` before the first batch, as a model has that comes from a file."""
        self._need_compiled()
        objective = self.training_state.objective
        assert objective is not None
        self._guess_heads(objective)
        objective.losses_used = objective.metrics_used = objective.resolved

    def _guess_heads(self, objective: Objective) -> None:
        """Make heads for targets that look like the outputs; the first batch makes them again where they do not."""
        shapes = [tuple(n or 1 for n in shape) for shape in self.output_shapes]
        objective.resolve(self.output_names, shapes, shapes)

    # -- what they have in common -----------------------------------------------------------------------

    def _need_compiled(self) -> None:
        if self.training_state.objective is None:
            raise NotCompiledError(
                "A model must be compiled before it is trained or evaluated. Received: one that is not. "
                "Call model.compile(optimizer, loss) first."
            )

    def _ready(self, batches: Batches, own: str | None = None) -> Batch:
        """Build for data like this; returns a sample of it. A step of the user's may do with it what it likes."""
        sample = batches.peek()
        if own is not None and self._needs_no_data():
            return sample
        try:
            self.ready_for(sample.inputs, batches.form.x)
        except ShapeError as error:
            batches.tell_where(error)
            raise
        if own is None and batches.names.outputs is None:
            batches.name_outputs(self.output_names)
            return batches.peek()
        return sample

    def _needs_no_data(self) -> bool:
        """Return whether all layers are built, or the model has no `call` that could build them."""
        unbuilt = [layer for layer in self.layers_within() if layer is not self and not layer.built]
        return not unbuilt or not self.has_call

    def _need_rest(self, what: str) -> None:
        """Raise while the model is being trained: it would go on as it was, without a word."""
        if self.training_state.trained_by is not None:
            raise BusyError(
                f"A model is {what} between two trainings. Received: one that is being trained. "
                "Set hyperparameters, as model.optimizer.learning_rate, while it trains; or end the training by "
                "model.stop_training = True, and call fit with an initial_epoch afterwards."
            )

    def _prepare(
        self, objective: Objective, batches: Batches, again: bool = True, lazily: Any = None
    ) -> None:
        """Build for data like this, make the metrics that fit it, and see that the loss can take it.

        With a step of the user's the first batch makes the metrics, `lazily`, as that step takes it.
        """
        sample = self._ready(batches, lazily)
        objective.bring_along(self.metrics_of_layers)
        objective.lazy = bool(lazily)
        if objective.lazy:
            return
        if not objective.begun and (again or not objective.resolved):
            outputs = [tuple(n or 1 for n in shape) for shape in self.output_shapes]
            objective.resolve(
                self.output_names, [None if y is None else y.shape for y in sample.targets], outputs
            )
        objective.losses_used = objective.metrics_used = objective.resolved
        if objective.resolved:
            targets = batches.targets
            names = [batches.name_of_targets(i) for i in range(len(targets))]
            objective.check_targets(names, targets, self.output_shapes)

    def _work(self, batches: Batches, epochs: int) -> float:
        """How much work is planned."""
        samples = getattr(batches, "size", None) or len(batches.peek().inputs[0])
        return engine.work(epochs, batches.steps, self.numbers_in_a_step(samples))

    def _callback_list(self, callbacks: Any, verbose: Any, **params: Any) -> CallbackList:
        """The callbacks with those that every run has; a ready-made list is taken as it is."""
        if isinstance(callbacks, CallbackList):
            return callbacks
        verbose = arguments.verbosity(verbose)
        return CallbackList(callbacks, True, bool(verbose), self, verbose=verbose, **params)

    def _steps(self) -> int:
        """How many batches the optimizer has learned from."""
        return int(self.optimizer.iterations.value)

    @property
    def optimizer(self) -> Any:
        """What changes the weights; None before `compile`."""
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
    def run_eagerly(self) -> bool:
        """Whether `compile` was told so; it changes nothing, as there is no other way here."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: Any) -> None:
        self._run_eagerly = bool(value)

    @property
    def stop_training(self) -> bool:
        """Whether training ends after this batch and epoch."""
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

    def reset_states(self) -> None:
        """Reset what `stateful` layers remember of earlier batches, by their `reset_states`."""
        for layer in self.layers_within():
            if layer is not self and getattr(layer, "stateful", False):
                layer.reset_states()

    def reset_metrics(self) -> None:
        """Reset the losses and the metrics."""
        for metric in self.metrics:
            metric.reset_state()
