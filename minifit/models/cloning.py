"""`clone_model`: the same layers once more, connected alike, with weights of their own."""

from collections.abc import Callable
from typing import Any

from minifit import nest
from minifit.errors import ArgumentError, ArgumentTypeError
from minifit.graph import Node, Symbol
from minifit.layers import InputLayer, Layer
from minifit.models.model import Model
from minifit.models.sequential import Sequential


def clone_model(
    model: Model, input_tensors: Any = None, clone_function: Callable[[Layer], Layer] | None = None
) -> Any:
    """Return a model of layers that are cloned, connected as in the given one.

    Parameters
    ----------
    model : Model
        A graph, or a `Sequential`, which need not be built.
    input_tensors : Symbol, or list of Symbol, optional
        What the clone begins with in place of inputs of its own; for a `Sequential` one `Input`.
    clone_function : callable, optional
        Returns the layer that takes the place of a layer. By default it is made of the layer's configuration, with new
        weights; ``lambda layer: layer`` shares the weights. Inputs are always cloned.

    Returns
    -------
    Model
        A `Sequential` for a `Sequential`, else a graph, of the same name. It is not compiled.

    Raises
    ------
    ArgumentError
        For a model that is no graph, whose layers nobody knows but its own `call`; and for another number of inputs.
    ArgumentTypeError
        For what is no model, symbol or function.

    Examples
    --------
    >>> from minifit.layers import Dense
    >>> model = Sequential([Dense(2, input_shape=(3,))])
    >>> [w.shape for w in clone_model(model).weights]
    [(3, 2), (2,)]

    References
    ----------
    ``tf.keras.models.clone_model`` (TensorFlow 2.7).
    """
    if not isinstance(model, Model):
        raise ArgumentTypeError(
            f"A model is cloned. Received: {model!r}. A layer is cloned by layer.from_config(layer.get_config())."
        )
    if clone_function is not None and not callable(clone_function):
        raise ArgumentTypeError(
            f"clone_function is a function of a layer. Received: {clone_function!r}. Leave it out."
        )
    clones = _Clones(clone_function or _again)
    inputs = None if input_tensors is None else _symbols(model, input_tensors)
    if isinstance(model, Sequential):
        return _sequential(model, inputs, clones)
    if model._graph is None:
        raise ArgumentError(
            f"A model that is a graph can be cloned. Received: {model.name!r}, a {type(model).__name__} that calls its "
            "layers in call(). Define get_config and call from_config(model.get_config())."
        )
    feeds = inputs or [_again(symbol.node.layer).output for symbol in model._graph.inputs]

    def apply(node: Node, given: Any, kwargs: dict[str, Any]) -> Any:
        return clones[node.layer](given, **kwargs)

    results = model._graph.walk(feeds, apply)
    ends = model._first(results)
    made = Model(nest.pack(model._inputs_like, feeds), nest.pack(model._outputs_like, ends), name=model.name)
    for symbol in results[len(ends) :]:
        made._append(symbol)
    return made


class _Clones(dict[Layer, Layer]):
    """The clone of each layer, made when it is asked for."""

    def __init__(self, clone_function: Callable[[Layer], Layer]) -> None:
        super().__init__()
        self._clone = clone_function

    def __missing__(self, layer: Layer) -> Layer:
        made = self[layer] = self._clone(layer)
        if not isinstance(made, Layer):
            raise ArgumentTypeError(
                f"clone_function returns the layer that takes the place of another. Received: {made!r} for "
                f"{layer.name!r}. Return the layer itself to share its weights."
            )
        return made


def _again(layer: Any) -> Any:
    """Return a layer of the same configuration.

    A graph or chain is cloned layer by layer: a configuration only names the classes of the user's layers in it.
    """
    if isinstance(layer, Sequential) or layer._graph is not None:
        return clone_model(layer)
    return type(layer).from_config(layer.get_config())


def _sequential(model: Sequential, inputs: list[Symbol] | None, clones: _Clones) -> Sequential:
    """Return the clone of a chain."""
    first: list[Layer] = []
    if inputs is not None:
        first = [inputs[0].node.layer]
        if not isinstance(first[0], InputLayer):
            raise ArgumentError(
                "A Sequential is cloned on an Input. Received: what the layer "
                f"{first[0].name!r} returns. Call the clone on it: clone_model(model)(x)."
            )
    elif model._graph is not None:
        first = [_again(model._graph.inputs[0].node.layer)]
    return Sequential([*first, *(clones[layer] for layer in model.layers)], name=model.name)


def _symbols(model: Model, given: Any) -> list[Symbol]:
    """Return the symbols to begin with, as many as the model has inputs."""
    found = [leaf.output if isinstance(leaf, InputLayer) else leaf for leaf in nest.flatten(given)]
    if not all(isinstance(symbol, Symbol) for symbol in found):
        raise ArgumentTypeError(
            f"input_tensors are symbols, as Input returns. Received: {given!r}. Pass for example Input((4,))."
        )
    wanted = 1 if isinstance(model, Sequential) or model._graph is None else len(model._graph.inputs)
    if len(found) != wanted:
        raise ArgumentError(
            f"The model {model.name!r} has {wanted} inputs. Received: {len(found)} input_tensors. Pass one for each."
        )
    return found
