"""TensorFlow's functions for devices, graphs and logs. minifit has one device and no TensorFlow graphs."""

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
    """The values that can replace a gradient that does not exist."""

    NONE = "none"
    ZERO = "zero"


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of a type: one CPU and nothing else."""
    return [CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of a type under their logical names: one CPU."""
    return [PhysicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def set_memory_growth(device: Any, enable: bool) -> None:
    """Accept the setting and ignore it: there is no GPU."""


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Accept the setting and ignore it: there is only one device."""


def set_threads(num_threads: int) -> None:
    """Accept the setting and ignore it: NumPy's libraries choose the number of threads."""


def get_threads() -> int:
    """Return 0: NumPy's libraries choose the number of threads."""
    return 0


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Accept the setting and ignore it: functions always run eagerly."""


def functions_run_eagerly() -> bool:
    """Return True: functions always run eagerly."""
    return True


def executing_eagerly() -> bool:
    """Return True: functions always run eagerly."""
    return True


def enable_eager_execution() -> None:
    """Accept the setting: functions always run eagerly."""


def disable_eager_execution() -> None:
    """Accept the setting and ignore it: layers on `Input` build graphs, and everything else runs eagerly."""


def device(device_name: Any) -> AbstractContextManager[None]:
    """Return a context that runs on the only device."""
    return nullcontext()


def name_scope(name: str) -> AbstractContextManager[str]:
    """Return a context that yields its name: ops have no names here."""
    return nullcontext(name)


def enable_op_determinism() -> None:
    """Accept the setting: with the same seeds, results always repeat."""


def disable_op_determinism() -> None:
    """Accept the setting and ignore it: with the same seeds, results always repeat."""


def is_op_determinism_enabled() -> bool:
    """Return True: with the same seeds, results always repeat."""
    return True


class RegisterGradient:
    """Decorator that accepts the gradient of an op of a TensorFlow library; no such library can be loaded.

    Parameters
    ----------
    op_type : str
    """

    def __init__(self, op_type: str) -> None:
        self.op_type = op_type

    def __call__(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function unchanged."""
        return f


def no_gradient(op_type: str) -> None:
    """Accept that an op of a TensorFlow library has no gradient: no such library can be loaded."""


def function(func: Callable[..., Any] | None = None, input_signature: Any = None, **options: Any) -> Any:
    """Return the function itself, or a decorator that does: no graphs are traced.

    Parameters
    ----------
    func : callable, optional
    input_signature, autograph, jit_compile, reduce_retracing and the like : optional
        Options of TensorFlow for tracing graphs, accepted and ignored.

    Raises
    ------
    ArgumentError
        For an option that TensorFlow does not have.
    """
    unknown = set(options) - OPTIONS_OF_FUNCTION
    if unknown:
        raise ArgumentError(
            f"function takes the options of TensorFlow. Received: {sorted(unknown)[0]!r}. "
            f"Pass one of {', '.join(sorted(OPTIONS_OF_FUNCTION))}."
        )
    return (lambda f: f) if func is None else func


OPTIONS_OF_FUNCTION = {
    "autograph", "experimental_autograph_options", "experimental_compile", "experimental_follow_type_hints",
    "experimental_implements", "experimental_relax_shapes", "jit_compile", "reduce_retracing",
}  # fmt: skip


def print_(
    *inputs: Any, output_stream: Any = None, end: str = "\n", sep: str = " ", name: str | None = None
) -> None:
    """Print tensors and other objects on a line; to ``sys.stderr`` when `output_stream` is None, as in TensorFlow."""
    out = console.Outlet(sys.stderr if output_stream is None else output_stream)
    out.write(sep.join(map(_shown, inputs)) + end)
    out.flush()


def _shown(value: Any) -> str:
    if not isinstance(value, Tensor):
        return str(value)
    return np.array2string(value.value, threshold=6, formatter={"float_kind": _number})


def _number(value: Any) -> str:
    """Return a number as TensorFlow prints it: with six digits if they are exact, else with nine."""
    short = f"{value:.6g}"
    return short if type(value)(short) == value else f"{value:.9g}"


def map_structure(func: Callable[..., Any], *structure: Any, **options: Any) -> Any:
    """Return a structure nested like the arguments, with the results of a function of their leaves.

    Raises
    ------
    ArgumentError
        For options, and for structures that are nested differently.
    """
    leaves = [nest.flatten(s) for s in structure]
    if options or len({len(group) for group in leaves}) != 1:
        raise ArgumentError(
            "map_structure takes structures that are nested alike. Received: "
            f"{sorted(options) or [len(group) for group in leaves]}. Pass the same lists and dicts."
        )
    return nest.pack(structure[0], [func(*values) for values in zip(*leaves, strict=True)])


def get_logger() -> logging.Logger:
    """Return TensorFlow's logger, which programs often silence."""
    return logging.getLogger("tensorflow")


def set_verbosity(level: Any) -> None:
    """Set the level of TensorFlow's logger."""
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
