"""`Kept`: a cache from one call to the next, valid as long as no setting changes.

A call for a single batch would spend more time asking the layers about their weights, and making a step, than on the
step itself. So answers about the model are cached, and so is the last step with its memory. Setting anything
invalidates the cache: an added layer, a flag, another optimizer. The lists and dicts of a layer, and the properties of
a user's class, can change without notice, so nothing is cached for a model with such layers.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from minifit.nest import leaves
from minifit.training.flags import Outlook

Answer = TypeVar("Answer")

MOST = 2**20
"""The most numbers, beside the weights, that a cached step may compute with: 4 MB."""

OF_LAYERS = frozenset(
    (
        *("weights", "trainable_weights", "non_trainable_weights", "all_weights", "own_weights", "trainable"),
        *("layers", "layers_inside", "layers_within", "metrics_within", "own_metrics", "metrics_of_layers"),
        *("input_keys", "output_keys", "output_names", "output_shapes", "_data_names"),
        *("numbers_in_a_step", "layers_in_turn"),
    )
)
"""The members of a layer that the answers come from."""


class Kept:
    """A cache of answers about a model, and of its steps.

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
        """Return the cached answer to a question about the model if it is still valid; else call `ask`."""
        version, known = self._now(), self._answers.get(question)
        if known is not None and known[0] == version:
            return known[1]  # type: ignore[no-any-return]
        answer = ask()
        if self._closed():
            self._answers[question] = version, answer
        return answer

    def _now(self) -> int:
        """Return the version of the model's present settings."""
        self._version += self._outlook.moved()
        return self._version

    def reuse(self, kind: type, *parts: Any) -> Any:
        """Remove and return the cached step of a class if it was made from these very parts; None if there is none."""
        step = self._steps.pop(kind, None)
        if step is None or not step.holds(parts):
            return None
        return step

    def put(self, step: Any, samples: int | None) -> None:
        """Cache a step that ran batches of `samples` samples, for the next call; None means an unknown number."""
        if step.parts and samples and samples * self._numbers()[1] <= MOST and self._closed():
            step.rest()
            self._steps[type(step)] = step

    def numbers(self, samples: int) -> int:
        """Return how many numbers a step with `samples` samples computes with."""
        weights, of_sample = self._numbers()
        return weights + samples * of_sample

    def _numbers(self) -> tuple[int, int]:
        """Return how many numbers a step computes with: the weights, and the numbers for each sample."""

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
    """Return whether a layer has lists or dicts that may grow, or overrides a member that answers come from."""
    if any(_may_hold_layers(vars(layer)[name]) for name in layer._containers):
        return True
    own = (kind for kind in type(layer).__mro__ if not kind.__module__.startswith("minifit."))
    return any(not OF_LAYERS.isdisjoint(vars(kind)) for kind in own)


def _may_hold_layers(container: Any) -> bool:
    """Return whether a list or dict may come to hold layers; one of numbers or strings, such as axes, does not."""
    kinds = set(map(type, leaves(container)))
    return not kinds or not kinds <= {int, float, str, bool}
