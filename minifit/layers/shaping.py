"""Settings that determine the shapes of a layer, and the input shape that a user declares."""

from collections.abc import Sequence
from typing import Any

from minifit.checks import entries, whole
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.graph import ShapeLike
from minifit.parameters import Parameter
from minifit.settings import Setting


class Shaping(Setting):
    """A setting that determines the shape of the weights or of the output: fixed once the layer is built."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise if the layer was built with a different value."""
        if vars(owner).get("built") and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} cannot change once a layer is built. Received: {self.name}={value!r} for "
                f"{owner.name!r}, built with {self.name}={vars(owner)[self.name]!r}. Create another layer."
            )


class WeightSetting(Setting):
    """A setting such as ``kernel_regularizer``, which is also set on the weight of that name."""

    def __set__(self, owner: Any, value: Any) -> None:
        super().__set__(owner, value)
        weight_name, _, role = self.name.rpartition("_")
        if isinstance(weight := vars(owner).get(weight_name), Parameter):
            setattr(weight, role, vars(owner)[self.name])


def declared(
    input_shape: Sequence[int | None] | None,
    input_dim: int | None,
    batch_input_shape: Sequence[int | None] | None,
) -> ShapeLike | None:
    """Return the declared input shape with the batch dimension in front."""
    from_dim = batch_input_shape is None and input_shape is None
    if batch_input_shape is not None:
        shape = _sequence("batch_input_shape", batch_input_shape)
    elif input_shape is not None:
        shape = (None, *_sequence("input_shape", input_shape))
    elif input_dim is not None:
        shape = (None, input_dim)
    else:
        return None
    sizes = tuple(None if n is None else whole(n) for n in shape)
    if any(n is not None and (size is None or size < 1) for n, size in zip(shape, sizes, strict=True)):
        raise ArgumentError(
            "An input shape consists of positive integers. "
            f"Received: {f'input_dim={input_dim!r}' if from_dim else shape[1:]}. Pass, for example, input_shape=(20,)."
        )
    return sizes


def _sequence(name: str, shape: Any) -> tuple[Any, ...]:
    listed = entries(shape)
    if listed is None:
        raise ArgumentTypeError(
            f"{name} is a tuple of integers. Received: {name}={shape!r}. Pass, for example, (20,)."
        )
    return tuple(listed)
