"""`Trainer`: fit, evaluate and predict.

These are the methods that a user calls to train the layers of a model. They validate the arguments, assemble the parts
(batches, step, callbacks) and pass them to the loops.
"""

from collections.abc import Callable
from typing import Any

from minifit import summary
from minifit.callbacks import CallbackList, History
from minifit.checks import positive
from minifit.data.checks import holds_back
from minifit.data.forms import ANY
from minifit.errors import ArgumentError, DataError
from minifit.training import arguments, engine, loops
from minifit.training.batch_methods import BatchMethods
from minifit.training.generator_methods import GeneratorMethods
from minifit.training.state import TrainingState
from minifit.training.step_methods import PREDICTING, TESTING, TRAINING, refuse_uncalled
from minifit.training.together import synchronize, together


class Trainer(BatchMethods, GeneratorMethods):
    """A layer that can be trained: the base class of all models.

    Compiling, the steps and single batches are in its base classes.
    """

    @together
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
        x : array, np.memmap or h5py.Dataset of shape (n, ...), several of them, or an iterable of batches
            Several inputs are a list or tuple in the order of the model's inputs, or a dict by their names.
            A `Dataset`, `Sequence` or iterable yields batches ``(x, y)`` or ``(x, y, sample_weight)``.
        y : array, np.memmap or h5py.Dataset of shape (n, ...), or several of them, optional
            For several outputs a list, a tuple or a dict by name. An output may have None or be left out. A single
            array is for all outputs.
        batch_size : int, default 32
            Samples in a batch; only with arrays.
        epochs : int, default 1
            The epoch, counted from 0, before which training ends. If it is 0, or no more than `initial_epoch`, nothing
            is trained: ``on_train_begin`` and ``on_train_end`` are called, and the History is empty.
        verbose : {"auto", 0, 1, 2}, default "auto"
            0 is silent, 1 shows a bar on a terminal or in a notebook, 2 prints a line per epoch; "auto" is 1.
        callbacks : list of Callback, optional
        validation_split : float between 0 and 1, optional
            The part of the data, at its end (before shuffling), that is held back for validation.
        validation_data : tuple (x, y) or (x, y, sample_weight), Dataset, Sequence or iterable of batches, optional
        shuffle : bool or "batch", default True
            Whether to use a new random order in every epoch: an array is shuffled row by row, a Sequence batch by
            batch. An h5py.Dataset is read block by block; the blocks are shuffled, and the rows within each block.
            "batch" shuffles batches of consecutive rows. A Dataset or iterable keeps its own order.
        class_weight : dict from int to float, or array of shape (n,), optional
            Weights of the classes 0, 1, ..., n - 1 in the loss; only with a single array of targets.
        sample_weight : array, np.memmap or h5py.Dataset of shape (n,), or several of them, optional
            Weights of the samples in the loss; only with arrays. One for all outputs, or nested like `y`.
        initial_epoch : int, default 0
        steps_per_epoch : int, optional
            Batches in an epoch; None means all of the data.
        validation_steps, validation_batch_size : int, optional
        validation_freq : int or collection of int, default 1
            The number of epochs between validations, or the epochs (counted from 1) after which to validate.
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
            While another thread trains the model. A fit within a hook of a fit has its own state.
        ShapeError, DataError, ArgumentError, ArgumentTypeError
            For invalid data and arguments.

        References
        ----------
        ``tf.keras.Model.fit`` (TensorFlow 2.7).
        """
        self._need_compiled()
        epochs = positive("epochs", epochs, least=0)
        initial_epoch = positive("initial_epoch", initial_epoch, least=0, example=0)
        with self._training() as state:
            validated = validation_data is not None or holds_back(validation_split)
            any_names = self._own(TRAINING) and (self._own(TESTING) or not validated)
            batches, judged_on = arguments.data_of_fit(
                (x, y, sample_weight),
                ANY if any_names else self._names_of_data(),
                batch_size,
                steps_per_epoch,
                shuffle,
                class_weight,
                arguments.Validation(
                    validation_split, validation_data, validation_steps, validation_batch_size
                ),
            )
            handler = self._callback_list(callbacks, verbose, True, epochs=epochs, steps=batches.steps)
            state.batches, state.judged_on, state.callbacks = batches, judged_on, handler
            for each in (batches, judged_on):
                if each is not None:
                    each.divide(self.workers)
            with handler, state.under_way(), summary.following(self._steps), self.compiled_flags.holding():
                self._fit(state, handler, epochs, initial_epoch, arguments.due(validation_freq))
            self.history = handler.history
        return self.history  # type: ignore[no-any-return]

    def _fit(
        self,
        state: TrainingState,
        callbacks: CallbackList,
        epochs: int,
        initial_epoch: int,
        due: Callable[[int], bool],
    ) -> None:
        """Assemble the parts and run the loop."""
        objective, batches, judged_on = state.objective, state.batches, state.judged_on
        assert objective is not None and batches is not None
        refuse_uncalled(self)
        own_evaluate = type(self).evaluate is not Trainer.evaluate or "evaluate" in vars(self)
        if judged_on is not None and own_evaluate:
            raise ArgumentError(
                f"fit validates batch by batch, with test_step. Received: {type(self).__name__}.evaluate, which fit "
                "never calls. Move its code into test_step, or call it in a callback and leave out the validation."
            )
        own = self._own(TRAINING)
        self._prepare(objective, batches, lazily=own)
        if self.workers.size > 1:
            synchronize(self)
        chosen = self._engine("train", own, batches, epochs - initial_epoch, objective)
        state.begin_run(initial_epoch, epochs, engine.name_of(chosen))
        self.history = callbacks.history
        step = self._train_step(own, chosen, state, objective)
        validation = None
        if judged_on is not None:
            own = self._own(TESTING)
            self._prepare(objective, judged_on, again=False, lazily=own or objective.lazy or None)
            if not judged_on.peek().targets and objective.wants_targets and not own:
                raise DataError(
                    "validation_data needs targets, as the loss does. Received: inputs alone. Pass (x, y)."
                )
            test_step = self._test_step(own, chosen, state, objective)
            validation = loops.Validation(test_step, judged_on, due)
        ahead = range(initial_epoch, epochs)
        validation_due = not ahead or any(map(due, ahead))
        callbacks.check_run(
            step.names, judged_on is not None, *arguments.sizes(batches), validation_due, step.names_known
        )
        loops.fit(state, step, callbacks, epochs, validation, self._steps_per_execution)
        state.kept.put(step, batches.size)

    @together
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
        """Return the loss and the metrics on data.

        A fit or an evaluation under way, in this thread or another, is not disturbed.

        Parameters
        ----------
        x, y, batch_size, sample_weight, callbacks, verbose
            As in `fit`.
        steps : int, optional
            The number of batches; None means all of the data.
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
        names = self._names_of_data() if own is None else ANY
        batches = arguments.data_of((x, y, sample_weight), names, batch_size, steps)
        batches.divide(self.workers)
        handler = self._callback_list(callbacks, verbose, False, epochs=1, steps=batches.steps)
        state = self.training_state
        with handler, state.sums() as objective:
            self._prepare(objective, batches, lazily=own)
            if self.workers.size > 1:
                synchronize(self)
            step = self._test_step(own, self._engine("test", own, batches, 1, objective), state, objective)
            logs = loops.evaluate(step, batches, handler, self._steps_per_execution)
            returned = arguments.returned(logs, step.names, return_dict)
            state.kept.put(step, batches.size)
        return returned

    @together
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
        """Return the model's outputs for data.

        Parameters
        ----------
        x, batch_size, callbacks, verbose
            As in `fit`.
        steps : int, optional
            The number of batches; None means all of the data.
        max_queue_size, workers, use_multiprocessing
            Accepted as in Keras; data is read in this thread.

        Returns
        -------
        ndarray of shape (n, ...), float32
            Nested as the model returns its outputs.
        """
        own = self._own(PREDICTING)
        names = self._names_of_data() if own is None else ANY
        batches = arguments.data_of((x, None, None), names, batch_size, steps)
        batches.divide(self.workers)
        handler = self._callback_list(callbacks, verbose, False, epochs=1, steps=batches.steps)
        self._ready(batches, own)
        if self.workers.size > 1:
            synchronize(self)
        step = self._predict_step(own, self._engine("predict", own, batches))
        with handler:
            outputs = loops.predict(step, batches, handler, self._steps_per_execution)
            self.training_state.kept.put(step, batches.size)
        return outputs

    def predict_on_batch(self, x: Any) -> Any:
        """Return the model's outputs for one batch."""
        return self.predict(arguments.rows_alone(x), steps=1)

    def _callback_list(self, callbacks: Any, verbose: Any, history: bool, **params: Any) -> CallbackList:
        """Return the callbacks with the standard ones; a `CallbackList` is used unchanged."""
        if isinstance(callbacks, CallbackList):
            return callbacks
        verbose = arguments.verbosity(verbose)
        return CallbackList(callbacks, history, bool(verbose), self, verbose=verbose, **params)

    def _steps(self) -> int:
        """Return the number of batches that the optimizer has learned from."""
        return int(self.optimizer.iterations.value)
