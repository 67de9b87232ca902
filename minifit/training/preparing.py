"""`Preparing`: builds a model for its data, and makes its steps."""

from types import ModuleType
from typing import Any

from minifit import kernels
from minifit.arrays import FLOAT
from minifit.data import Batches, Names
from minifit.errors import ShapeError
from minifit.training import engine
from minifit.training.compiling import Compiling
from minifit.training.objective import Objective
from minifit.training.own_step import OwnJudgedStep, OwnPredictStep
from minifit.training.plan import form_of
from minifit.training.runner import Runner
from minifit.training.state import TrainingState
from minifit.training.step import PredictStep, TestStep, TrainStep
from minifit.training.step_methods import TRAINING


class Preparing(Compiling):
    """A layer that makes its steps."""

    def _ready(self, batches: Batches, own: str | None = None) -> None:
        """Build the model for data like this. A user's step may use the data differently, so it only needs layers."""
        inputs = batches.inputs
        if own is not None and self._needs_no_data():
            return
        try:
            self.ready_for(inputs, batches.form.x)
        except ShapeError as error:
            batches.tell_where(error)
            raise
        if own is None and batches.names.outputs is None:
            batches.name_outputs(self.output_keys)

    def _names_of_data(self) -> Names:
        """Return the names that data in dicts may use."""
        return self.training_state.kept.answer("names of data", lambda: self._data_names)

    def _needs_no_data(self) -> bool:
        """Return whether all layers are built, or the model has no `call` that could build them."""
        unbuilt = [layer for layer in self.layers_within() if layer is not self and not layer.built]
        return not unbuilt or not self.has_call

    def _prepare(
        self, objective: Objective, batches: Batches, again: bool = True, lazily: Any = None
    ) -> None:
        """Build the model and its metrics for data like this, and validate the targets for the loss.

        With a user's step the metrics are made `lazily`, from its first batch.
        """
        self._ready(batches, lazily)
        kept = self.training_state.kept
        objective.bring_along(kept.answer("metrics of layers", lambda: self.metrics_of_layers))
        objective.lazy = bool(lazily)
        if objective.lazy:
            return
        if not objective.begun and (again or not objective.resolved):
            outputs = [tuple(n or 1 for n in shape) for shape in self.output_shapes]
            targets = [None if y is None else y.shape for y in batches.peek().targets]
            objective.resolve(self.output_names, targets, outputs)
        objective.losses_used = objective.metrics_used = objective.resolved
        if objective.resolved:
            shapes = kept.answer("shapes of outputs", lambda: self.output_shapes)
            objective.check_targets(batches.name_of_targets, batches.targets, shapes)

    def _engine(
        self,
        kind: str,
        own: str | None,
        batches: Batches,
        epochs: int = 1,
        objective: Objective | None = None,
    ) -> ModuleType:
        """Return the kernels for a call that trains ("train"), evaluates ("test") or predicts ("predict").

        A call within a training does not count for later ones, since a resumed training does not repeat it.
        """
        state = self.training_state

        def pays() -> bool:
            samples = batches.size or len(batches.peek().inputs[0])
            planned = engine.saved(kind, epochs, batches.steps, state.kept.numbers(samples))
            counts = kind == "train" or state.trained_by is None
            return state.demand.pays(kind, planned, lambda: self._cost(kind, own, batches, objective), counts)

        return engine.choose(pays)

    def _cost(self, kind: str, own: str | None, batches: Batches, objective: Objective | None) -> float:
        """Return the time to compile the program of a step, in nanoseconds; a user's step has no program."""
        if own is not None:
            return engine.cost(0)
        parts = self, kernels.load("numpy"), self.training_state.streams
        step: Runner
        if objective is None:
            step = PredictStep(*parts)
        elif kind == "test":
            step = TestStep(*parts, objective)
        else:
            self.adopt_weights()
            step = TrainStep(*parts, objective, self.optimizer)
        programs = step.make_programs()
        return engine.cost(0 if programs is None else len(programs.kinds(form_of(batches.sample()))))

    def _train_step(
        self, own: str | None, kernels: ModuleType, state: TrainingState, objective: Objective
    ) -> Any:
        """Return the step for training: the library's, or the user's if the model overrides a method of it."""
        if own is None:
            parts = (objective, objective.heads, self.optimizer)
            step = state.kept.reuse(TrainStep, kernels, state.streams, *parts)
            if step is not None:
                return step
        self.adopt_weights()
        if own is not None:
            function = self.make_train_function()
            return OwnJudgedStep(self, kernels, state.streams, function, own, objective, recording=True)
        return TrainStep(self, kernels, state.streams, objective, self.optimizer)

    def _test_step(
        self, own: str | None, kernels: ModuleType, state: TrainingState, objective: Objective
    ) -> Any:
        """Return the step for evaluation."""
        if own is not None:
            return OwnJudgedStep(self, kernels, state.streams, self.make_test_function(), own, objective)
        step = state.kept.reuse(TestStep, kernels, state.streams, objective, objective.heads)
        return TestStep(self, kernels, state.streams, objective) if step is None else step

    def _predict_step(self, own: str | None, kernels: ModuleType) -> Any:
        """Return the step for prediction."""
        state = self.training_state
        if own is not None:
            return OwnPredictStep(self, kernels, state.streams, self.make_predict_function(), own)
        step = state.kept.reuse(PredictStep, kernels, state.streams, self)
        return PredictStep(self, kernels, state.streams) if step is None else step

    def engine_report(self) -> str:
        """Beyond Keras: describe how the model trains, and name the part of it that cannot be compiled.

        Returns
        -------
        str
            One sentence about the compiled model, and one about the engine of the latest training.

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
            return f"Batches run op by op, by {own} of {type(self).__name__}. {engine.report(state.engine)}"
        objective = state.objective.apart()
        if not objective.resolved:
            self._guess_heads(objective)
        programs = self._train_step(None, kernels.load("numpy"), state, objective).make_programs()
        reason = programs.lacks(self._guess_form(objective))
        path = (
            f"Batches run op by op: no program has {reason}."
            if reason
            else "The model runs as a program of compiled instructions: one call runs many batches."
            if state.engine == "numba"
            else "The model can run as a program of compiled instructions."
        )
        return f"{path} {engine.report(state.engine)}"

    def _guess_form(self, objective: Objective) -> Any:
        """Return the likely form of batches for the model and its losses."""
        inputs = [tuple(n or 1 for n in s.shape[1:]) for s in self.inputs or ()]
        return (
            tuple((FLOAT.str, shape) for shape in inputs),
            tuple(
                head.form_of_targets(shape)
                for head, shape in zip(objective.heads, self.output_shapes, strict=True)
            ),
            (),
        )

    def show_metrics(self) -> None:
        """Make the metrics of `compile` before the first batch, for a model loaded from a file."""
        self._need_compiled()
        objective = self.training_state.objective
        assert objective is not None
        self._guess_heads(objective)
        objective.losses_used = objective.metrics_used = objective.resolved

    def _guess_heads(self, objective: Objective) -> None:
        """Make heads for targets shaped like the outputs; the first batch replaces them if its targets differ."""
        shapes = [tuple(n or 1 for n in shape) for shape in self.output_shapes]
        objective.resolve(self.output_names, shapes, shapes)
        forms = [head.form_of_targets(shape) for head, shape in zip(objective.heads, shapes, strict=True)]
        likely = [shape if form is None else (1, *form[1]) for form, shape in zip(forms, shapes, strict=True)]
        objective.resolve(self.output_names, likely, shapes)
