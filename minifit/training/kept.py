"""`Kept`: what a call leaves to the next one, as long as it holds.

A call for a single batch would spend more time on asking layers what they have, and on making a step, than on the step
itself. So answers about the model are kept, and so is a step that was taken, with its memory. All of that follows from
settings and counts only while none is set: a layer that is added, a flag, another optimizer change it. What lists and
dicts of a layer hold, and what a property of the user's returns, may change without it. Of a model with such layers
nothing is kept.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from minifit.nest import leaves
from minifit.training.flags import Outlook

Answer = TypeVar("Answer")

MOST = 2**20
"""Numbers that a step which is kept may compute with at most, beside the weights: 4 MB."""

OF_LAYERS = frozenset(
    (
        *("weights", "trainable_weights", "non_trainable_weights", "all_weights", "own_weights", "trainable"),
        *("layers", "layers_inside", "layers_within", "metrics_within", "own_metrics", "metrics_of_layers"),
        *("input_keys", "output_keys", "output_names", "output_shapes", "_data_names"),
        *("numbers_in_a_step", "layers_in_turn"),
    )
)
"""The names by which a layer says what it has."""


class Kept:
    """Answers about a model, and its steps.

    Parameters
    ----------
    model : Layer
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._outlook = Outlook(model)
        self._version = 0
        self._answers: dict[str, tuple[int, Any]] = {}
        self._steps: dict[type, Any] = {}

    def answer(self, question: str, ask: Callable[[], Answer]) -> Answer:
        """Return the answer to a question about the model: the latest one, if it still holds."""
        version, known = self._now(), self._answers.get(question)
        if known is not None and known[0] == version:
            return known[1]  # type: ignore[no-any-return]
        answer = ask()
        if self._closed():
            self._answers[question] = version, answer
        return answer

    def _now(self) -> int:
        """Return the number of the present state of the model's settings."""
        self._version += self._outlook.moved()
        return self._version

    def take(self, kind: type, *parts: Any) -> Any:
        """Return a step of a kind that was made of these very parts, for one user at a time; None if there is none."""
        step = self._steps.pop(kind, None)
        if step is None or not step.holds(parts):
            return None
        return step

    def put(self, step: Any, samples: int | None) -> None:
        """Keep a step that was taken, with batches of so many samples, for the next call; None means unknown."""
        if step.parts and samples and samples * self._numbers()[1] <= MOST and self._closed():
            step.rest()
            self._steps[type(step)] = step

    def numbers(self, samples: int) -> int:
        """Return how many numbers a step with so many samples goes through."""
        weights, of_sample = self._numbers()
        return weights + samples * of_sample

    def _numbers(self) -> tuple[int, int]:
        """Return how many numbers a step goes through: weights, and what it makes of a sample."""

        def ask() -> tuple[int, int]:
            weights: int = self._model.numbers_in_a_step(0)
            return weights, self._model.numbers_in_a_step(1) - weights

        return self.answer("numbers in a step", ask)

    def _closed(self) -> bool:
        """Return whether no layer can change without notice."""
        version, known = self._now(), self._answers.get("closed")
        if known is None or known[0] != version:
            layers = self._model.layers_within()
            known = self._answers["closed"] = version, not any(map(_is_open, layers))
        return bool(known[1])


def _is_open(layer: Any) -> bool:
    """Return whether a layer has lists or dicts that may grow, or says in its own way what it has."""
    if any(_may_hold_layers(vars(layer)[name]) for name in layer._containers):
        return True
    own = (kind for kind in type(layer).__mro__ if not kind.__module__.startswith("minifit."))
    return any(not OF_LAYERS.isdisjoint(vars(kind)) for kind in own)


def _may_hold_layers(container: Any) -> bool:
    """Return whether a list or dict may come to hold layers: one of numbers, as of axes, does not."""
    kinds = set(map(type, leaves(container)))
    return not kinds or not kinds <= {int, float, str, bool}
