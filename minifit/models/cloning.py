"""`clone_model`: a copy of a model with the same layers, connections and configuration, and new weights."""

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
    """Return a model of cloned layers, connected as in the original.

    Parameters
    ----------
    model : Model
        A graph, or a `Sequential`, which need not be built.
    input_tensors : Symbol, or list of Symbol, optional
        The inputs of the clone, instead of new ones; for a `Sequential` one `Input`.
    clone_function : callable, optional
        Returns the clone of a layer. By default it creates one from the layer's configuration, with new weights;
        ``lambda layer: layer`` shares the weights. Inputs are always cloned.

    Returns
    -------
    Model
        A `Sequential` for a `Sequential`, otherwise a graph. It has the name of the original and is not compiled.

    Raises
    ------
    ArgumentError
        For a model that is not a graph, whose connections only its `call` knows, and for a wrong number of inputs.
    ArgumentTypeError
        For an argument that is not a model, a symbol or a function, respectively.

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
            f"clone_model clones a model. Received: {model!r}. Clone a layer by layer.from_config(layer.get_config())."
        )
    if clone_function is not None and not callable(clone_function):
        raise ArgumentTypeError(
            f"clone_function must be a function of a layer. Received: {clone_function!r}. Leave it out."
        )
    clones = _Clones(clone_function or _rebuilt)
    inputs = None if input_tensors is None else _symbols(model, input_tensors)
    if isinstance(model, Sequential):
        return _sequential(model, inputs, clones)
    if model._graph is None:
        raise ArgumentError(
            f"Only a graph or a chain can be cloned. Received: {model.name!r}, a {type(model).__name__} that calls its "
            "layers in call(). Define get_config and call from_config(model.get_config())."
        )
    feeds = inputs or [_rebuilt(symbol.node.layer).output for symbol in model._graph.inputs]

    def apply(node: Node, layer_inputs: Any, kwargs: dict[str, Any]) -> Any:
        return clones[node.layer](layer_inputs, **kwargs)

    results = model._graph.walk(feeds, apply)
    ends = model._first(results)
    clone = Model(nest.pack(model._inputs_like, feeds), nest.pack(model._outputs_like, ends), name=model.name)
    for symbol in results[len(ends) :]:
        clone._append(symbol)
    return clone


class _Clones(dict[Layer, Layer]):
    """The clone of each layer, created on first access."""

    def __init__(self, clone_function: Callable[[Layer], Layer]) -> None:
        super().__init__()
        self._clone = clone_function

    def __missing__(self, layer: Layer) -> Layer:
        clone = self[layer] = self._clone(layer)
        if not isinstance(clone, Layer):
            raise ArgumentTypeError(
                f"clone_function must return the clone of a layer. Received: {clone!r} for {layer.name!r}. Return the "
                "layer itself to share its weights."
            )
        return clone


def _rebuilt(layer: Any) -> Any:
    """Return a new layer with the same configuration.

    A graph or chain is cloned layer by layer, since its configuration has only the names of the user's layer classes.
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
                "A Sequential is cloned on an Input. Received: the output of the layer "
                f"{first[0].name!r}. Call the clone on it: clone_model(model)(x)."
            )
    elif model._graph is not None:
        first = [_rebuilt(model._graph.inputs[0].node.layer)]
    return Sequential([*first, *(clones[layer] for layer in model.layers)], name=model.name)


def _symbols(model: Model, input_tensors: Any) -> list[Symbol]:
    """Return the symbols that the clone begins with, one for each input of the model."""
    symbols = [leaf.output if isinstance(leaf, InputLayer) else leaf for leaf in nest.flatten(input_tensors)]
    if not all(isinstance(symbol, Symbol) for symbol in symbols):
        raise ArgumentTypeError(
            "input_tensors must be symbols, such as Input returns. "
            f"Received: {input_tensors!r}. Pass, for example, Input((4,))."
        )
    count = 1 if isinstance(model, Sequential) or model._graph is None else len(model._graph.inputs)
    if len(symbols) != count:
        raise ArgumentError(
            f"The model {model.name!r} has {count} inputs. Received: {len(symbols)} input_tensors. Pass one for each."
        )
    return symbols
