"""What people hand over as a number, a whole number or a list of numbers; and stand-ins for other libraries."""

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np

from minifit.parameters import Variable
from minifit.tensor import Tensor


class TorchDtype:
    """A dtype as PyTorch has them: no attribute but its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


class TorchLike:
    """A tensor as PyTorch has them: without `numpy()` for bfloat16 and while a gradient is wanted, or on a GPU."""

    def __init__(self, data: Any, dtype: str = "float32", grad: bool = False, device: str = "cpu") -> None:
        self.data = np.asarray(data)
        self.dtype = TorchDtype(dtype)
        self.requires_grad, self.device = grad, device

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    def detach(self) -> "TorchLike":
        return TorchLike(self.data, self.dtype.name, False, self.device)

    def cpu(self) -> "TorchLike":
        return TorchLike(self.data, self.dtype.name, self.requires_grad, "cpu")

    def numpy(self) -> Any:
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        if self.device != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy"
            )
        if self.dtype.name == "bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.numpy(), dtype)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, place: Any) -> "TorchLike":
        return TorchLike(self.data[place], self.dtype.name, self.requires_grad, self.device)

    def __iter__(self) -> Iterator["TorchLike"]:
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        if self.requires_grad:
            raise AssertionError("PyTorch warns of this")
        return float(self.data)

    def __index__(self) -> int:
        if self.data.dtype.kind == "f":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.data)

    def float(self) -> "TorchLike":
        return TorchLike(self.data.astype(np.float32), "float32", self.requires_grad, self.device)


class BFloat16Array:
    """An array as JAX has them: NumPy makes of it an array of a dtype that it knows nothing of."""

    dtype = "bfloat16"

    def __init__(self, data: Any) -> None:
        self.data = np.asarray(data, np.float32)
        self.shape, self.ndim = self.data.shape, self.data.ndim

    def astype(self, dtype: Any) -> Any:
        return self.data.astype(dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.zeros(self.shape, "V2")

    def __len__(self) -> int:
        return len(self.data)


class Series:
    """A column of a table as pandas has them: an index beside the values, which need not count from 0."""

    def __init__(self, values: Any, index: Any = None) -> None:
        self.values = np.asarray(values)
        self.index = list(range(len(self.values))) if index is None else list(index)

    shape = property(lambda self: self.values.shape)
    ndim = property(lambda self: self.values.ndim)
    dtype = property(lambda self: self.values.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values.tolist())

    def __getitem__(self, label: Any) -> Any:
        return self.values[self.index.index(label)]

    def items(self) -> Iterator[tuple[Any, Any]]:
        return zip(self.index, self.values.tolist(), strict=True)

    def to_dict(self) -> dict[Any, Any]:
        return dict(self.items())


class Several(IntEnum):
    TWO = 2


Made = Callable[[Any], Any]

WHOLE: dict[str, Made] = {
    "int": int,
    "np.int64": np.int64,
    "np.uint8": np.uint8,
    "0-d int array": lambda v: np.array(v, np.int32),
    "Variable": lambda v: Variable(v, dtype=np.int64),
    "torch int": lambda v: TorchLike(np.int64(v), "int64"),
}
"""Integers of every kind."""

REAL: dict[str, Made] = {
    "float": float,
    "np.float16": np.float16,
    "np.float32": np.float32,
    "np.float64": np.float64,
    "np.longdouble": np.longdouble,
    "0-d array": np.array,
    "Fraction": Fraction,
    "Decimal": Decimal,
    "Variable": Variable,
    "Tensor": Tensor,
    "torch": TorchLike,
    "torch with a gradient": lambda v: TorchLike(v, grad=True),
}
"""Real numbers of every kind, of a value that all of them hold exactly, as 0.5."""

LISTS: dict[str, Made] = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "deque": deque,
    "dict values": lambda v: dict(enumerate(v)).values(),
    "dict keys": lambda v: dict.fromkeys(v).keys(),
    "generator": lambda v: (x for x in v),
    "Series": lambda v: Series(v, [f"row {i}" for i in range(len(v))]),
    "torch": lambda v: TorchLike(v, "float32" if any(isinstance(x, float) for x in v) else "int64"),
    "list of NumPy numbers": lambda v: list(np.array(v)),
}
"""Several numbers in an order."""

NO_NUMBER: dict[str, Any] = {
    "text": "0.5",
    "bytes": b"0.5",
    "list": [0.5],
    "array of one": np.ones(1),
    "complex": 0.5j,
    "np.complex64": np.complex64(0.5),
    "bool": True,
    "np.bool_": np.True_,
    "torch bool": TorchLike(True, "bool"),
    "time": np.timedelta64(1, "s"),
    "object": object(),
    "dict": {},
}
"""What is no real number, whatever `float` makes of it."""
