"""`Dense`: every output is a weighted sum of every input."""

from typing import Any

from minifit import activations, constraints, initializers, ops, regularizers
from minifit.checks import positive
from minifit.errors import ShapeError
from minifit.layers.activation import activation_of
from minifit.layers.base import Layer, ShapeLike, Shaping, WeightSetting
from minifit.parameters import Parameter
from minifit.settings import Setting, flag, unnamed
from minifit.tables import serialize
from minifit.tensor import Tensor


class Dense(Layer):
    """``activation(inputs @ kernel + bias)``.

    Parameters
    ----------
    units : int
        The number of outputs.
    activation : str, function or layer, optional
        None is linear.
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    kernel_regularizer, bias_regularizer, activity_regularizer : optional
        Penalties added to the loss; the last one is that of the output, divided by the batch size.
    kernel_constraint, bias_constraint : optional
    **kwargs
        As for `Layer`: name, trainable, input_shape, input_dim, ...

    Attributes
    ----------
    kernel : Parameter of shape (inputs, units)
    bias : Parameter of shape (units,), or None

    Raises
    ------
    ArgumentError, ArgumentTypeError
        When `units` is not a positive integer.

    Notes
    -----
    Input of shape (n, ..., inputs) gives output of shape (n, ..., units).

    References
    ----------
    ``tf.keras.layers.Dense`` (TensorFlow 2.7).
    """

    units = Shaping(positive)
    activation = Setting(unnamed(activation_of))
    use_bias = Shaping(flag)
    kernel_initializer = Setting(unnamed(initializers.get))
    bias_initializer = Setting(unnamed(initializers.get))
    kernel_regularizer = WeightSetting(unnamed(regularizers.get))
    bias_regularizer = WeightSetting(unnamed(regularizers.get))
    kernel_constraint = WeightSetting(unnamed(constraints.get))
    bias_constraint = WeightSetting(unnamed(constraints.get))

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.activation, self.use_bias = units, activation, use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        self.kernel_constraint, self.bias_constraint = kernel_constraint, bias_constraint
        self.bias: Parameter | None = None

    def build(self, input_shape: ShapeLike) -> None:
        """Create kernel and bias."""
        inputs = input_shape[-1] if len(input_shape) > 1 else None
        if inputs is None:
            raise ShapeError(
                f"Layer {self.name!r} needs input of shape (n, ..., features). Received: {input_shape}. "
                "Pass samples whose last dimension has a known size."
            )
        self.kernel = self.add_weight(
            "kernel",
            (inputs, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, inputs: Tensor) -> Tensor:
        """Return ``activation(inputs @ kernel + bias)``, as one op where the op `dense` includes the activation."""
        shape = inputs.value.shape
        if len(shape) < 2 or shape[-1] != self.kernel.value.shape[0]:
            raise ShapeError(
                f"Layer {self.name!r} expects input of shape (n, ..., {self.kernel.shape[0]}). "
                f"Received: {inputs.shape}. Pass samples with {self.kernel.shape[0]} features."
            )
        fused = activations.fused(self.activation)
        if fused is not None:
            return ops.dense(inputs, self.kernel, self.bias, fused)
        result: Tensor = self.activation(ops.dense(inputs, self.kernel, self.bias))
        return result

    def lower(self, program: Any, inputs: Any, training: bool) -> Any:
        """Emit the product and the activation."""
        fused = activations.fused(self.activation)
        if fused is not None:
            return ops.dense(inputs, self.kernel, self.bias, fused)
        return program.call(self.activation, ops.dense(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: ShapeLike) -> ShapeLike:
        """Return the input's shape with the last dimension replaced by `units`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that create an equal layer."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
            "kernel_regularizer": serialize(self.kernel_regularizer),
            "bias_regularizer": serialize(self.bias_regularizer),
            "activity_regularizer": serialize(self.activity_regularizer),
            "kernel_constraint": serialize(self.kernel_constraint),
            "bias_constraint": serialize(self.bias_constraint),
        }
