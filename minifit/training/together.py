"""Calls that all workers of a model make together, in the scope of its strategy, from equal weights and streams."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from minifit.distribute.agreeing import differing_from_chief
from minifit.distribute.strategy import Strategy
from minifit.errors import ArgumentError, legible, quoted
from minifit.randomness import DEFAULT, global_state, set_global_state
from minifit.tables import first_difference, plain
from minifit.workers import Workers

P = ParamSpec("P")
Result = TypeVar("Result")
Model = TypeVar("Model", bound="OfStrategy")


class OfStrategy(Protocol):
    """A model that the workers of its strategy train."""

    workers: Workers

    @property
    def distribute_strategy(self) -> Strategy:
        """The strategy in whose scope the model was made."""


def together(method: Callable[Concatenate[Model, P], Result]) -> Callable[Concatenate[Model, P], Result]:
    """Decorate a method of a model: all its workers call it together, in the scope of the strategy."""

    @wraps(method)
    def call(model: Model, /, *args: P.args, **kwargs: P.kwargs) -> Result:
        strategy = model.distribute_strategy
        if strategy.is_default and model.workers.size == 1:
            return method(model, *args, **kwargs)
        with (
            model.workers.together(method.__name__),
            nullcontext() if strategy.is_default else strategy.active(),
        ):
            return method(model, *args, **kwargs)

    return call


def synchronize(model: Any) -> None:
    """Copy the chief's weights, optimizer states and random streams to all workers of a model.

    Parameters
    ----------
    model : Model

    Raises
    ------
    ArgumentError
        When the workers have different models.
    """
    chiefs = differing_from_chief(model.workers, _numbers_of(model))
    if chiefs is not None:
        _adopt(model, chiefs)


def _numbers_of(model: Any) -> dict[str, Any]:
    weights = _weights(model)
    return {
        "streams": model.training_state.streams.get_state_if_begun(),
        "streams outside": DEFAULT.get_state_if_begun(),
        "global streams": global_state(),
        "names": [[w.name, list(w.shape)] for w in weights],
        "weights": [w.value for w in weights],
        "optimizers": [o.get_state(weights) for o in _optimizers(model)],
        "compiled": _compiled(model),
    }


def _compiled(model: Any) -> dict[str, Any]:
    """Return the arguments of `compile` that must be equal on all workers."""
    objective = model.training_state.objective
    kinds = [type(optimizer).__name__ for optimizer in _optimizers(model)]
    return plain({"optimizers": kinds, **({} if objective is None else objective.describe())})  # type: ignore[no-any-return]


def _weights(model: Any) -> list[Any]:
    """Return the weights; empty for an unbuilt model, which makes them later from equal random streams."""
    return list(model.weights) if model.has_weights else []


def _optimizers(model: Any) -> list[Any]:
    own = [] if model.optimizer is None else [model.optimizer]
    return own + [optimizer for _, optimizer in sorted(model.optimizers_within().items())]


def _adopt(model: Any, chiefs: dict[str, Any]) -> None:
    weights, optimizers = _weights(model), _optimizers(model)
    shapes, theirs = [list(w.shape) for w in weights], [shape for _, shape in chiefs["names"]]
    if shapes != theirs or len(optimizers) != len(chiefs["optimizers"]):
        raise ArgumentError(
            "All workers must make the same model. Received: weights of the shapes "
            f"{_first(theirs)} on the chief and {_first(shapes)} here. Run the same program on every worker."
        )
    if chiefs["compiled"] != (compiled := _compiled(model)):
        place, theirs, ours = first_difference(chiefs["compiled"], compiled, "compiled")
        raise ArgumentError(
            f"All workers must compile the same model. Received: {legible(place)} is {quoted(theirs)} on the chief and "
            f"{quoted(ours)} here. Run the same program on every worker."
        )
    model.training_state.streams.go_on_from(chiefs["streams"])
    DEFAULT.go_on_from(chiefs["streams outside"])
    set_global_state(chiefs["global streams"])
    for weight, value in zip(weights, chiefs["weights"], strict=True):
        weight.assign(value)
    for optimizer, state in zip(optimizers, chiefs["optimizers"], strict=True):
        optimizer.set_state(state, weights)


def _first(shapes: list[list[int]]) -> str:
    return f"{str(shapes[:8]).rstrip(']')}], ..." if len(shapes) > 8 else str(shapes)
