"""A small training framework on NumPy and Numba, with the callbacks of tf.keras.

    import minifit

    model = minifit.Sequential([minifit.layers.Dense(10, activation="softmax")])

The names below are loaded on first use: a program pays only for the modules that it uses.

PYTEST_DONT_REWRITE: pytest loads a plugin of this package, and must not rewrite the asserts of the package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "GradientTape",
    "Input",
    "Model",
    "Sequential",
    "Variable",
    "activations",
    "callbacks",
    "constraints",
    "data",
    "datasets",
    "distribute",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "semantics",
    "summary",
    "utils",
]

if TYPE_CHECKING:  # what type checkers and editors see
    from minifit import activations as activations
    from minifit import callbacks as callbacks
    from minifit import constraints as constraints
    from minifit import data as data
    from minifit import datasets as datasets
    from minifit import distribute as distribute
    from minifit import initializers as initializers
    from minifit import layers as layers
    from minifit import losses as losses
    from minifit import metrics as metrics
    from minifit import models as models
    from minifit import ops as ops
    from minifit import optimizers as optimizers
    from minifit import regularizers as regularizers
    from minifit import semantics as semantics
    from minifit import summary as summary
    from minifit import utils as utils
    from minifit.models import Input as Input
    from minifit.models import Model as Model
    from minifit.models import Sequential as Sequential
    from minifit.parameters import Variable as Variable
    from minifit.tape import GradientTape as GradientTape
else:
    # all other names are modules
    _DEFINED_IN = {
        "GradientTape": "minifit.tape",
        "Input": "minifit.layers",
        "Model": "minifit.models",
        "Sequential": "minifit.models",
        "Variable": "minifit.parameters",
    }

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'minifit' has no attribute {name!r}")
        # an interrupt must wait: NumPy cannot be imported again after half an import
        with import_module("minifit.interrupts").held():
            if name in _DEFINED_IN:
                member = getattr(import_module(_DEFINED_IN[name]), name)
            else:
                member = import_module(f"minifit.{name}")
        return globals().setdefault(name, member)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
