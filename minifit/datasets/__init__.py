"""Real data to train on: digits that lie in the package, and Keras's MNIST and Fashion-MNIST, downloaded once."""

from minifit.datasets import digits, fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist"]
