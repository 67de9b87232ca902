"""The operations that a graph may contain, with their names in files of tf.keras 2.7 and Keras 3.

Loading a file looks operations up in this table only; it never imports or calls a function by a name in the file.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any, NamedTuple

from minifit import nonlinearities, ops
from minifit.errors import ArgumentError, FileFormatError, UnknownNameError


class Argument(NamedTuple):
    """An argument of an operation after the first.

    Attributes
    ----------
    name, tensorflow, keras3 : str
        Its names in minifit, TensorFlow and Keras 3.
    attribute : bool
        Whether Keras 3 stores it with the operation instead of the call.
    """

    name: str
    tensorflow: str
    keras3: str
    attribute: bool = True


class Operation(NamedTuple):
    """An operation and its names.

    Attributes
    ----------
    function : callable
        A function of `minifit.ops`, or of Python's `operator` module.
    tensorflow : str
        Its name in TensorFlow, such as ``"math.reduce_mean"``; the names of operations that TensorFlow lacks begin with
        ``minifit.``.
    keras3 : str
        Its module and class in Keras 3, such as ``"numpy.Mean"``; empty when there is none.
    further : tuple of Argument
        Its arguments after the first, in order.
    idle : tuple of (str, value)
        Arguments that only TensorFlow and Keras 3 have, with the values that match minifit's computation.
    """

    function: Callable[..., Any]
    tensorflow: str
    keras3: str
    further: tuple[Argument, ...] = ()
    idle: tuple[tuple[str, Any], ...] = ()

    def is_idle(self, name: str, value: Any) -> bool:
        """Return whether an argument that minifit does not have can be ignored at this value."""
        # TensorFlow gives every operation a name, and switches some options off.
        return name == "name" or value is None or value is False or (name, value) in self.idle

    def bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the first argument of a call, and the others by their names in TensorFlow.

        Raises
        ------
        ArgumentError
            When TensorFlow has no such argument.
        """
        parameters = signature(self.function).parameters
        bound = signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        first, *further = bound.arguments.items()
        positional = [name for name, p in parameters.items() if p.kind is not Parameter.KEYWORD_ONLY][1:]
        names = {name: argument.tensorflow for name, argument in zip(positional, self.further, strict=False)}
        for name, value in further:
            if name not in names and value != parameters[name].default:
                raise ArgumentError(
                    f"An operation in a graph takes only the arguments of TensorFlow's {self.tensorflow}. "
                    f"Received: {name}={value!r}. Leave it out, or compute in the call of a layer."
                )
        return first[1], {names[name]: value for name, value in further if name in names}

    def call(self, first: Any, **kwargs: Any) -> Any:
        """Apply the function; the arguments after the first have their TensorFlow names.

        Raises
        ------
        FileFormatError
            When minifit has no such argument.
        """
        known = [argument.tensorflow for argument in self.further]
        for name, value in kwargs.items():
            if name not in known and not self.is_idle(name, value):
                raise FileFormatError(
                    f"{self.tensorflow} takes these arguments after the first: {', '.join(known) or 'none'}. "
                    f"Received: {name}={value!r}. Save the model without it."
                )
        further = [_value(a, kwargs[a.tensorflow]) for a in self.further if a.tensorflow in kwargs]
        return self.function(first, *further)


def _value(argument: Argument, value: Any) -> Any:
    """Return the value of an argument that may come from a file, which stores tuples as lists and slices as dicts."""
    if argument.name == "index":
        return tuple(map(_index, value)) if isinstance(value, list | tuple) else _index(value)
    return tuple(value) if argument.attribute and isinstance(value, list) else value


def _index(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") == "__ellipsis__":
        return ...
    return slice(value.get("start"), value.get("stop"), value.get("step"))


OPERAND = Argument("b", "y", "x2", attribute=False)
AXIS = Argument("axis", "axis", "axis")
REDUCTION = (AXIS, Argument("keepdims", "keepdims", "keepdims"))

OPERATIONS = [
    Operation(operator.add, "__operators__.add", "numpy.Add", (OPERAND,)),
    Operation(operator.sub, "math.subtract", "numpy.Subtract", (OPERAND,)),
    Operation(operator.mul, "math.multiply", "numpy.Multiply", (OPERAND,)),
    Operation(operator.truediv, "math.truediv", "numpy.TrueDivide", (OPERAND,)),
    Operation(operator.floordiv, "compat.v1.floor_div", "numpy.FloorDivide", (OPERAND,)),
    Operation(operator.mod, "math.floormod", "numpy.Mod", (OPERAND,)),
    Operation(operator.pow, "math.pow", "numpy.Power", (OPERAND,)),
    Operation(operator.matmul, "linalg.matmul", "numpy.Matmul", (OPERAND._replace(tensorflow="b"),)),
    Operation(operator.neg, "math.negative", "numpy.Negative"),
    Operation(operator.abs, "math.abs", "numpy.Absolute"),
    Operation(operator.lt, "math.less", "numpy.Less", (OPERAND,)),
    Operation(operator.le, "math.less_equal", "numpy.LessEqual", (OPERAND,)),
    Operation(operator.gt, "math.greater", "numpy.Greater", (OPERAND,)),
    Operation(operator.ge, "math.greater_equal", "numpy.GreaterEqual", (OPERAND,)),
    Operation(
        operator.getitem,
        "__operators__.getitem",
        "numpy.GetItem",
        (Argument("index", "slice_spec", "key", attribute=False),),
    ),
    Operation(ops.equal, "math.equal", "numpy.Equal", (OPERAND,)),
    Operation(ops.exp, "math.exp", "numpy.Exp"),
    Operation(ops.log, "math.log", "numpy.Log"),
    Operation(ops.sqrt, "math.sqrt", "numpy.Sqrt"),
    Operation(ops.square, "math.square", "numpy.Square"),
    Operation(ops.maximum, "math.maximum", "numpy.Maximum", (OPERAND,)),
    Operation(ops.minimum, "math.minimum", "numpy.Minimum", (OPERAND,)),
    Operation(
        ops.clip,
        "clip_by_value",
        "numpy.Clip",
        (Argument("low", "clip_value_min", "x_min"), Argument("high", "clip_value_max", "x_max")),
    ),
    Operation(
        ops.where,
        "where",
        "numpy.Where",
        (Argument("a", "x", "x1", attribute=False), Argument("b", "y", "x2", attribute=False)),
    ),
    Operation(ops.cast, "cast", "core.Cast", (Argument("dtype", "dtype", "dtype"),)),
    Operation(ops.stop_gradient, "stop_gradient", "core.StopGradient"),
    Operation(ops.reshape, "reshape", "numpy.Reshape", (Argument("shape", "shape", "newshape"),)),
    Operation(ops.transpose, "compat.v1.transpose", "numpy.Transpose", (Argument("axes", "perm", "axes"),)),
    Operation(ops.expand_dims, "expand_dims", "numpy.ExpandDims", (AXIS,)),
    Operation(ops.squeeze, "compat.v1.squeeze", "numpy.Squeeze", (AXIS,)),
    Operation(ops.broadcast_to, "broadcast_to", "numpy.BroadcastTo", (Argument("shape", "shape", "shape"),)),
    Operation(ops.concatenate, "concat", "numpy.Concatenate", (AXIS,)),
    Operation(ops.stack, "stack", "numpy.Stack", (AXIS,)),
    Operation(ops.tile, "tile", "numpy.Tile", (Argument("multiples", "multiples", "repeats"),)),
    Operation(ops.zeros_like, "zeros_like", "numpy.ZerosLike"),
    Operation(ops.ones_like, "ones_like", "numpy.OnesLike"),
    Operation(ops.sum, "math.reduce_sum", "numpy.Sum", REDUCTION),
    Operation(ops.mean, "math.reduce_mean", "numpy.Mean", REDUCTION),
    Operation(ops.max, "math.reduce_max", "numpy.Max", REDUCTION),
    Operation(ops.min, "math.reduce_min", "numpy.Min", REDUCTION),
    Operation(ops.argmax, "math.argmax", "numpy.Argmax", (AXIS,)),
    Operation(ops.relu, "nn.relu", "nn.Relu"),
    Operation(ops.tanh, "math.tanh", "numpy.Tanh"),
    Operation(ops.sigmoid, "math.sigmoid", "nn.Sigmoid"),
    Operation(ops.softmax, "nn.softmax", "nn.Softmax", idle=(("axis", -1),)),
    Operation(nonlinearities.elu, "nn.elu", "nn.Elu", idle=(("alpha", 1.0),)),
    Operation(nonlinearities.selu, "nn.selu", "nn.Selu"),
    Operation(nonlinearities.softplus, "math.softplus", "nn.Softplus"),
    Operation(nonlinearities.softsign, "nn.softsign", "nn.Softsign"),
    Operation(nonlinearities.swish, "nn.silu", "nn.Silu"),
    Operation(
        nonlinearities.gelu, "nn.gelu", "nn.Gelu", (Argument("approximate", "approximate", "approximate"),)
    ),
    Operation(nonlinearities.log_softmax, "nn.log_softmax", "nn.LogSoftmax", (AXIS,)),
]
"""All operations."""


def _called_as_here(function: Callable[..., Any], tensorflow: str) -> Operation:
    """Return an operation whose arguments have the same names in TensorFlow as here; Keras 3 does not have it."""
    names = list(signature(function).parameters)[1:]
    return Operation(function, tensorflow, "", tuple(Argument(n, n, "") for n in names))


def _only_here() -> Iterator[Operation]:
    """Yield the operations that TensorFlow and Keras 3 do not have."""
    listed = {operation.function for operation in OPERATIONS} | set(SYNONYMS)
    for module, name in ((m, n) for m in (ops, nonlinearities) for n in m.__all__):
        function = getattr(module, name)
        if function not in listed:
            listed.add(function)
            yield _called_as_here(function, f"minifit.{name}")


SYNONYMS: dict[Callable[..., Any], Callable[..., Any]] = {
    ops.absolute: operator.abs,
    ops.power: operator.pow,
    ops.matmul: operator.matmul,
}
"""Functions of minifit with the operators they are stored as."""

OPERATIONS += _only_here()

BY_FUNCTION = {operation.function: operation for operation in OPERATIONS}
"""Operations by their function in minifit."""

BY_FUNCTION.update({function: BY_FUNCTION[other] for function, other in SYNONYMS.items()})

BY_TENSORFLOW = {operation.tensorflow: operation for operation in OPERATIONS}
"""Operations by their names in TensorFlow, of which some have several."""

BY_KERAS3 = {operation.keras3: operation for operation in OPERATIONS if operation.keras3}
"""Operations by their module and class in Keras 3, of which some have several."""

for _name, _other in {
    "math.add": "__operators__.add",
    "__operators__.eq": "math.equal",
    "math.divide": "math.truediv",
    "math.floordiv": "compat.v1.floor_div",
    "squeeze": "compat.v1.squeeze",
    "transpose": "compat.v1.transpose",
}.items():
    BY_TENSORFLOW[_name] = BY_TENSORFLOW[_other]
for _name, _other in {"numpy.Divide": "numpy.TrueDivide", "numpy.Abs": "numpy.Absolute"}.items():
    BY_KERAS3[_name] = BY_KERAS3[_other]


def add(function: Callable[..., Any], tensorflow: str) -> None:
    """Register a function of a higher floor for use in graphs; its arguments must have their TensorFlow names."""
    BY_FUNCTION[function] = BY_TENSORFLOW[tensorflow] = _called_as_here(function, tensorflow)


def of_function(function: Callable[..., Any]) -> Operation:
    """Return the operation of a function.

    Raises
    ------
    ArgumentError
        When the table has no operation with this function.
    """
    operation = BY_FUNCTION.get(function)
    if operation is None:
        raise ArgumentError(
            "An operation in a graph must be one of minifit.ops. Received: "
            f"{getattr(function, '__name__', function)}. Compute it in the call of a layer."
        )
    return operation


def named(name: Any) -> Operation:
    """Return the operation with a TensorFlow name.

    Raises
    ------
    UnknownNameError
        When the table has no such name.
    """
    if not isinstance(name, str) or name not in BY_TENSORFLOW:
        raise UnknownNameError.of("operation", str(name), BY_TENSORFLOW)
    return BY_TENSORFLOW[name]
