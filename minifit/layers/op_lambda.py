"""`TFOpLambda`: an op on symbols as a layer of their graph, as in tf.keras.

For a symbol ``x``, ``x * 2`` and ``ops.exp(x)`` have no value yet. Each becomes the call of a layer that computes the
op once the model receives data. These layers have no weights; `minifit.operations` lists the possible ops.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import graph, nest, operations
from minifit.arrays import FLOAT
from minifit.graph import Node, Symbol
from minifit.kernels import reference
from minifit.layers.base import Layer, unique_name
from minifit.settings import Fixed
from minifit.tensor import Context, Tensor, current


class TFOpLambda(Layer):
    """An op as a layer; calling an op on symbols creates one.

    Parameters
    ----------
    function : str
        The op's name in TensorFlow, such as ``"math.multiply"``.
    **kwargs
        As for `Layer`.

    Raises
    ------
    UnknownNameError
        For a name that is not in `minifit.operations`.

    References
    ----------
    The layer of this name in files of TensorFlow 2.7.
    """

    function = Fixed()

    def __init__(self, function: str, **kwargs: Any) -> None:
        operations.named(function)
        if not kwargs.get("name"):
            kwargs["name"] = unique_name(f"tf.{function}")
        super().__init__(**kwargs)
        self.function = function

    def call(self, inputs: Any, training: bool = False, **kwargs: Any) -> Any:
        """Compute the op on its first argument; the others have their names in TensorFlow."""
        return operations.BY_TENSORFLOW[self.function].call(inputs, **kwargs)

    lower = Layer.lower_by_call

    def _on_symbols(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """Record the call. An axis of the output has unknown size if it varies with the number of samples."""
        node = Node(self, inputs, kwargs)
        two, three = (self._call_on_zeros(samples, inputs, kwargs) for samples in (2, 3))
        self._nodes.append(node)
        self.built = True
        shapes = [
            tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
            for a, b in zip(nest.flatten(two), nest.flatten(three), strict=True)
        ]
        return node.returns(shapes if isinstance(two, list) else shapes[0])

    def _call_on_zeros(self, samples: int, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """Return the output for zeros: a tensor or a list of tensors."""

        def zeros(leaf: Any) -> Any:
            if not isinstance(leaf, Symbol):
                return leaf
            return Tensor(np.zeros([samples if n is None else n for n in leaf.shape], FLOAT))

        arguments = {name: nest.map_leaves(zeros, value) for name, value in kwargs.items()}
        with Context(reference, recording=False, streams=current().streams), np.errstate(all="ignore"):
            return self.call(nest.map_leaves(zeros, inputs), **arguments)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {**super().get_config(), "function": self.function}


def _as_layer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the symbol of the result of an op."""
    operation = operations.of_function(function)
    first, further = operation.bound(args, kwargs)
    return TFOpLambda(operation.tensorflow)(first, **further)


graph.as_layer.append(_as_layer)
