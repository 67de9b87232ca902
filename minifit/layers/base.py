"""`Layer`: something that turns a batch into another and may have weights to learn.

A layer of one's own needs two methods: `build(input_shape)` makes the weights with `add_weight`, and
`call(inputs)` computes the result in `minifit.ops`. The gradient comes by itself. One line more,
``lower = Layer.lower_by_call``, lets its models train as programs of compiled instructions: see `Layer.lower`.
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
"""True if the layer whose `call` is running is training. Layers in it that get no `training` take it from here."""


class Layer(Owner, Connected, Adding, Configurable):
    """The base of all layers.

    Parameters
    ----------
    name : str, optional
        ``dense``, ``dense_1``, ... when None.
    trainable : bool, default True
        Whether `fit` may change its weights. Setting it sets it for all layers inside, too; it counts from the next
        `compile` of a model on.
    dtype : "float32", optional
        Nothing else is supported; NumPy's, TensorFlow's or a policy of that name are the same.
    input_shape : tuple of int, optional
        The shape of one sample; lets a model be built before it sees data.
    input_dim : int, optional
        The same as ``input_shape=(input_dim,)``.
    batch_input_shape : tuple, optional
        The same with the batch dimension in front: ``(None, 20)``.
    batch_size : int, optional
        With an input shape, the batch dimension that a configuration tells; batches may have any size all the same.
    weights : list of array, optional
        The numbers that the weights begin with.
    dynamic : bool, default False
        An attribute, as in Keras; it changes nothing, since layers are never compiled into a graph of TensorFlow's.

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
    _as_written: dict[str, Any]  # `call` and `lower` of this very class

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
                f"{type(self).__name__} takes no argument {quoted(next(iter(unknown)))}. Besides its own, a layer "
                "knows name, trainable, dtype, input_shape, input_dim, batch_input_shape, batch_size, weights, dynamic "
                "and activity_regularizer."
            )
        if not _is_float32(dtype):
            raise ArgumentError(
                f"minifit computes in float32 only. Received: dtype={dtype!r}. Leave dtype out."
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
        self._shapes: tuple[Any, Any] | None = None  # of the inputs and the outputs it was built for
        self._initial_weights = weights
        self._dynamic = bool(dynamic)
        self._losses_by_hand: list[Tensor] = []  # added in the latest call that was no part of a step
        self._lossy: list[Layer] = []  # the layers that added any in the latest such call of this one
        self._loss_functions: list[Callable[[], Any]] = []
        self._added_metrics: dict[str, Mean] = {}  # by `add_metric`
        for kept in ("_weights", "_inner", "_nodes"):
            self.__dict__.setdefault(kept, [])
        self.__dict__.setdefault("_containers", {})
        arguments = signature(self.call).parameters.values()
        self._call_names = [
            a.name for a in arguments if a.kind in (Argument.POSITIONAL_ONLY, Argument.POSITIONAL_OR_KEYWORD)
        ]
        self._call_rest = next((a.name for a in arguments if a.kind is Argument.VAR_POSITIONAL), None)
        needed = [a.name for a in arguments if a.name in self._call_names and a.default is Argument.empty]
        self._needed_names = [n for n in needed[1:] if n not in ("training", "mask")]
        self._takes_training = _accepts(self.call, "training")
        self._needs_mask = "mask" in needed[1:]
        self._trains_by_default = _default(self.call, "training") is True
        check_call(f"call of layer {self.name!r}", self.call, *needed or ["inputs"])
        check_call(f"build of layer {self.name!r}", self.build, "input_shape")

    @property
    def dtype(self) -> Any:
        """The name of the kind of number that it computes with."""
        return "float32"

    compute_dtype = variable_dtype = dtype

    @property
    def dynamic(self) -> bool:
        """The argument of that name."""
        return self._dynamic

    # -- for those who write layers ---------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights with `add_weight`.

        Parameters
        ----------
        input_shape : tuple, or tuples nested as the inputs are
            The first dimension of each is None: the batch.
        """

    def call(self, inputs: Any) -> Any:
        """Return the layer's output: a tensor, or tensors in a list, tuple or dict.

        May take ``training=False``, and further arguments that the layer is called with.

        Layers that it calls without saying whether they train do as this one does, as in Keras.
        Inside a model, the numbers of tensors are only valid until the next step; copy what you keep. Change a weight
        that is not learned by `assign`: a step that breaks off undoes it.
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
        """Make a weight, usually in `build`.

        Parameters
        ----------
        name : str, default "weight"
        shape : tuple of int, default ()
        dtype : "float32", optional
            Nothing else is supported.
        initializer : str, Initializer or function of a shape (and a dtype), default "glorot_uniform"
        regularizer : str, Regularizer or function of a tensor, optional
        trainable : bool, default True
            False for a value that only the layer itself changes.
        constraint : str, Constraint or function of an array, optional
            Applied after every update.
        **kwargs
            `use_resource`, `synchronization` and `aggregation`, which say where TensorFlow keeps a weight: accepted as
            in Keras, there is one place here.

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
            raise ArgumentError(f"Weights are float32. Received: dtype={dtype!r}. Leave dtype out.")
        if not current().builds:
            raise ArgumentError(
                "Weights are made before training begins, in build(). Received: "
                f"add_weight({name!r}) of layer {self.name!r} in the middle of it. Move it to build()."
            )
        storable_name("A weight's name", str(name))
        take_room(f"{self.name}/{name}", tuple(shape))
        make = initializers.get("glorot_uniform" if initializer is None else initializer)
        value = make(tuple(shape), dtype="float32") if _accepts(make, "dtype") else make(tuple(shape))
        value = np.asarray(value)
        if value.dtype.kind not in "fiub" or value.shape != tuple(shape):
            raise ShapeError(
                f"An initializer must return real numbers of the shape that it is given, {tuple(shape)} for "
                f"{self.name}/{name}. Received: dtype {value.dtype} of shape {value.shape}. Mend {name_of(make)}."
            )
        made = Variable.within(f"{self.name}/{name}:0", np.array(value, FLOAT), trainable)
        made.regularizer = regularizers.get(regularizer)
        made.constraint = constraints.get(constraint)
        self._weights.append(made)
        return made

    def add_variable(self, *args: Any, **kwargs: Any) -> Parameter:
        """Make a weight: the name that `add_weight` had before."""
        return self.add_weight(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape, nested as outputs are; found by a trial on zeros unless a layer knows better."""
        return self._tried(input_shape, {})

    # -- for those who use them -------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for a batch, building the layer at first use; for symbols, note the call in their graph.

        Parameters
        ----------
        inputs : array, tensor or Symbol, or several in a list, tuple or dict
        training : bool, optional
            When None, that of the layer whose `call` this is in, else the default of `call`, else False.
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
            if here.losses and _surrounding.get() is OUTERMOST:  # the latest call counts, as in tf.keras
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
        """Return where to draw random numbers from, in a call that is no part of a step."""
        return current().streams

    def _on_tensors(self, inputs: Any, training: bool | None, kwargs: dict[str, Any]) -> Any:
        if not self.built:
            self.build_for(nest.map_leaves(shape_of, inputs), inputs if kwargs else None, **kwargs)
        return self.run(inputs, training, kwargs)

    def run(self, inputs: Any, training: bool | None, kwargs: dict[str, Any], adds: bool = True) -> Any:
        """Return the output for tensors of a layer that is built; unless this is a trial, it adds to the loss."""
        around = _surrounding.get()
        if training is None:
            if around is not OUTERMOST:
                training = around
            if training is None and self._takes_training:
                training = self._trains_by_default
        if self._needs_mask:
            kwargs = {"mask": None, **kwargs}
        if self._takes_training:
            kwargs = {**kwargs, "training": training}
        before = None if training is around else _surrounding.set(training)
        try:
            call = self._call_with_rest if self._call_rest in kwargs else self.call
            y = call(inputs, **kwargs)
        finally:
            if before is not None:
                _surrounding.reset(before)
        if type(y) is not Tensor:
            self._need_tensors(y)
        if adds and self.activity_regularizer is not None:
            for output in nest.flatten(y):
                self.add_loss(self.activity_regularizer(output) / max(len(output), 1))
        if adds and self._loss_functions and current().in_step:  # elsewhere `losses` asks them
            self.add_loss([function() for function in self._loss_functions])
        return y

    # -- in a program -----------------------------------------------------------------------------------

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._as_written = {name: vars(cls)[name] for name in ("call", "lower") if name in vars(cls)}
        cls._plain_counts = "lower" in vars(cls) and not cls.__module__.startswith("minifit.")

    if TYPE_CHECKING:  # so that a layer may leave out arguments
        lower: Callable[..., Any]

    def lower(  # type: ignore[no-redef]
        self, program: Any, inputs: Any, training: bool, **kwargs: Any
    ) -> Any:
        """Write down what `call` computes, for a program of compiled instructions, and return the values.

        A class takes part in programs if it has this method beside its own `call`; a subclass does not inherit it. One
        whose `call` consists of ops of `minifit.ops`, the same for every batch, says ``lower = Layer.lower_by_call``.

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
        """Write down the ops that `call` consists of."""
        if self._takes_training:
            kwargs["training"] = training
        return self.call(inputs, **kwargs)

    def lowered(self, program: Any, inputs: Any, training: bool, kwargs: dict[str, Any]) -> Any:
        """Return the values of this layer in a program, as `run` does for tensors.

        Raises
        ------
        Unlowered
            When the layer takes no part in programs.
        """
        name = f"the layer {self.name!r} of class {type(self).__name__}"
        told = kwargs.get("training")
        others = {k: v for k, v in kwargs.items() if k != "training"}
        training = training if told is None else bool(told)
        before = _surrounding.set(training)
        try:
            with program.inside(name):
                if not self._lowers():
                    program.refuse(name)
                y = self.lower(program, inputs, training, **others)
                if self.activity_regularizer is not None:
                    for output in nest.flatten(y):
                        program.regularize_activity(self.activity_regularizer, output)
        finally:
            _surrounding.reset(before)
        return y

    def _lowers(self) -> bool:
        """Return whether the class says how it is lowered, and nothing of it or of its bases was replaced since."""
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
        """Call a `call` that takes further arguments as ``*others``, which `_by_name` has put under that name."""
        rest = kwargs.pop(self._call_rest or "")
        named = [kwargs.pop(name) for name in self._call_names[1:] if name in kwargs]
        return self.call(inputs, *named, *rest, **kwargs)

    def _need_tensors(self, y: Any) -> None:
        leaves = nest.flatten(y)
        wrong = [leaf for leaf in leaves if not isinstance(leaf, Tensor)] if leaves else [y]
        if wrong:
            raise GradientError(
                f"Layer {self.name!r} must return a tensor from call(), or tensors in a list, tuple or dict. "
                f"Received: {type(wrong[0]).__name__}. Compute in minifit.ops, not in NumPy, so that the gradient is "
                "known."
            )

    def _by_name(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the first argument of a call, and all others by name."""
        first = self._call_names[0] if self._call_names else "inputs"
        if not args and first in kwargs:
            args = (kwargs.pop(first),)
        others = list(dict.fromkeys([*self._call_names[1:], "training"]))
        if self._call_rest is not None:
            others = self._call_names[1:]
            named = len(others) + 1
            if args[named:]:
                args, kwargs = args[:named], {**kwargs, self._call_rest: args[named:]}
        if not args or len(args) - 1 > len(others):
            raise ArgumentTypeError(
                f"Layer {self.name!r} is called with {', '.join([first, *others])}. Received: {len(args)} arguments. "
                "Several inputs are a list: layer([a, b])."
            )
        return args[:1], {**dict(zip(others, args[1:], strict=False)), **kwargs}

    def _need_arguments(self, kwargs: dict[str, Any]) -> None:
        for name in self._needed_names:
            if name not in kwargs:
                raise ArgumentTypeError(
                    f"call of layer {self.name!r} needs {name!r}. Received: a call without it. Pass it by name, or "
                    "give it a default."
                )

    def _tensors_of(self, inputs: Any) -> Any:
        """Return the inputs of a call as tensors of floats: one of a list of numbers, several of a list of arrays."""
        if nest.is_nested(inputs) and (isinstance(inputs, dict) or any(map(_is_array, nest.flatten(inputs)))):
            return nest.map_leaves(self._tensor_of, inputs)
        return self._tensor_of(inputs)

    def _tensor_of(self, value: Any) -> Any:
        return value if isinstance(value, Tensor | Symbol) else constant(np.asarray(to_array(value), FLOAT))

    # -- in a graph -------------------------------------------------------------------------------------

    def _on_symbols(self, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """Note the call, and return the symbols for its results."""
        if kwargs.get("training", 0) is None:
            del kwargs["training"]
        self._need_arguments(kwargs)
        node = Node(self, self._tensors_of(inputs), kwargs)
        trained = {k: v for k, v in kwargs.items() if k != "training"}
        shapes = self.build_for(nest.map_leaves(shape_of, node.inputs), **trained)
        self._nodes.append(node)
        return node.returns(shapes)

    def build_for(self, input_shape: Any, like: Any = None, /, **kwargs: Any) -> Any:
        """Build the layer if it is not built yet; returns the shape of its output, nested as that is.

        Further arguments of `call` that are tensors of a batch need `like`, the inputs of the same batch.
        """
        if not self.built:
            self.build(input_shape)
            self.built = True
        asks = bool(kwargs) or type(self).compute_output_shape is Layer.compute_output_shape
        if asks or (
            self._may_make_weights()
            and (self._inner or all(None not in s[1:] for s in flat_shapes(input_shape)))
        ):
            output_shape = self._tried(input_shape, kwargs, like)  # makes what weights `call` makes
        if not asks:
            output_shape = self.compute_output_shape(input_shape)
        if self._initial_weights is not None:
            weights, self._initial_weights = self._initial_weights, None
            self.set_weights(weights)
        self._shapes = input_shape, output_shape
        return output_shape

    def _may_make_weights(self) -> bool:
        """Return whether `call` may make weights, or build layers inside, where no trial calls it otherwise."""
        return bool(self.layers_inside()) or not type(self).call.__module__.startswith("minifit.")

    def _tried(self, input_shape: Any, kwargs: dict[str, Any], like: Any = None) -> Any:
        """Return the shapes of what comes out for zeros; variables and metrics are as before."""

        def zeros(shape: ShapeLike) -> Tensor:
            return Tensor(np.zeros([1 if n is None else n for n in shape], FLOAT))

        def stand_in(leaf: Any) -> Any:
            return zeros(leaf.shape) if isinstance(leaf, Symbol) else leaf

        extra = {k: nest.map_leaves(stand_in, v) for k, v in kwargs.items()}
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
        """Return how many numbers the weights hold."""
        if not self.built:
            raise NotBuiltError(
                f"A layer has weights once it is built. Received: {self.name!r}, which is not. Give it an input_shape."
            )
        return sum(w.value.size for w in self.weights)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make an equal layer."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        return {**config, "dtype": "float32"}

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: without its calls, about which a copy of their graph tells it."""
        return {k: v for k, v in vars(self).items() if k != "_nodes"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        vars(self).setdefault("_nodes", [])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


_OF_DEVICES = ("use_resource", "synchronization", "aggregation")
"""Arguments of weights by which TensorFlow places them on devices."""


def _refuse_unknown(kwargs: dict[str, Any]) -> None:
    unknown = next((name for name in kwargs if name not in _OF_DEVICES), None)
    if unknown is not None:
        raise ArgumentTypeError(
            "add_weight takes name, shape, dtype, initializer, regularizer, trainable and constraint. "
            f"Received: an argument {quoted(unknown)}. Leave it out."
        )


def _holds_symbols(inputs: Any, kwargs: dict[str, Any]) -> bool:
    """Return whether any of the arguments of a call is symbolic."""
    if not kwargs and not nest.is_nested(inputs):
        return isinstance(inputs, Symbol)
    return any(isinstance(leaf, Symbol) for leaf in nest.flatten([inputs, kwargs]))


def _program_of(inputs: Any) -> Any:
    """Return the program that the inputs of a call are values of; None for tensors and arrays."""
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
