"""The rules by which ops are written down, file by file as `minifit.ops` has them."""

from minifit.lowering.rules import (
    elementwise,
    layers,
    losses,
    metrics,
    nonlinearities,
    reductions,
    shaping,
)

__all__ = ["elementwise", "layers", "losses", "metrics", "nonlinearities", "reductions", "shaping"]
