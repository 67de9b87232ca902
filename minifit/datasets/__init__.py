"""Real data to train on, small enough to ship."""

from minifit.datasets import digits

__all__ = ["digits"]
