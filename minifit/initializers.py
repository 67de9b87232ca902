"""Initializers: functions that return the initial values of a weight.

An initializer is called with a shape and returns an array. A random initializer with a seed draws from its own
generator, and one without a seed from the stream that the layer passes. Any function of a shape is also an initializer.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from minifit.arrays import FLOAT, Array, Shape, numpy_ready
from minifit.checks import above_zero, exact, number, optional_of, seed
from minifit.errors import ArgumentError, ShapeError
from minifit.settings import Fixed, Setting
from minifit.tables import Configurable, Table, serialize
from minifit.tensor import current

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]


MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def one_of(allowed: tuple[str, ...], argument: str, value: str) -> str:
    """Return `value`, after validating that it is allowed."""
    if value not in allowed:
        names = ", ".join(map(repr, allowed))
        raise ArgumentError(f"{argument} must be one of {names}. Received: {argument}={value!r}.")
    return value


def distribution(argument: str, value: Any) -> str:
    """Return the name of a distribution in lower case; "normal" means the truncated one."""
    name = str(value).lower()
    return one_of(DISTRIBUTIONS, argument, "truncated_normal" if name == "normal" else name)


def _filling(name: str, value: Any) -> Any:
    """Return the value of a `Constant`: a number after validation, or an array unchanged."""
    return value if np.ndim(numpy_ready(value)) else exact(number)(name, value)


class Initializer(Configurable):
    """The base class of initializers.

    A subclass defines ``__call__`` and, to be saved with a model, ``get_config``.

    Examples
    --------
    >>> Ones()((2, 2))
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

    def __call__(
        self, shape: Sequence[int], dtype: Any = None, rng: np.random.Generator | None = None
    ) -> Array:
        """Return the initial values of a weight.

        Parameters
        ----------
        shape : tuple of int
        dtype : "float32", optional
            The only supported dtype.
        rng : numpy.random.Generator, optional
            Generator to draw from. None means the stream "initializers" of the running model, and outside of any
            model that of the process.

        Returns
        -------
        ndarray of float32
        """
        if dtype is not None and np.dtype(dtype) != FLOAT:
            raise ArgumentError(f"Weights are float32. Received: dtype={dtype!r}. Leave dtype out.")
        return self.fill(tuple(shape), rng)

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return the values, after `__call__` has validated the arguments; the initializers below define it."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype=None, rng=None)")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Create an initializer from its configuration; files of old versions of Keras also contain a dtype."""
        return cls(**{name: value for name, value in config.items() if name != "dtype"})


# -- constants -----------------------------------------------------------------------------------------------


class Zeros(Initializer):
    """All values 0."""

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return zeros of this shape."""
        return np.zeros(shape, FLOAT)


class Ones(Initializer):
    """All values 1."""

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return ones of this shape."""
        return np.ones(shape, FLOAT)


class Constant(Initializer):
    """All values the same number.

    Parameters
    ----------
    value : float or array_like, default 0
    """

    value = Setting(_filling)

    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return an array of this shape filled with the value."""
        return np.full(shape, self.value, FLOAT)

    def get_config(self) -> dict[str, Any]:
        """Return the value."""
        return {"value": self.value}


class Identity(Initializer):
    """The identity matrix, times a number.

    Parameters
    ----------
    gain : float, default 1
        Number on the diagonal.
    """

    gain = Setting(exact(number))

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return a matrix of this shape, which must have two dimensions."""
        if len(shape) != 2:
            raise ShapeError(
                f"Identity initializes matrices. Received: shape={shape}. Use it for weights of two dimensions."
            )
        return np.eye(*shape, dtype=FLOAT) * FLOAT.type(self.gain)

    def get_config(self) -> dict[str, Any]:
        """Return the gain."""
        return {"gain": self.gain}


# -- random numbers ------------------------------------------------------------------------------------------


class Random(Initializer):
    """The base class of random initializers.

    Parameters
    ----------
    seed : int, optional
        With a seed the initializer draws from its own generator: two initializers with the same seed return the same
        numbers, call after call.
    """

    seed = Setting(optional_of(seed), then="_begin")

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def _begin(self) -> None:
        self._own = None if self.seed is None else np.random.Generator(np.random.PCG64(self.seed))

    def stream(self, rng: np.random.Generator | None) -> np.random.Generator:
        """Return the generator to draw from: its own, else `rng`, else the current stream."""
        return self._own or rng or current().streams.get("initializers")


class RandomUniform(Random):
    """Values from a uniform distribution.

    Parameters
    ----------
    minval, maxval : float, default -0.05 and 0.05
        Bounds of the interval, which does not include `maxval`.
    seed : int, optional
        Seed of the initializer's own generator.
    """

    minval, maxval = Setting(exact(number)), Setting(exact(number))

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return random numbers of this shape."""
        return uniform(self.stream(rng), shape, self.minval, self.maxval)

    def get_config(self) -> dict[str, Any]:
        """Return the interval and the seed."""
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class RandomNormal(Random):
    """Values from a normal distribution.

    Parameters
    ----------
    mean : float, default 0
    stddev : float, default 0.05
    seed : int, optional
        Seed of the initializer's own generator.
    """

    mean, stddev = Setting(exact(number)), Setting(exact(number))

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return random numbers of this shape."""
        return normal(self.stream(rng), shape, self.mean, self.stddev)

    def get_config(self) -> dict[str, Any]:
        """Return mean, standard deviation and seed."""
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Values from a normal distribution; a value more than two standard deviations from the mean is redrawn.

    Parameters
    ----------
    mean : float, default 0
    stddev : float, default 0.05
        Standard deviation before redrawing; afterwards it is 0.88 times as large.
    seed : int, optional
        Seed of the initializer's own generator.
    """

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return random numbers of this shape."""
        return truncated(self.stream(rng), shape, self.mean, self.stddev)


class VarianceScaling(Random):
    """Random values whose variance is scaled to the size of the weight: ``scale / n``.

    Parameters
    ----------
    scale : float, default 1
    mode : {"fan_in", "fan_out", "fan_avg"}
        Meaning of n: the number of inputs of a unit, of its outputs, or the mean of both.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
        "normal" is another name for "truncated_normal".
    seed : int, optional
        Seed of the initializer's own generator.

    Raises
    ------
    ArgumentError
        If `scale` is not positive, or a name is not listed here.

    References
    ----------
    ``tf.keras.initializers.VarianceScaling`` (TensorFlow 2.7).
    """

    modes, distributions = MODES, DISTRIBUTIONS
    scale = Setting(exact(above_zero))
    mode = Setting(partial(one_of, MODES))
    distribution = Setting(distribution)

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return random numbers of this shape."""
        rng = self.stream(rng)
        variance = self.scale / max(1.0, self._count(shape))
        if self.distribution == "uniform":  # from -a to a the variance is a² / 3
            limit = math.sqrt(3 * variance)
            return uniform(rng, shape, -limit, limit)
        if self.distribution == "untruncated_normal":
            return normal(rng, shape, 0.0, math.sqrt(variance))
        return truncated(rng, shape, 0.0, math.sqrt(variance) / TRUNCATED_STDDEV)

    def _count(self, shape: Shape) -> float:
        fan_in, fan_out = fans(shape)
        return {"fan_in": fan_in, "fan_out": fan_out}.get(self.mode, (fan_in + fan_out) / 2)

    def get_config(self) -> dict[str, Any]:
        """Return scale, mode, distribution and seed."""
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
        }


class Preset(VarianceScaling):
    """The base class of initializers that are `VarianceScaling` with fixed arguments, except for the seed.

    Parameters
    ----------
    seed : int, optional
        Seed of the initializer's own generator.
    """

    settings: ClassVar[tuple[float, str, str]]
    scale, mode, distribution = Fixed(), Fixed(), Fixed()

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(*self.settings, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """Return the seed."""
        return {"seed": self.seed}


class GlorotUniform(Preset):
    """Uniform values from [-a, a] with ``a = sqrt(6 / (fan_in + fan_out))``; the default of `Dense`.

    References
    ----------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """

    settings = (1.0, "fan_avg", "uniform")


class GlorotNormal(Preset):
    """Truncated normal values with standard deviation ``sqrt(2 / (fan_in + fan_out))``.

    References
    ----------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """

    settings = (1.0, "fan_avg", "truncated_normal")


class HeUniform(Preset):
    """Uniform values from [-a, a] with ``a = sqrt(6 / fan_in)``, for layers with relu.

    References
    ----------
    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.
    """

    settings = (2.0, "fan_in", "uniform")


class HeNormal(Preset):
    """Truncated normal values with standard deviation ``sqrt(2 / fan_in)``, for layers with relu.

    References
    ----------
    He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.
    """

    settings = (2.0, "fan_in", "truncated_normal")


class LecunUniform(Preset):
    """Uniform values from [-a, a] with ``a = sqrt(3 / fan_in)``.

    References
    ----------
    LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998.
    """

    settings = (1.0, "fan_in", "uniform")


class LecunNormal(Preset):
    """Truncated normal values with standard deviation ``sqrt(1 / fan_in)``.

    References
    ----------
    LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998.
    """

    settings = (1.0, "fan_in", "truncated_normal")


class Orthogonal(Random):
    """A random matrix whose rows or columns, whichever are fewer, are orthogonal and of length `gain`.

    A weight of more than two dimensions is a reshaped matrix with the same last dimension.

    Parameters
    ----------
    gain : float, default 1
    seed : int, optional
        Seed of the initializer's own generator.

    References
    ----------
    Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks, 2014.
    """

    gain = Setting(exact(number))

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def fill(self, shape: Shape, rng: np.random.Generator | None) -> Array:
        """Return a random orthogonal array of this shape, which must have at least two dimensions."""
        if len(shape) < 2:
            raise ShapeError(
                f"Orthogonal needs at least two dimensions. Received: shape={shape}. "
                "Use another initializer for vectors."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = self.stream(rng).standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(tall)
        # q is unique only up to signs; this choice makes all directions equally likely
        q *= np.where(np.diagonal(r) < 0, -1, 1)
        return np.array(self.gain * (q if rows >= columns else q.T), FLOAT, order="C").reshape(shape)

    def get_config(self) -> dict[str, Any]:
        """Return gain and seed."""
        return {"gain": self.gain, "seed": self.seed}


# -- shared functions ----------------------------------------------------------------------------------------

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of the standard normal distribution truncated to [-2, 2]."""


def uniform(rng: np.random.Generator, shape: Shape, low: float, high: float) -> Array:
    """Return uniformly distributed numbers, each below `high`."""
    numbers = rng.random(shape, dtype=np.float32) * FLOAT.type(high - low)
    return np.asarray(numbers + FLOAT.type(low), FLOAT)


def normal(rng: np.random.Generator, shape: Shape, mean: float, stddev: float) -> Array:
    """Return normally distributed numbers."""
    numbers = rng.standard_normal(shape, dtype=np.float32) * FLOAT.type(stddev)
    return np.asarray(numbers + FLOAT.type(mean), FLOAT)


def truncated(rng: np.random.Generator, shape: Shape, mean: float, stddev: float) -> Array:
    """Return normally distributed numbers at most two standard deviations from the mean."""
    numbers = rng.standard_normal(math.prod(shape), dtype=np.float32)
    outliers = np.flatnonzero(np.abs(numbers) > 2)
    while outliers.size:
        numbers[outliers] = rng.standard_normal(outliers.size, dtype=np.float32)
        outliers = outliers[np.abs(numbers[outliers]) > 2]
    return (numbers * FLOAT.type(stddev) + FLOAT.type(mean)).reshape(shape)


def fans(shape: Shape) -> tuple[int, int]:
    """Return the numbers of inputs and outputs of a unit; those of a convolution count its whole window."""
    if len(shape) < 2:
        size = math.prod(shape)
        return size, size
    window = math.prod(shape[:-2])
    return shape[-2] * window, shape[-1] * window


zeros = Zeros
ones = Ones
constant = Constant
identity = Identity
random_uniform = RandomUniform
random_normal = RandomNormal
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal
orthogonal = Orthogonal

TABLE = Table(
    "initializer",
    {
        "Zeros": Zeros,
        "zeros": Zeros,
        "zero": Zeros,
        "Ones": Ones,
        "ones": Ones,
        "one": Ones,
        "Constant": Constant,
        "constant": Constant,
        "Identity": Identity,
        "identity": Identity,
        "RandomUniform": RandomUniform,
        "random_uniform": RandomUniform,
        "uniform": RandomUniform,
        "RandomNormal": RandomNormal,
        "random_normal": RandomNormal,
        "normal": RandomNormal,
        "TruncatedNormal": TruncatedNormal,
        "truncated_normal": TruncatedNormal,
        "VarianceScaling": VarianceScaling,
        "variance_scaling": VarianceScaling,
        "GlorotUniform": GlorotUniform,
        "glorot_uniform": GlorotUniform,
        "GlorotNormal": GlorotNormal,
        "glorot_normal": GlorotNormal,
        "HeUniform": HeUniform,
        "he_uniform": HeUniform,
        "HeNormal": HeNormal,
        "he_normal": HeNormal,
        "LecunUniform": LecunUniform,
        "lecun_uniform": LecunUniform,
        "LecunNormal": LecunNormal,
        "lecun_normal": LecunNormal,
        "Orthogonal": Orthogonal,
        "orthogonal": Orthogonal,
    },
    called_with=("shape",),
)


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return an initializer from its name, configuration or class, or a function of a shape; None stays None."""
    return None if identifier is None else TABLE.make(identifier, custom_objects)


deserialize = get
