"""`Layer`: something that turns a batch into another and may have weights to learn.

A layer of one's own needs two methods: `build(input_shape)` makes the weights with `add_weight`, and
`call(inputs)` computes the result in `minifit.ops`. The gradient comes by itself.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from inspect import Parameter as Argument
from inspect import signature
from typing import Any

import numpy as np

from minifit import constraints, initializers, regularizers
from minifit.arrays import FLOAT, Array, numpy_ready
from minifit.checks import entries, storable_name, whole
from minifit.errors import ArgumentError, ArgumentTypeError, GradientError, NotBuiltError, ShapeError, quoted
from minifit.kernels import reference
from minifit.parameters import Parameter, take_room
from minifit.settings import Fixed, Setting, changed, unnamed
from minifit.signatures import check_call, name_of
from minifit.tables import Configurable
from minifit.tensor import Context, Tensor, TensorLike, as_tensor, constant, current, to_array

ShapeLike = tuple[int | None, ...]

used_names: Counter[str] = Counter()

_surrounding: ContextVar[bool | None] = ContextVar("minifit_training", default=None)
"""Whether the layer whose `call` is running is training; inner layers that are not told take it from here."""


_OWNED = ("_inner", "_weights")
"""The attributes that list the layers and weights of a layer."""


def unique_name(base: str) -> str:
    """``dense``, then ``dense_1``, ``dense_2``, ... counted over all models of the process, as in Keras."""
    count = used_names[base]
    used_names[base] += 1
    return f"{base}_{count}" if count else base


def clear_names() -> None:
    """Begin counting names anew."""
    used_names.clear()


def snake_case(name: str) -> str:
    """``BatchNormalization`` as ``batch_normalization``, the way Keras names layers."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Shaping(Setting):
    """A setting that the weights' shapes, or those of what comes behind, depend on: settled when a layer is built."""

    def refuse(self, owner: Any, value: Any) -> None:
        """Raise for another value than the layer was built with."""
        if vars(owner).get("built") and self.differs(owner, value):
            raise ArgumentError(
                f"{self.name} is settled when a layer is built. Received: {self.name}={value!r} for "
                f"{owner.name!r}, built with {self.name}={vars(owner)[self.name]!r}. Make another layer."
            )


class WeightSetting(Setting):
    """A setting such as ``kernel_regularizer``, which the weight of that name goes by."""

    def __set__(self, owner: Any, value: Any) -> None:
        super().__set__(owner, value)
        weight, _, role = self.name.rpartition("_")
        if isinstance(made := vars(owner).get(weight), Parameter):
            setattr(made, role, vars(owner)[self.name])


class Layer(Configurable):
    """The base of all layers.

    Parameters
    ----------
    name : str, optional
        ``dense``, ``dense_1``, ... when None.
    trainable : bool, default True
        Whether `fit` may change its weights; may be set at any time and counts from the next batch on.
    dtype : "float32", optional
        Nothing else is supported.
    input_shape : tuple of int, optional
        The shape of one sample; lets a model be built before it sees data.
    input_dim : int, optional
        The same as ``input_shape=(input_dim,)``.
    batch_input_shape : tuple, optional
        The same with the batch dimension in front: ``(None, 20)``.

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
    ...         self.factor = self.add_weight("factor", (input_shape[-1],), "ones")
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    >>> Scale()([[1.0, 2.0]]).numpy()
    array([[1., 2.]], dtype=float32)

    References
    ----------
    ``tf.keras.layers.Layer`` (TensorFlow 2.7).
    """

    name = Fixed()
    activity_regularizer = Setting(unnamed(regularizers.get))
    batch_input_shape = Shaping(lambda _, value: _declared(None, None, value))
    _inner: "list[Layer]"  # layers that are attributes of this one
    _weights: list[Parameter]

    def __init__(
        self,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        *,
        input_shape: Sequence[int | None] | None = None,
        input_dim: int | None = None,
        batch_input_shape: Sequence[int | None] | None = None,
        activity_regularizer: Any = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise ArgumentTypeError(
                f"{type(self).__name__} takes no argument {quoted(next(iter(unknown)))}. Besides its own, a layer "
                "knows name, trainable, dtype, input_shape, input_dim, batch_input_shape and activity_regularizer."
            )
        if dtype not in (None, "float32", np.float32, FLOAT):
            raise ArgumentError(
                f"minifit computes in float32 only. Received: dtype={dtype!r}. Leave dtype out."
            )
        self.auto_named = isinstance(name, str | None) and not name
        own = unique_name(snake_case(type(self).__name__)) if self.auto_named else name
        self.name = storable_name("A layer's name", own)
        self.trainable = trainable
        self.built = False
        self.activity_regularizer = activity_regularizer
        self.batch_input_shape = _declared(input_shape, input_dim, batch_input_shape)
        self._shapes: tuple[ShapeLike, ShapeLike] | None = (
            None  # of the input and the output it was built for
        )
        self.__dict__.setdefault("_weights", [])
        self.__dict__.setdefault("_inner", [])
        self._takes_training = _accepts(self.call, "training")
        self._trains_by_default = _default(self.call, "training") is True
        check_call(f"call of layer {self.name!r}", self.call, "inputs")
        check_call(f"build of layer {self.name!r}", self.build, "input_shape")

    def __setattr__(self, name: str, value: Any) -> None:
        """A layer or weight that becomes an attribute belongs to this one, in the place of what the attribute was.

        So no model learns weights that it does not compute with, or computes with some that it does not learn.
        """
        before = self.__dict__.get(name)
        super().__setattr__(name, value)
        changed()
        if name in _OWNED:
            return
        places = [self._let_go(part) for part in _parts(before) if not self._has(part)]
        self._take_in(value, next((place for place in places if place is not None), None))

    def _take_in(self, value: Any, place: int | None = None) -> None:
        """Own the layers and weights in the value of an attribute; they come at a place, or behind the others."""
        for part in _parts(value):
            held = self.__dict__.setdefault("_inner" if isinstance(part, Layer) else "_weights", [])
            if part not in held:
                held.insert(len(held) if place is None else place, part)

    def _let_go(self, part: "Layer | Parameter") -> int | None:
        """Own a layer or weight no longer; returns the place that it had."""
        held: list[Any] = self._inner if isinstance(part, Layer) else self._weights
        if part not in held:
            return None
        for weight in part._all_weights() if isinstance(part, Layer) else [part]:
            if weight.buffer is not None:
                weight.buffer.dismiss(weight)
        place = held.index(part)
        del held[place]
        return place

    def _has(self, part: "Layer | Parameter") -> bool:
        """Return whether an attribute is this layer or weight, or holds it in a list or dict."""
        return any(part is other for k, v in vars(self).items() if k not in _OWNED for other in _parts(v))

    # -- for those who write layers ---------------------------------------------------------------------

    def build(self, input_shape: ShapeLike) -> None:
        """Make the weights with `add_weight`. The first dimension of `input_shape` is None: the batch."""

    def call(self, inputs: Tensor) -> Tensor:
        """The layer's output. May take ``training=False`` as a second argument.

        Layers that it calls without saying whether they train do as this one does, as in Keras.
        Inside a model, the numbers of tensors are only valid until the next step; copy what you keep. Change a weight
        that is not learned by `assign`: a step that breaks off undoes it.
        """
        raise NotImplementedError(f"{type(self).__name__} must define call(inputs)")

    def add_weight(
        self,
        name: str = "weight",
        shape: Sequence[int] = (),
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
        dtype: Any = None,
    ) -> Parameter:
        """Make a weight, usually in `build`.

        Parameters
        ----------
        name : str
        shape : tuple of int
        initializer : str, Initializer or function of a shape (and a dtype), default "glorot_uniform"
        regularizer : str, Regularizer or function of a tensor, optional
        trainable : bool, default True
            False for a value that only the layer itself changes.
        constraint : str, Constraint or function of an array, optional
            Applied after every update.

        Returns
        -------
        Parameter
        """
        if dtype not in (None, "float32", np.float32, FLOAT):
            raise ArgumentError(f"Weights are float32. Received: dtype={dtype!r}. Leave dtype out.")
        if current().workspace is not None:
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
        made = Parameter(f"{self.name}/{name}:0", np.asarray(value, FLOAT), trainable)
        made.regularizer = regularizers.get(regularizer)
        made.constraint = constraints.get(constraint)
        self._weights.append(made)
        return made

    def add_loss(self, loss: TensorLike) -> None:
        """Add to the loss of the batch that is being trained on or evaluated; to be called inside `call`."""
        if current().collects:
            current().losses.append((self, as_tensor(loss)))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """The output's shape; found by a trial on zeros unless a layer knows better."""
        trial = np.zeros([1 if n is None else n for n in input_shape], FLOAT)
        with Context(reference, recording=False, streams=current().streams), np.errstate(all="ignore"):
            shape = self._call(Tensor(trial), False).shape
        return (None, *shape[1:])

    # -- for those who use them -------------------------------------------------------------------------

    def __call__(self, inputs: TensorLike, training: bool | None = None) -> Tensor:
        """The output for a batch, building the layer at first use.

        `training` is, when None, that of the layer whose `call` this is in, else the default of `call`, else False.
        """
        x = inputs if isinstance(inputs, Tensor) else constant(np.asarray(to_array(inputs), FLOAT))
        if not self.built:
            self.build_for((None, *x.shape[1:]))
        y = self._call(x, training)
        if self.activity_regularizer is not None:
            self.add_loss(self.activity_regularizer(y) / max(len(x), 1))
        return y

    def _call(self, x: Tensor, training: bool | None) -> Tensor:
        if training is None:
            training = _surrounding.get()
        if training is None and self._takes_training:
            training = self._trains_by_default
        before = _surrounding.set(training)
        try:
            y = self.call(x, training=training) if self._takes_training else self.call(x)  # type: ignore[call-arg]
        finally:
            _surrounding.reset(before)
        if not isinstance(y, Tensor):
            raise GradientError(
                f"Layer {self.name!r} must return a tensor from call(). Received: {type(y).__name__}. "
                "Compute in minifit.ops, not in NumPy, so that the gradient is known."
            )
        return y

    def build_for(self, input_shape: ShapeLike) -> ShapeLike:
        """Build the layer if it is not built yet; returns the shape of its output."""
        if not self.built:
            self.build(input_shape)
            self.built = True
        for value in [v for name, v in vars(self).items() if name not in _OWNED]:
            self._take_in(value)  # what was appended to a list since that became an attribute
        if self._may_make_weights() and (self._inner or None not in input_shape[1:]):
            Layer.compute_output_shape(self, input_shape)  # the trial makes them, and builds inner layers
        self._shapes = input_shape, self.compute_output_shape(input_shape)
        return self._shapes[1]

    def _may_make_weights(self) -> bool:
        """Whether `call` may make weights, or build inner layers, where `compute_output_shape` never calls it."""
        kind = type(self)
        if kind.compute_output_shape is Layer.compute_output_shape:
            return False
        return bool(self._inner) or not kind.call.__module__.startswith("minifit.")

    @property
    def weights(self) -> list[Parameter]:
        """All weights: those that can be trained, then the others."""
        own = self._all_weights()
        return [w for w in own if w.trainable] + [w for w in own if not w.trainable]

    def _all_weights(self) -> list[Parameter]:
        return self._weights + [w for layer in self._inner for w in layer._all_weights()]

    @property
    def trainable_weights(self) -> list[Parameter]:
        """What `fit` changes; nothing while ``trainable`` is False."""
        if not self.trainable:
            return []
        return [w for w in self._weights if w.trainable] + [
            w for i in self._inner for w in i.trainable_weights
        ]

    @property
    def non_trainable_weights(self) -> list[Parameter]:
        """What `fit` leaves alone."""
        trained = set(self.trainable_weights)
        return [w for w in self.weights if w not in trained]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def losses(self) -> list[Tensor]:
        """What the weights' regularizers add to the loss."""
        return [w.regularizer(w) for w in self.weights if w.regularizer is not None]

    @property
    def input_shape(self) -> ShapeLike:
        """The input's shape, its first dimension None."""
        return self._built_for()[0]

    @property
    def output_shape(self) -> ShapeLike:
        """The output's shape, its first dimension None."""
        return self._built_for()[1]

    def _built_for(self) -> tuple[ShapeLike, ShapeLike]:
        if self._shapes is None:
            raise NotBuiltError(
                f"A layer has shapes once it is built. Received: {self.name!r}, which is not. Call it or its model."
            )
        return self._shapes

    def get_weights(self) -> list[Array]:
        """Copies of the weights."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights, or none if one does not fit."""
        assign_all(self.name, self.weights, weights)

    def count_params(self) -> int:
        """How many numbers its weights hold."""
        if not self.built:
            raise NotBuiltError(
                f"A layer has weights once it is built. Received: {self.name!r}, which is not. Give it an input_shape."
            )
        return sum(w.value.size for w in self.weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = self.batch_input_shape
        return {**config, "dtype": "float32"}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _parts(value: Any) -> "Iterator[Layer | Parameter]":
    """The layers and weights that an attribute holds: itself, or in a list or dict."""
    if isinstance(value, Layer | Parameter):
        yield value
    elif isinstance(value, list | tuple | dict):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _parts(entry)


def assign_all(owner: str, weights: Sequence[Parameter], values: Sequence[Any]) -> None:
    """Assign all values, after all have been looked at: none is assigned if one does not fit."""
    values = list(values)
    if len(values) != len(weights):
        raise ShapeError(
            f"{owner!r} has {len(weights)} weights. Received: {len(values)} arrays. "
            "Give one array for each weight, in the order of get_weights()."
        )
    arrays = [np.asarray(numpy_ready(v)) for v in values]
    for weight, array in zip(weights, arrays, strict=True):
        if array.shape != weight.shape:
            raise ShapeError(
                f"A weight keeps its shape: {weight.name} is {weight.shape}. Received: {array.shape}. "
                "Give an array of that shape."
            )
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(
                f"Weights are real numbers. Received: dtype {array.dtype} for {weight.name}. Give floats."
            )
    for weight, array in zip(weights, arrays, strict=True):
        weight.assign(array)


def _declared(
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
    found = tuple(None if n is None else whole(n) for n in shape)
    if any(n is not None and (size is None or size < 1) for n, size in zip(shape, found, strict=True)):
        raise ArgumentError(
            "An input shape is made of positive integers. "
            f"Received: {f'input_dim={input_dim!r}' if from_dim else shape[1:]}. Pass for example input_shape=(20,)."
        )
    return found


def _sequence(name: str, shape: Any) -> tuple[Any, ...]:
    listed = entries(shape)
    if listed is None:
        raise ArgumentTypeError(
            f"{name} is a tuple of integers. Received: {name}={shape!r}. Pass for example (20,)."
        )
    return tuple(listed)


def _accepts(function: Any, name: str) -> bool:
    arguments = signature(function).parameters.values()
    return any(a.name == name or a.kind is Argument.VAR_KEYWORD for a in arguments)


def _default(function: Any, name: str) -> Any:
    argument = signature(function).parameters.get(name)
    return None if argument is None else argument.default
