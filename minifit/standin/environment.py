"""TensorFlow's functions about its surroundings: devices, graphs, logs. There is one device and no graph here."""

import logging
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from minifit import console, nest
from minifit.errors import ArgumentError
from minifit.tensor import Tensor

AUTOTUNE = -1
NEWAXIS = None

FLOAT16, FLOAT32, FLOAT64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
INT8, INT16, INT32, INT64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
UINT8, UINT16, UINT32, UINT64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
BOOL = np.dtype(bool)
STRING = "string"


class UnconnectedGradients(Enum):
    """The values that stand for a gradient that does not exist."""

    NONE = "none"
    ZERO = "zero"


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of a kind: one CPU and nothing else."""
    return [CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of a kind as TensorFlow would use them."""
    return [PhysicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def set_memory_growth(device: Any, enable: bool) -> None:
    """Accept how a GPU takes memory: there is none."""


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Accept which devices are used: there is one."""


def set_threads(num_threads: int) -> None:
    """Accept how many threads are used: the libraries of NumPy decide."""


def get_threads() -> int:
    """Return 0: the libraries of NumPy decide."""
    return 0


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Accept how functions are run: there is one way."""


def functions_run_eagerly() -> bool:
    """Return True: there is no other way."""
    return True


def executing_eagerly() -> bool:
    """Return True: there is no other way."""
    return True


def enable_eager_execution() -> None:
    """Accept that functions are run as they are called: there is no other way."""


def disable_eager_execution() -> None:
    """Accept that graphs are made first: layers on `Input` make graphs, and all else is run as it is called."""


def device(device_name: Any) -> AbstractContextManager[None]:
    """Return a block that runs on the one device there is."""
    return nullcontext()


def name_scope(name: str) -> AbstractContextManager[str]:
    """Return a block that gives its name: ops have none here."""
    return nullcontext(name)


def enable_op_determinism() -> None:
    """Accept that results repeat: with the same seeds they do in any case."""


def disable_op_determinism() -> None:
    """Accept that results need not repeat: with the same seeds they do in any case."""


def is_op_determinism_enabled() -> bool:
    """Return True: with the same seeds results repeat."""
    return True


class RegisterGradient:
    """Accept the gradient of an op of a library of TensorFlow's: no such library can be loaded, so nothing calls it.

    Parameters
    ----------
    op_type : str
    """

    def __init__(self, op_type: str) -> None:
        self.op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return f


def no_gradient(op_type: str) -> None:
    """Accept that an op of a library of TensorFlow's has no gradient: no such library can be loaded."""


def function(func: Callable[..., Any] | None = None, input_signature: Any = None, **options: Any) -> Any:
    """Return the function itself, or a decorator that does: there are no graphs to make of it.

    Parameters
    ----------
    func : callable, optional
    input_signature, autograph, jit_compile, reduce_retracing and the like : optional
        Accepted as in TensorFlow; they say how a graph is made.

    Raises
    ------
    ArgumentError
        For an option that TensorFlow does not have.
    """
    unknown = set(options) - OPTIONS_OF_FUNCTION
    if unknown:
        raise ArgumentError(
            f"function has the options of TensorFlow. Received: {sorted(unknown)[0]!r}. "
            f"It knows {', '.join(sorted(OPTIONS_OF_FUNCTION))}."
        )
    return (lambda f: f) if func is None else func


OPTIONS_OF_FUNCTION = {
    "autograph", "experimental_autograph_options", "experimental_compile", "experimental_follow_type_hints",
    "experimental_implements", "experimental_relax_shapes", "jit_compile", "reduce_retracing",
}  # fmt: skip


def print_(
    *inputs: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", name: str | None = None
) -> None:
    """Print tensors and other things in a row; to ``sys.stderr`` when `output_stream` is None, as in TensorFlow."""
    out = console.Outlet(sys.stderr if output_stream is None else output_stream)
    out.write(sep.join(map(_shown, inputs)) + end)
    out.flush()


def _shown(value: Any) -> str:
    if not isinstance(value, Tensor):
        return str(value)
    return np.array2string(value.value, threshold=6, formatter={"float_kind": _number})


def _number(value: Any) -> str:
    """Return a number as TensorFlow prints it: six digits where they say it all, else nine."""
    short = f"{value:.6g}"
    return short if type(value)(short) == value else f"{value:.9g}"


def map_structure(func: Callable[..., Any], *structure: Any, **options: Any) -> Any:
    """Return a value nested like the given ones, with what a function makes of their leaves.

    Raises
    ------
    ArgumentError
        For options, and when the values are nested in different ways.
    """
    leaves = [nest.flatten(s) for s in structure]
    if options or len({len(group) for group in leaves}) != 1:
        raise ArgumentError(
            "map_structure takes values that are nested alike. Received: "
            f"{sorted(options) or [len(group) for group in leaves]}. Give the same lists and dicts."
        )
    return nest.pack(structure[0], [func(*together) for together in zip(*leaves, strict=True)])


def get_logger() -> logging.Logger:
    """Return the logger that programs make quiet."""
    return logging.getLogger("tensorflow")


def set_verbosity(level: Any) -> None:
    """Set from which level on the logger of TensorFlow speaks."""
    get_logger().setLevel(level)


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Return False: there is no GPU."""
    return False


def gpu_device_name() -> str:
    """Return an empty name: there is no GPU."""
    return ""


def is_built_with_cuda() -> bool:
    """Return False."""
    return False


DEBUG, INFO, WARN, ERROR, FATAL = (
    logging.DEBUG,
    logging.INFO,
    logging.WARNING,
    logging.ERROR,
    logging.CRITICAL,
)
