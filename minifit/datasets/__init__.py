"""Real data to train on: digits that lie in the package, and data sets of Keras's, downloaded once."""

from minifit.datasets import boston_housing, cifar10, digits, fashion_mnist, imdb, mnist, reuters

__all__ = ["boston_housing", "cifar10", "digits", "fashion_mnist", "imdb", "mnist", "reuters"]
