"""`Layer`: a function from batches to batches that may have weights to learn.

A custom layer needs two methods: `build(input_shape)` creates the weights with `add_weight`, and `call(inputs)`
computes the output with the ops of `minifit.ops`, which also provide the gradient. With one more line,
``lower = Layer.lower_by_call``, models with this layer train as programs of compiled instructions: see `Layer.lower`.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from inspect import Parameter as Argument
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from minifit import constraints, initializers, nest, regularizers
from minifit.arrays import FLOAT
from minifit.checks import positive, storable_name
from minifit.errors import (
    ArgumentError,
    ArgumentTypeError,
    GradientError,
    NotBuiltError,
    ShapeError,
    quoted,
)
from minifit.graph import Node, ShapeLike, Symbol, flat_shapes, map_shapes
from minifit.kernels import reference
from minifit.layers.adding import Adding
from minifit.layers.connecting import Connected, shape_of
from minifit.layers.naming import clear_names, snake_case, unique_name, used_names
from minifit.layers.owning import Owner, assign_all
from minifit.layers.shaping import Shaping, WeightSetting, declared
from minifit.metrics.base import Mean
from minifit.parameters import Parameter, Variable, take_room
from minifit.randomness import Streams
from minifit.settings import Fixed, Setting, unnamed
from minifit.signatures import check_call, name_of
from minifit.tables import Configurable
from minifit.tensor import Context, Tensor, constant, current, to_array
from minifit.undo import TrialUndo

__all__ = [
    "Layer",
    "ShapeLike",
    "Shaping",
    "WeightSetting",
    "assign_all",
    "clear_names",
    "snake_case",
    "unique_name",
    "used_names",
]

OUTERMOST = object()

_surrounding: ContextVar[Any] = ContextVar("minifit_training", default=OUTERMOST)
"""The training mode of the layer whose `call` is running: the default of `training` for the layers it calls."""


class Layer(Owner, Connected, Adding, Configurable):
    """The base class of all layers.

    Parameters
    ----------
    name : str, optional
        ``dense``, ``dense_1``, ... when None.
    trainable : bool, default True
        Whether `fit` may change the weights. Setting the attribute also sets it for all inner layers; it takes effect
        at the next `compile` of a model.
    dtype : "float32", optional
        No other value is supported. NumPy's or TensorFlow's dtype or a policy of that name is accepted, too.
    input_shape : tuple of int, optional
        The shape of one sample. It allows a model to be built before it sees data.
    input_dim : int, optional
        The same as ``input_shape=(input_dim,)``.
    batch_input_shape : tuple, optional
        The shape with the batch dimension in front: ``(None, 20)``.
    batch_size : int, optional
        With an input shape, the batch dimension in the configuration. Batches may still have any size.
    weights : list of array, optional
        The initial values of the weights.
    dynamic : bool, default False
        An attribute, as in Keras. It has no effect, since layers are never compiled into a graph of TensorFlow.

    Attributes
    ----------
    built : bool
        Whether the weights exist.
    weights, trainable_weights, non_trainable_weights : list of Parameter

    Raises
    ------
    ArgumentTypeError
        For unknown keywords.

    Examples
    --------
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight("factor", (input_shape[-1],), initializer="ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    ...     lower = Layer.lower_by_call
    >>> Scale()([[1.0, 2.0]]).numpy()
    array([[1., 2.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Layer`` (TensorFlow 2.7).
    """

    name = Fixed()
    activity_regularizer = Setting(unnamed(regularizers.get))
    batch_input_shape = Shaping(lambda _, value: declared(None, None, value))
    _nodes: list[Node]
    # The `call` and `lower` that this class itself defines.
    _as_written: dict[str, Any]

    def __init__(
        self,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        *,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        weights: Sequence[Any] | None = None,
        activity_regularizer: Any = None,
        dynamic: bool | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ArgumentTypeError(
                f"{type(self).__name__} takes no argument {quoted(next(iter(unknown)))}. Besides the arguments of its "
                "class, a layer takes name, trainable, dtype, input_shape, input_dim, batch_input_shape, batch_size, "
                "weights, dynamic and activity_regularizer."
            )
        if not _is_float32(dtype):
            raise ArgumentError(
                f"minifit computes in float32 only. Received: dtype={quoted(dtype)}. Leave dtype out."
            )
        self.auto_named = isinstance(name, str | None) and not name
        own = unique_name(snake_case(type(self).__name__)) if self.auto_named else name
        self.name = storable_name("A layer's name", own)
        self._trainable = bool(trainable)
        self.built = False
        self.activity_regularizer = activity_regularizer
        shape = declared(input_shape, input_dim, batch_input_shape)
        samples = None if batch_size is None else positive("batch_size", batch_size)
        if shape is not None and samples is not None:
            shape = (samples, *shape[1:])
        self.batch_input_shape = shape
        # The shapes of the inputs and the outputs that the layer was built for.
        self._shapes: tuple[Any, Any] | None = None
        self._initial_weights = weights
        self._dynamic = bool(dynamic)
        # Losses added in the latest call outside a step, and the layers that added losses in such a call of this layer.
        self._losses_by_hand: list[Tensor] = []
        self._lossy: list[Layer] = []
        self._loss_functions: list[Callable[[], Any]] = []
        self._added_metrics: dict[str, Mean] = {}
        for attribute in ("_weights", "_inner", "_nodes"):
            self.__dict__.setdefault(attribute, [])
        self.__dict__.setdefault("_containers", {})
        arguments = signature(self.call).parameters.values()
        self._call_names = [
            a.name for a in arguments if a.kind in (Argument.POSITIONAL_ONLY, Argument.POSITIONAL_OR_KEYWORD)
        ]
        self._call_rest = next((a.name for a in arguments if a.kind is Argument.VAR_POSITIONAL), None)
        required = [a.name for a in arguments if a.name in self._call_names and a.default is Argument.empty]
        self._needed_names = [n for n in required[1:] if n not in ("training", "mask")]
        self._takes_training = _accepts(self.call, "training")
        self._needs_mask = "mask" in required[1:]
        self._trains_by_default = _default(self.call, "training") is True
        check_call(f"call of layer {self.name!r}", self.call, *required or ["inputs"])
        check_call(f"build of layer {self.name!r}", self.build, "input_shape")

    @property
    def dtype(self) -> Any:
        """The name of the dtype that the layer computes with."""
        return "float32"

    compute_dtype = variable_dtype = dtype

    @property
    def dynamic(self) -> bool:
        """The argument `dynamic` of the constructor."""
        return self._dynamic

    # -- for authors of layers --------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Create the weights with `add_weight`.

        Parameters
        ----------
        input_shape : tuple, or tuples nested as the inputs are
            The first dimension of each is that of the batch: None.
        """

    def call(self, inputs: Any) -> Any:
        """Return the layer's output: a tensor, or tensors in a list, tuple or dict.

        `call` may take ``training=False`` and further arguments, which the layer is then called with.

        Layers that it calls without a `training` argument run in the mode of this layer, as in Keras.
        Inside a model, the values of tensors are valid only until the next step; copy those you keep. Change a weight
        that is not trainable with `assign`, which is undone when a step fails.
        """
        raise NotImplementedError(f"{type(self).__name__} must define call(inputs)")

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool | None = None,
        constraint: Any = None,
        **kwargs: Any,
    ) -> Parameter:
        """Create a weight, usually in `build`.

        Parameters
        ----------
        name : str, default "weight"
        shape : tuple of int, default ()
        dtype : "float32", optional
            No other value is supported.
        initializer : str, Initializer or function of a shape (and a dtype), default "glorot_uniform"
        regularizer : str, Regularizer or function of a tensor, optional
        trainable : bool, default True
            False for a value that only the layer itself changes.
        constraint : str, Constraint or function of an array, optional
            Applied after every update.
        **kwargs
            `use_resource`, `synchronization` and `aggregation`, which place a weight on TensorFlow's devices: accepted
            as in Keras, without effect.

        Returns
        -------
        Parameter

        References
        ----------
        ``tf.keras.layers.Layer.add_weight`` (TensorFlow 2.7).
        """
        _refuse_unknown(kwargs)
        name, shape = "weight" if name is None else name, () if shape is None else shape
        trainable = True if trainable is None else trainable
        if not _is_float32(dtype):
            raise ArgumentError(f"Weights are float32. Received: dtype={quoted(dtype)}. Leave dtype out.")
        if not current().builds:
            raise ArgumentError(
                "Weights are created before training begins, in build(). Received: "
                f"add_weight({name!r}) of layer {self.name!r} during training. Move it to build()."
            )
        storable_name("A weight's name", str(name))
        take_room(f"{self.name}/{name}", tuple(shape))
        initialize = initializers.get("glorot_uniform" if initializer is None else initializer)
        with_dtype = {"dtype": "float32"} if _accepts(initialize, "dtype") else {}
        value = np.asarray(initialize(tuple(shape), **with_dtype))
        if value.dtype.kind not in "fiub" or value.shape != tuple(shape):
            raise ShapeError(
                f"An initializer must return real numbers of the shape that it receives, {tuple(shape)} for "
                f"{self.name}/{name}. Received: dtype {value.dtype} of shape {value.shape}. Fix {name_of(initialize)}."
            )
        weight = Variable.within(f"{self.name}/{name}:0", np.array(value, FLOAT), trainable)
        weight.regularizer = regularizers.get(regularizer)
        weight.constraint = constraints.get(constraint)
        self._weights.append(weight)
        return weight

    def add_variable(self, *args: Any, **kwargs: Any) -> Parameter:
        """Create a weight; the former name of `add_weight`."""
        return self.add_weight(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape, nested as the output is; unless overridden, by a trial call on zeros."""
        return self._tried(input_shape, {})

    # -- for users of layers ----------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for a batch, building the layer at first use; for symbols, record the call in their graph.

        Parameters
        ----------
        inputs : array, tensor or Symbol, or several in a list, tuple or dict
        training : bool, optional
            When None, the mode of the layer whose `call` contains this call, else the default of `call`, else False.
        *args, **kwargs
            The further arguments of `call`.
        """
        if len(args) != 1:
            args, kwargs = self._by_name(args, kwargs)
        inputs = args[0]
        if not kwargs and type(inputs) is np.ndarray and inputs.dtype == FLOAT:
            inputs = constant(inputs)
        elif type(inputs) is not Tensor or kwargs:
            if _holds_symbols(inputs, kwargs):
                return self._on_symbols(inputs, kwargs)
            if (program := _program_of(inputs)) is not None:
                return self.lowered(program, inputs, _surrounding.get() is True, kwargs)
            inputs = self._tensors_of(inputs)
        training = kwargs.pop("training", None)
        if self._needed_names:
            self._need_arguments(kwargs)
        if (here := current()).collects:
            # Only the losses of the latest call count, as in tf.keras.
            if here.losses and _surrounding.get() is OUTERMOST:
                within = set(self.layers_within())
                here.losses[:] = [added for added in here.losses if added[0] not in within]
            return self._on_tensors(inputs, training, kwargs)
        if self._lossy:
            for layer in self._lossy:
                layer._losses_by_hand.clear()
            self._lossy.clear()
        inner = Context(streams=self._streams())
        inner.workers, inner.share = here.workers, here.share
        with inner as here:
            y = self._on_tensors(inputs, training, kwargs)
        for layer, loss in here.losses:
            layer._losses_by_hand.append(loss)
            self._lossy.append(layer)
        return y

    def _streams(self) -> Streams:
        """Return the random streams for a call outside a step."""
        return current().streams

    def _on_tensors(self, inputs: Any, training: bool | None, kwargs: dict[str, Any]) -> Any:
        if not self.built:
            self.build_for(nest.map_leaves(shape_of, inputs), inputs if kwargs else None, **kwargs)
        return self.run(inputs, training, kwargs)

    def run(self, inputs: Any, training: bool | None, kwargs: dict[str, Any], adds: bool = True) -> Any:
        """Return the output of the built layer for tensors; unless `adds` is False, as in a trial, also add losses."""
        outer = _surrounding.get()
        if training is None:
            if outer is not OUTERMOST:
                training = outer
            if training is None and self._takes_training:
                training = self._trains_by_default
        if self._needs_mask:
            kwargs = {"mask": None, **kwargs}
        if self._takes_training:
            kwargs = {**kwargs, "training": training}
        token = None if training is outer else _surrounding.set(training)
        try:
            call = self._call_with_rest if self._call_rest in kwargs else self.call
            y = call(inputs, **kwargs)
        finally:
            if token is not None:
                _surrounding.reset(token)
        if type(y) is not Tensor:
            self._need_tensors(y)
        if adds and self.activity_regularizer is not None:
            for output in nest.flatten(y):
                self.add_loss(self.activity_regularizer(output) / max(len(output), 1))
        # Outside a step, `losses` calls these functions.
        if adds and self._loss_functions and current().in_step:
            self.add_loss([function() for function in self._loss_functions])
        return y

    # -- in a program -----------------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._as_written = {name: vars(cls)[name] for name in ("call", "lower") if name in vars(cls)}
        cls._plain_counts = "lower" in vars(cls) and not cls.__module__.startswith("minifit.")

    if TYPE_CHECKING:
        # Lets the lower of a layer have fewer arguments.
        lower: Callable[..., Any]

    def lower(  # type: ignore[no-redef]
        self, program: Any, inputs: Any, training: bool, **kwargs: Any
    ) -> Any:
        """Emit the computation of `call` into a program of compiled instructions, and return the values of the output.

        A class takes part in programs if it defines this method; subclasses do not inherit it. If `call` consists of
        ops of `minifit.ops`, the same for every batch, define ``lower = Layer.lower_by_call``.

        Parameters
        ----------
        program : minifit.lowering.program.Program
        inputs : minifit.lowering.values.Value, nested as the inputs are
        training : bool
        **kwargs
            The further arguments of the call.
        """
        raise NotImplementedError(f"{type(self).__name__} must define lower(program, inputs, training)")

    def lower_by_call(self, program: Any, inputs: Any, training: bool, **kwargs: Any) -> Any:
        """Emit the ops of `call`."""
        if self._takes_training:
            kwargs["training"] = training
        return self.call(inputs, **kwargs)

    def lowered(self, program: Any, inputs: Any, training: bool, kwargs: dict[str, Any]) -> Any:
        """Emit the layer into a program and return the values of its output, as `run` does for tensors.

        Raises
        ------
        Unlowered
            When the layer cannot take part in programs.
        """
        name = f"the layer {self.name!r} of class {type(self).__name__}"
        mode = kwargs.get("training")
        others = {k: v for k, v in kwargs.items() if k != "training"}
        training = training if mode is None else bool(mode)
        token = _surrounding.set(training)
        try:
            with program.inside(name):
                if not self._lowers():
                    program.refuse(name)
                y = self.lower(program, inputs, training, **others)
                if self.activity_regularizer is not None:
                    for output in nest.flatten(y):
                        program.regularize_activity(self.activity_regularizer, output)
        finally:
            _surrounding.reset(token)
        return y

    def _lowers(self) -> bool:
        """Return whether the class defines `lower`, and neither its methods nor those of its bases were replaced."""
        kind = type(self)
        replaced = any(
            vars(each).get(name) is not function
            for each in kind.__mro__
            for name, function in vars(each).get("_as_written", {}).items()
        )
        own = [
            name for name in vars(self) if callable(getattr(kind, name, None)) and not name.startswith("_")
        ]
        return "lower" in kind._as_written and not replaced and not own and not self._loss_functions

    def _call_with_rest(self, inputs: Any, /, **kwargs: Any) -> Any:
        """Call a `call` that takes further arguments as ``*others``, which `_by_name` stored under that name."""
        rest = kwargs.pop(self._call_rest or "")
        arguments = [kwargs.pop(name) for name in self._call_names[1:] if name in kwargs]
        return self.call(inputs, *arguments, *rest, **kwargs)

    def _need_tensors(self, y: Any) -> None:
        leaves = nest.flatten(y)
        wrong = [leaf for leaf in leaves if not isinstance(leaf, Tensor)] if leaves else [y]
        if wrong:
            raise GradientError(
                f"Layer {self.name!r} must return a tensor from call(), or tensors in a list, tuple or dict. "
                f"Received: {type(wrong[0]).__name__}. Compute with minifit.ops, not with NumPy, so that the gradient "
                "is known."
            )

    def _by_name(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the first argument of a call, and the others by name."""
        first = self._call_names[0] if self._call_names else "inputs"
        if not args and first in kwargs:
            args = (kwargs.pop(first),)
        others = list(dict.fromkeys([*self._call_names[1:], "training"]))
        if self._call_rest is not None:
            others = self._call_names[1:]
            count = len(others) + 1
            if args[count:]:
                args, kwargs = args[:count], {**kwargs, self._call_rest: args[count:]}
        if not args or len(args) - 1 > len(others):
            raise ArgumentTypeError(
                f"Layer {self.name!r} takes {', '.join([first, *others])}. Received: {len(args)} arguments. "
                "Pass several inputs as a list: layer([a, b])."
            )
        return args[:1], {**dict(zip(others, args[1:], strict=False)), **kwargs}

    def _need_arguments(self, kwargs: dict[str, Any]) -> None:
        for name in self._needed_names:
            if name not in kwargs:
                raise ArgumentTypeError(
                    f"call of layer {self.name!r} needs {name!r}. Received: a call without it. Pass it by name, or "
                    "define a default."
                )

    def _tensors_of(self, inputs: Any) -> Any:
        """Return the inputs of a call as float tensors; a list of numbers is one tensor, a list of arrays several."""
        if nest.is_nested(inputs) and (isinstance(inputs, dict) or any(map(_is_array, nest.flatten(inputs)))):
            return nest.map_leaves(self._tensor_of, inputs)
        return self._tensor_of(inputs)

    def _tensor_of(self, value: Any) -> Any:
        return value if isinstance(value, Tensor | Symbol) else constant(np.asarray(to_array(value), FLOAT))

    # -- in a graph -------------------------------------------------------------------------------------

    def _on_symbols(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """Record the call and return the symbols of its results."""
        if kwargs.get("training", 0) is None:
            del kwargs["training"]
        self._need_arguments(kwargs)
        node = Node(self, self._tensors_of(inputs), kwargs)
        others = {k: v for k, v in kwargs.items() if k != "training"}
        shapes = self.build_for(nest.map_leaves(shape_of, node.inputs), **others)
        self._nodes.append(node)
        return node.returns(shapes)

    def build_for(self, input_shape: Any, like: Any = None, /, **kwargs: Any) -> Any:
        """Build the layer if needed and return the output's shape, nested as the output is.

        If further arguments of `call` are tensors of a batch, `like` must be the inputs of the same batch.
        """
        if not self.built:
            self.build(input_shape)
            self.built = True
        by_trial = bool(kwargs) or type(self).compute_output_shape is Layer.compute_output_shape
        if by_trial or (
            self._may_make_weights()
            and (self._inner or all(None not in s[1:] for s in flat_shapes(input_shape)))
        ):
            # The trial also creates the weights that `call` creates.
            output_shape = self._tried(input_shape, kwargs, like)
        if not by_trial:
            output_shape = self.compute_output_shape(input_shape)
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            self.set_weights(weights)
        self._shapes = input_shape, output_shape
        return output_shape

    def _may_make_weights(self) -> bool:
        """Return whether `call` may create weights or build inner layers, which only a trial call would do."""
        return bool(self.layers_inside()) or not type(self).call.__module__.startswith("minifit.")

    def _tried(self, input_shape: Any, kwargs: dict[str, Any], like: Any = None) -> Any:
        """Return the shapes of the output for inputs of zeros. Variables and metrics are restored afterwards."""

        def zeros(shape: ShapeLike) -> Tensor:
            return Tensor(np.zeros([1 if n is None else n for n in shape], FLOAT))

        def zeros_for_symbol(leaf: Any) -> Any:
            return zeros(leaf.shape) if isinstance(leaf, Symbol) else leaf

        extra = {k: nest.map_leaves(zeros_for_symbol, v) for k, v in kwargs.items()}
        inputs = (
            map_shapes(zeros, input_shape)
            if like is None
            else nest.map_leaves(lambda t: zeros(t.shape), like)
        )
        undo = TrialUndo()
        for metric in self.metrics_within():
            metric.keep(undo)
        try:
            with Context(reference, None, False, current().streams, undo), np.errstate(all="ignore"):
                y = self.run(inputs, False, extra, adds=False)
        finally:
            undo.undo()
        return nest.map_leaves(lambda t: (None, *t.shape[1:]) if t.ndim else (), y)

    def count_params(self) -> int:
        """Return the number of parameters: the size of all weights together."""
        if not self.built:
            raise NotBuiltError(
                f"The layer {self.name!r} has no weights before it is built. Call it, or give it an input_shape in a "
                "Sequential."
            )
        return sum(w.value.size for w in self.weights)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        return {**config, "dtype": "float32"}

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickle and copy, without the calls: a copied graph adds them to its layers."""
        return {k: v for k, v in vars(self).items() if k != "_nodes"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        vars(self).setdefault("_nodes", [])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


_DEVICE_ARGUMENTS = ("use_resource", "synchronization", "aggregation")
"""The arguments with which TensorFlow places weights on devices."""


def _refuse_unknown(kwargs: dict[str, Any]) -> None:
    unknown = next((name for name in kwargs if name not in _DEVICE_ARGUMENTS), None)
    if unknown is not None:
        raise ArgumentTypeError(
            "add_weight takes name, shape, dtype, initializer, regularizer, trainable and constraint. "
            f"Received: an argument {quoted(unknown)}. Leave it out."
        )


def _holds_symbols(inputs: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether any argument of a call is a symbol."""
    if not kwargs and not nest.is_nested(inputs):
        return isinstance(inputs, Symbol)
    return any(isinstance(leaf, Symbol) for leaf in nest.flatten([inputs, kwargs]))


def _program_of(inputs: Any) -> Any:
    """Return the program that the input values belong to; None for tensors and arrays."""
    return next(
        (p for leaf in nest.leaves(inputs) if (p := getattr(leaf, "program", None)) is not None), None
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | Symbol) or getattr(value, "ndim", 0) > 0


def _is_float32(dtype: Any) -> bool:
    return dtype is None or dtype is np.float32 or getattr(dtype, "name", dtype) == "float32"


def _accepts(function: Any, name: str) -> bool:
    arguments = signature(function).parameters.values()
    return any(a.name == name or a.kind is Argument.VAR_KEYWORD for a in arguments)


def _default(function: Any, name: str) -> Any:
    argument = signature(function).parameters.get(name)
    return None if argument is None else argument.default
