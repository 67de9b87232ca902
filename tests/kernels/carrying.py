"""A program of one or a few instructions, for tests of these."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minifit import ops
from minifit.kernels import compiled
from minifit.kernels import program as at
from minifit.parameters import Variable
from minifit.tape import GradientTape
from minifit.tensor import Tensor
from minifit.workers import Share, Workers

WEIGHTS = np.array([0.5, -2.0, 1.0, 0.25], np.float32)
"""The gradient of the losses of four rows."""


def carry(
    *rows: tuple[Any, ...],
    n: int = 4,
    first: int = 0,
    batches: int = 1,
    order: NDArray[np.int64] | None = None,
    share: Share | None = None,
) -> int:
    """Carry out instructions, each a name with fields, for batches of `n` rows; returns how many were taken.

    With a share these are the rows of it, of which some do not count.
    """
    n = n if share is None else share.held
    table = np.zeros((len(rows), at.FIELDS), np.int64)
    for row, (name, *fields) in zip(table, rows, strict=True):
        (row[0],) = compiled.addresses([name])
        for i, value in enumerate(fields, 1):
            row[i] = number(value)
    frame = np.zeros(at.FRAME, np.int64)
    frame[at.SIZE], frame[at.SAMPLES], frame[at.SOUND] = n, 10**9 if order is None else len(order), 1
    frame[at.ORDER] = 0 if order is None else order.ctypes.data
    if share is not None:
        frame[at.TOTAL], frame[at.BEFORE], frame[at.BEHIND] = share.total, share.begin, share.behind
        frame[at.PART] = number(share.part)
    call = np.array([table.ctypes.data, len(table), frame.ctypes.data, first, batches, 0])
    return compiled.carry_out(call.ctypes.data)


def shares_of(rows: int, size: int) -> list[Share]:
    """Return the shares of a batch that so many workers take."""
    workers = Workers()
    workers.size, shares = size, []
    for workers.rank in range(size):
        shares.append(workers.share(rows))
    return shares


def number(value: Any) -> int:
    """A field as it stands in a row."""
    if isinstance(value, np.ndarray):
        return int(value.ctypes.data)
    return int(np.float64(value).view(np.int64)) if isinstance(value, float) else int(value)


def randoms(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def assert_does_as(
    loss: Callable[[Tensor, Tensor], Tensor], name: str, t: NDArray[Any], p: NDArray[Any], *settings: float
) -> None:
    """Assert that a loss's two instructions come to what its definition does, op by op.

    Parameters
    ----------
    loss : callable
        ``loss(y_true, y_pred)`` returns one value a row.
    name : str
        The instruction's.
    t, p : ndarray of shape (n, m)
    *settings
        Further fields.
    """
    given = Variable(p)
    with np.errstate(all="ignore"), GradientTape() as tape:
        values = loss(Tensor(t), given)
        weighted = ops.sum(values * WEIGHTS[: len(p)])
    slope = tape.gradient(weighted, given).numpy()
    y, dp, dy = np.zeros(len(p), np.float32), np.zeros_like(p), WEIGHTS[: len(p)].copy()
    m = p.shape[1]
    target = t.astype(np.int64) if t.ndim == 1 else t
    carry(
        (name, y, target, p, 1, m, *settings), (f"{name}_slope", dp, target, p, dy, 1, m, *settings), n=len(p)
    )
    np.testing.assert_allclose(y, values.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        dp, slope, rtol=1e-5, atol=1e-5 * max(np.abs(slope[np.isfinite(slope)]).max(), 1)
    )
