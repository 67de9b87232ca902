"""Rules of the ops that draw random numbers; they receive `Uniforms` instead of a generator."""

from math import ceil
from typing import Any

import numpy as np

from minifit import ops
from minifit.arrays import Shape
from minifit.lowering.program import Program, lowers
from minifit.lowering.streams import Uniforms, draw_address
from minifit.lowering.values import Unlowered, Value
from minifit.ops.layers import dropout_scale, thin_out

LANES = 16
"""The bits of a word."""


@lowers(ops.dropout)
def dropout(program: Program, x: Any, rate: float, rng: Any, noise_shape: Shape | None = None) -> Value:
    """Lower a dropout: set each value to 0 with probability `rate`, and divide the others by ``1 - rate``."""
    return lower_thin_out(program, x, rate, rng, noise_shape, dropout_scale(rate))


@lowers(thin_out)
def lower_thin_out(
    program: Program,
    x: Any,
    rate: float,
    rng: Any,
    noise_shape: Shape | None,
    scale: float,
    kept: float = 0.0,
    dropped: float = 0.0,
) -> Value:
    """Lower ``x * scale + kept``, replaced by `dropped` with probability `rate`."""
    if not isinstance(rng, Uniforms):
        raise Unlowered("a dropout whose generator is not a stream of the program")
    x = program.as_value(x)
    if noise_shape is not None and noise_shape != x.shape:
        share: Any = program.value(noise_shape)
        _draw(program, share, None, rate, rng, 1.0, 0.0, 0.0)
        thin: Any = x * (share * scale)
        shifted: Value = thin if kept == dropped == 0 else thin + (share * (kept - dropped) + dropped)
        return shifted
    y = program.value(x.shape, x)
    mask = _draw(program, y, x, rate, rng, scale, kept, dropped)
    program.back(y, lambda dy: program.flow(x, "dropout_slope", dy, mask, x.count, scale))
    return y


def _draw(
    program: Program,
    y: Value,
    x: Value | None,
    rate: float,
    rng: Uniforms,
    *settings: float,
) -> Any:
    """Emit the draw, and return the place of the mask, which has a bit for each kept value."""
    # without a batch the count is negated, and so are the words
    words = -(-y.count // LANES) if y.of_batch else y.count // LANES
    mask = program.room(words, np.dtype(np.int16))
    least = ceil(float(np.float32(rate)) * 2**24)
    program.emit("dropout", (y, mask, rng), x, y.count, draw_address(), least, *settings)
    return mask
