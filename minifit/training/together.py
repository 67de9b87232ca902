"""What workers that train one model together do at the beginning of a call: they begin with the same numbers."""

from typing import Any

from minifit.distribute.agreeing import differing_from_chief
from minifit.errors import ArgumentError
from minifit.randomness import DEFAULT, global_state, set_global_state


def synchronize(model: Any) -> None:
    """Have all workers of a model begin with the chief's weights, optimizers and random numbers.

    Parameters
    ----------
    model : Model

    Raises
    ------
    ArgumentError
        When they have made different models.
    """
    chiefs = differing_from_chief(model.workers, _numbers_of(model))
    if chiefs is not None:
        _put_in(model, chiefs)


def _numbers_of(model: Any) -> dict[str, Any]:
    weights = _weights(model)
    return {
        "streams": model.training_state.streams.get_state_if_begun(),
        "streams outside": DEFAULT.get_state_if_begun(),
        "global streams": global_state(),
        "names": [[w.name, list(w.shape)] for w in weights],
        "weights": [w.value for w in weights],
        "optimizers": [o.get_state(weights) for o in _optimizers(model)],
    }


def _weights(model: Any) -> list[Any]:
    """Return the weights; none of a model that waits for its first batch, and then makes them by the same streams."""
    return list(model.weights) if model.has_weights else []


def _optimizers(model: Any) -> list[Any]:
    own = [] if model.optimizer is None else [model.optimizer]
    return own + [optimizer for _, optimizer in sorted(model.optimizers_within().items())]


def _put_in(model: Any, chiefs: dict[str, Any]) -> None:
    weights, optimizers = _weights(model), _optimizers(model)
    shapes, theirs = [list(w.shape) for w in weights], [shape for _, shape in chiefs["names"]]
    if shapes != theirs or len(optimizers) != len(chiefs["optimizers"]):
        raise ArgumentError(
            "All workers must make the same model. Received: weights of the shapes "
            f"{_first(theirs)} on the chief and {_first(shapes)} here. Run the same program on every worker."
        )
    model.training_state.streams.go_on_from(chiefs["streams"])
    DEFAULT.go_on_from(chiefs["streams outside"])
    set_global_state(chiefs["global streams"])
    for weight, value in zip(weights, chiefs["weights"], strict=True):
        weight.assign(value)
    for optimizer, its in zip(optimizers, chiefs["optimizers"], strict=True):
        optimizer.set_state(its, weights)


def _first(shapes: list[list[int]]) -> str:
    return f"{str(shapes[:8]).rstrip(']')}], ..." if len(shapes) > 8 else str(shapes)
