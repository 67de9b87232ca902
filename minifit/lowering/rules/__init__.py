"""The rules by which ops are written down, file by file as `minifit.ops` has them."""

from minifit.lowering.rules import (
    elementwise,
    layers,
    loss_functions,
    losses,
    metrics,
    nonlinearities,
    normalization,
    parts,
    randomness,
    reductions,
    shaping,
)

__all__ = [
    "elementwise",
    "layers",
    "loss_functions",
    "losses",
    "metrics",
    "nonlinearities",
    "normalization",
    "parts",
    "randomness",
    "reductions",
    "shaping",
]
