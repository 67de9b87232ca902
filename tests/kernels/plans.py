"""Plans of chains, made of random numbers, for the tests of the two kernels that walk them."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit.kernels import chain as at

FLOAT = np.float32
SETTINGS = {at.ADAM: [0.9, 0.999, 1e-7]}


@dataclass
class Made:
    """A plan, with the arrays that it points to by name."""

    plan: NDArray[np.int64]
    settings: NDArray[np.float64]
    sums: NDArray[np.float64]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)

    def run(
        self, kernels: Any, begin: int = 0, batches: int = 1, rate: float = 0.1, iterations: int = 0
    ) -> int:
        made = np.array(iterations, np.int64)
        done = int(kernels.chain_steps(self.plan, self.settings, self.sums, made, rate, begin, batches))
        learned = self.plan[at.WORK, at.OPTIMIZER] != at.NO_OPTIMIZER
        assert made == (iterations + done if learned else iterations)
        return done


def made(
    sizes: tuple[int, ...] = (5, 7, 3),
    activations: tuple[int, ...] = (at.RELU, at.LINEAR),
    loss: int = at.SQUARED_ERROR,
    optimizer: int = at.PLAIN_SGD,
    metrics: tuple[int, ...] = (),
    *,
    rows: int = 20,
    batch_size: int = 8,
    whole: bool = False,
    shuffled: bool = True,
    biased: bool = True,
    blas: int = 0,
    seed: int = 0,
) -> Made:
    """A chain with random weights and data; with `whole` the targets are whole numbers, one a row."""
    rng = np.random.default_rng(seed)
    layers = list(pairwise(sizes))
    outputs = sizes[-1]
    found = Made(
        np.zeros((at.LAYER + len(layers), at.FIELDS), np.int64),
        np.array(SETTINGS.get(optimizer, [0.9, 0, 0])),
        np.zeros(2 + 2 * len(metrics)),
    )
    plan, arrays = found.plan, found.arrays

    def place(name: str, array: NDArray[Any]) -> int:
        arrays[name] = array
        return int(array.ctypes.data)

    def room(name: str, *shape: int) -> int:
        return place(name, np.full(shape, np.nan, FLOAT))

    data, work = plan[at.DATA], plan[at.WORK]
    data[at.BATCH_SIZE], data[at.SAMPLES], data[at.ROWS] = batch_size, rows, rows
    data[at.X] = place("x", rng.standard_normal((rows, sizes[0])).astype(FLOAT))
    if whole:
        data[at.IDS] = place(
            "ids", rng.integers(outputs if loss == at.CATEGORICAL_CROSSENTROPY else 2, size=rows)
        )
    elif loss == at.SQUARED_ERROR:
        data[at.T] = place("t", rng.standard_normal((rows, outputs)).astype(FLOAT))
    elif loss == at.BINARY_CROSSENTROPY:
        data[at.T] = place("t", rng.integers(2, size=(rows, outputs)).astype(FLOAT))
    else:
        data[at.T] = place("t", np.eye(outputs, dtype=FLOAT)[rng.integers(outputs, size=rows)])
    if shuffled:
        data[at.ORDER] = place("order", rng.permutation(rows))
    work[at.LOSS], work[at.OPTIMIZER], work[at.BLAS] = loss, optimizer, blas
    work[at.METRIC : at.METRIC + len(metrics)] = metrics
    work[at.BATCH_X], work[at.BATCH_T] = (
        room("batch x", batch_size, sizes[0]),
        room("batch t", batch_size, outputs),
    )
    work[at.TURNED] = room("turned", max(k * m for k, m in layers))
    parts = [(k, m) for k, m in layers] + [(m,) for _, m in layers if biased]
    total = sum(int(np.prod(shape)) for shape in parts)
    values = (0.5 * rng.standard_normal(total)).astype(FLOAT)
    for row, name, array in (
        (at.VALUES, "values", values),
        (at.GRADS, "grads", np.zeros(total, FLOAT)),
        (at.FIRST_SLOT, "first", np.zeros(total, FLOAT)),
        (at.SECOND_SLOT, "second", np.zeros(total, FLOAT)),
    ):
        work[row] = place(name, array)
    work[at.SIZE] = total
    starts = np.cumsum([0] + [int(np.prod(shape)) for shape in parts]) * 4
    for i, (row, (k, m)) in enumerate(zip(plan[at.LAYER :], layers, strict=True)):
        row[at.K], row[at.M], row[at.ACTIVATION] = k, m, activations[i]
        row[at.W], row[at.DW] = work[at.VALUES] + starts[i], work[at.GRADS] + starts[i]
        if biased:
            row[at.B] = work[at.VALUES] + starts[len(layers) + i]
            row[at.DB] = work[at.GRADS] + starts[len(layers) + i]
        row[at.Y], row[at.DY] = room(f"y {i}", batch_size, m), room(f"dy {i}", batch_size, m)
    return found
