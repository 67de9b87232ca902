"""The workloads: what is trained, on how many samples, in batches of what size.

This file, `worker.py` and what that imports also run under other Pythons, from 3.9 on: those that have a peer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Workload(NamedTuple):
    """Sizes of the data, the layers and the batch; the loss is "mse" or "classes"."""

    samples: int
    sizes: tuple[int, ...]
    batch: int
    loss: str

    @property
    def steps(self) -> int:
        """Steps of an epoch, a last and smaller batch included."""
        return -(-self.samples // self.batch)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Inputs and outputs of every layer."""
        return list(zip(self.sizes[:-1], self.sizes[1:]))

    @property
    def shape(self) -> str:
        """The sizes of the layers and of the batch."""
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}"

    def __str__(self) -> str:
        loss = "mean squared error" if self.loss == "mse" else "cross-entropy"
        return f"{self.shape}, {loss}, {self.samples:,} samples"


WORKLOADS = {
    "seed": Workload(1000, (20, 10), 1, "mse"),
    "tiny": Workload(32000, (2, 16, 1), 32, "mse"),
    "digits": Workload(32000, (64, 32, 10), 32, "classes"),
    "mnist": Workload(32000, (784, 128, 10), 32, "classes"),
    "mnist256": Workload(60000, (784, 512, 512, 10), 256, "classes"),
    "wide": Workload(16384, (1024, 2048, 2048, 10), 1024, "classes"),
}


def data_of(w: Workload) -> tuple[Floats, NDArray[Any]]:
    """Random inputs and targets."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((w.samples, w.sizes[0]), np.float32)
    if w.loss == "mse":
        return x, rng.standard_normal((w.samples, w.sizes[-1]), np.float32)
    return x, rng.integers(0, w.sizes[-1], w.samples, np.int32)


def weights_of(w: Workload) -> tuple[list[Floats], list[Floats]]:
    """What training begins with: kernels after Glorot, biases of zero."""
    rng = np.random.default_rng(0)
    kernels = [rng.standard_normal(p, np.float32) * np.float32((2 / sum(p)) ** 0.5) for p in w.layers]
    return kernels, [np.zeros(m, np.float32) for _, m in w.layers]
