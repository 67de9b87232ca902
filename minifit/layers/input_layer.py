"""`InputLayer`: the shape of the samples."""

from collections.abc import Sequence
from typing import Any

from minifit.checks import whole
from minifit.errors import ArgumentError, ArgumentTypeError, quoted
from minifit.graph import Node, ShapeLike
from minifit.layers.base import Layer, unique_name, used_names
from minifit.tensor import Tensor


def _next_name() -> str:
    """Return ``input_1``, ``input_2``, ...: the only names that Keras counts from 1."""
    unique_name("input")
    return f"input_{used_names['input']}"


class InputLayer(Layer):
    """The entry of data into a model: its output is a symbol with a shape. `Sequential` does not list it.

    Parameters
    ----------
    input_shape : tuple of int
        The shape of one sample.
    batch_size : int, optional
        Accepted as in Keras. Batches may still have any size.
    dtype : str, optional
        "float32", or an integer dtype for category numbers and the like. The data becomes float32 in either case.
    name : str, optional
    **kwargs
        As for `Layer`; `sparse` and `ragged` may only be False.

    References
    ----------
    ``tf.keras.layers.InputLayer`` (TensorFlow 2.7).
    """

    def __init__(
        self,
        input_shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # A configuration has the shape with the batch.
        if kwargs.get("batch_input_shape") is not None:
            input_shape = batch_size = None
        input_dtype = _checked_dtype(dtype)
        super().__init__(name or _next_name(), input_shape=input_shape, batch_size=batch_size, **kwargs)
        self.input_dtype = input_dtype
        if sparse or ragged:
            raise ArgumentError(
                f"Input must be dense. Received: sparse={sparse}, ragged={ragged}. Leave both out and pad the data."
            )
        self.built = self.batch_input_shape is not None
        if self.batch_input_shape is not None:
            node = Node(self, None, {})
            self._shapes = self.batch_input_shape, self.batch_input_shape
            node.returns((None, *self.batch_input_shape[1:]))
            self._nodes.append(node)

    input_shape = Layer.output_shape

    def call(self, inputs: Tensor) -> Tensor:
        """Return the input itself."""
        return inputs

    lower = Layer.lower_by_call

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {
            "batch_input_shape": self.batch_input_shape,
            "dtype": self.input_dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
        }


def Input(
    shape: int | Sequence[int | None] | None = None,
    batch_size: int | None = None,
    name: str | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    tensor: None = None,
    ragged: bool | None = None,
    type_spec: None = None,
    **kwargs: Any,
) -> Any:
    """Return a symbol for the data of a model. Call layers on it to build a graph.

    Parameters
    ----------
    shape : int, or tuple of int or None
        The shape of one sample; None for an axis of any length. ``n`` is the same as ``(n,)``.
    batch_size : int, optional
        Accepted as in Keras. Batches may still have any size.
    name : str, optional
        Also the key of this input in a dict of data. ``input_1``, ``input_2``, ... when None.
    dtype, sparse, ragged
        As for `InputLayer`.
    tensor, type_spec : None
        Only None: TensorFlow's tensors are not supported.
    **kwargs
        `batch_shape` or `batch_input_shape`: the shape with the batch dimension in front, instead of `shape`.

    Returns
    -------
    Symbol

    Raises
    ------
    ArgumentError, ArgumentTypeError
        Without a shape, and for arguments that are not supported.

    Examples
    --------
    >>> x = Input((4,))
    >>> x.shape
    (None, 4)

    References
    ----------
    ``tf.keras.Input`` (TensorFlow 2.7).
    """
    if tensor is not None or type_spec is not None:
        raise ArgumentError(
            "An Input is defined by its shape. Received: tensor or type_spec. Pass, for example, shape=(20,)."
        )
    batch_shape = kwargs.pop("batch_shape", kwargs.pop("batch_input_shape", None))
    if kwargs:
        raise ArgumentTypeError(f"Input takes no argument {next(iter(kwargs))!r}. Leave it out.")
    if (shape is None) == (batch_shape is None):
        raise ArgumentError(
            f"An Input needs either a shape or a batch_shape. Received: shape={shape!r}, batch_shape={batch_shape!r}. "
            "Pass one of them, for example shape=(20,)."
        )
    sample: Any = (size,) if (size := whole(shape)) is not None else shape
    layer = InputLayer(sample, batch_size, dtype, sparse, ragged, name, batch_input_shape=batch_shape)
    return layer.output


_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "bool")


def _checked_dtype(dtype: Any) -> str:
    """Return the name of the dtype; raise unless the data of an input may have it."""
    name = (
        "float32" if dtype is None else str(getattr(dtype, "__name__", None) or getattr(dtype, "name", dtype))
    )
    # NumPy's dtypes of text also begin with these letters.
    if name.startswith("str"):
        raise ArgumentError(
            f"The data of a model must be numbers. Received: dtype={dtype!r}. Look words up before the model: "
            "data.map(lambda x, y: (lookup(x), y)), or model.fit(lookup(words), y), with a StringLookup."
        )
    if name != "float32" and name not in _INTEGERS:
        raise ArgumentError(
            f"minifit computes in float32 only. Received: dtype={quoted(dtype)}. Leave dtype out, or pass an "
            "integer dtype."
        )
    return name
