"""The rules by which ops are written down, file by file as `minifit.ops` has them."""

from minifit.lowering.rules import layers, losses, metrics, shaping

__all__ = ["layers", "losses", "metrics", "shaping"]
