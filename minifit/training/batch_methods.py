"""`train_on_batch` and its like: one step on one batch, without callbacks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import get_ident
from typing import Any

from minifit.data import batches_of
from minifit.data.forms import ANY
from minifit.training import arguments
from minifit.training.preparing import Preparing
from minifit.training.state import TrainingState
from minifit.training.step_methods import TESTING, TRAINING, refuse_uncalled
from minifit.training.together import synchronize, together


class BatchMethods(Preparing):
    """A layer that trains on single batches."""

    # whether several workers have synchronized their weights and random streams
    _began_together = False

    @together
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """Train on one batch in one step.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            As in `fit`, all of it one batch.
        reset_metrics : bool, default True
            Whether the returned values are those of this batch alone.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            As in `evaluate`.
        """
        self._need_compiled()
        refuse_uncalled(self)
        with self._training() as state, self.compiled_flags.holding():
            own = self._own(TRAINING)
            return self._on_batch(
                "train", state, own, x, y, sample_weight, class_weight, reset_metrics, return_dict
            )

    @together
    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics on one batch; the arguments are those of `train_on_batch`."""
        self._need_compiled()
        state, own = self.training_state, self._own(TESTING)
        return self._on_batch("test", state, own, x, y, sample_weight, None, reset_metrics, return_dict)

    def _on_batch(
        self,
        kind: str,
        state: TrainingState,
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
            names=self._names_of_data() if own is None else ANY,
        )
        batches.divide(self.workers)
        with self.training_state.sums() as objective:
            self._prepare(objective, batches, lazily=own)
            if self.workers.size > 1 and not self._began_together:
                synchronize(self)
                self._began_together = True
            chosen = self._engine(kind, own, batches, 1, objective)
            make_step = self._train_step if kind == "train" else self._test_step
            step = make_step(own, chosen, state, objective)
            if reset_metrics:
                step.reset()
            step.run(batches, 1, 1, lambda: True)
            returned = arguments.returned(step.logs(), step.names, return_dict)
            self.training_state.kept.put(step, batches.size)
        return returned

    def _training(self) -> AbstractContextManager[TrainingState]:
        """Return the state for a training in this thread: a nested one for a call within a hook of another training."""
        state = self.training_state
        return self._nested(state) if state.trained_by == get_ident() else state.claimed()

    @contextmanager
    def _nested(self, outer: TrainingState) -> Iterator[TrainingState]:
        """Use a nested training state while the block runs."""
        try:
            self.training_state = outer.nested()
            yield self.training_state
        finally:
            self.training_state = outer
