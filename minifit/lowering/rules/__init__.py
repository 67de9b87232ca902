"""The lowering rules of ops, in files like those of `minifit.ops`."""

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
