"""Real data for training: digits that are part of the package, and the data sets of Keras, downloaded once."""

from minifit.datasets import boston_housing, cifar10, digits, fashion_mnist, imdb, mnist, reuters

__all__ = ["boston_housing", "cifar10", "digits", "fashion_mnist", "imdb", "mnist", "reuters"]
