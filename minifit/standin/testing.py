"""``tf.test`` and ``tf.debugging``: comparisons of tensors, for tests and for assertions in programs."""

import tempfile
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np

from minifit import nest
from minifit.errors import ArgumentError


class TestCase(unittest.TestCase):
    """A test case with comparisons of tensors, variables, arrays and numbers.

    References
    ----------
    ``tf.test.TestCase`` (TensorFlow 2.7).
    """

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors, with the same nesting."""
        return nest.map_leaves(lambda t: t.numpy() if hasattr(t, "numpy") else t, tensors)

    def get_temp_dir(self) -> str:
        """Return a folder that is removed after the test."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail unless the shapes and all values are equal."""
        self.assertEqual(np.shape(a), np.shape(b), msg)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), msg or "")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail if the shapes and all values are equal."""
        with self.assertRaises(AssertionError, msg=msg):
            self.assertAllEqual(a, b)

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Fail unless the shapes are equal and all values nearly equal; dicts are compared key by key."""
        if isinstance(a, dict):
            self.assertEqual(sorted(a), sorted(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, msg)
        elif isinstance(a, list | tuple) and any(np.ndim(x) for x in a):
            self.assertEqual(len(a), len(b), msg)
            for x, y in zip(a, b, strict=True):
                self.assertAllClose(x, y, rtol, atol, msg)
        else:
            self.assertEqual(np.shape(a), np.shape(b), msg)
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol, atol, err_msg=msg or "")

    def assertNotAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Fail if the shapes are equal and all values nearly equal."""
        with self.assertRaises(AssertionError, msg=msg):
            self.assertAllClose(a, b, rtol, atol)

    def assertShapeEqual(self, input_a: Any, input_b: Any, msg: str | None = None) -> None:
        """Fail unless the shapes are equal."""
        self.assertEqual(np.shape(input_a), np.shape(input_b), msg)


main = unittest.main


# -- debugging ----------------------------------------------------------------------------------------------


def _check(name: str, holds: Callable[[Any, Any], Any], x: Any, y: Any, message: str | None) -> None:
    if not np.all(holds(np.asarray(x), np.asarray(y))):
        raise ArgumentError(
            f"{message + ': ' if message else ''}{name} must hold for two tensors. Received: "
            f"{np.array2string(np.asarray(x), threshold=6)} and {np.array2string(np.asarray(y), threshold=6)}."
        )


def assert_equal(
    x: Any, y: Any, message: str | None = None, summarize: Any = None, name: str | None = None
) -> None:
    """Raise an error unless all values are equal.

    Raises
    ------
    ArgumentError
        With `message`, as in all assertions here.
    """
    _check("x == y", np.equal, x, y, message)


def assert_none_equal(
    x: Any, y: Any, summarize: Any = None, message: str | None = None, name: Any = None
) -> None:
    """Raise an error if two values are equal."""
    _check("x != y", np.not_equal, x, y, message)


def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: Any = None, name: str | None = None
) -> None:
    """Raise an error unless ``x < y`` everywhere."""
    _check("x < y", np.less, x, y, message)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None
) -> None:
    """Raise an error unless ``x <= y`` everywhere."""
    _check("x <= y", np.less_equal, x, y, message)


def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None
) -> None:
    """Raise an error unless ``x > y`` everywhere."""
    _check("x > y", np.greater, x, y, message)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None
) -> None:
    """Raise an error unless ``x >= y`` everywhere."""
    _check("x >= y", np.greater_equal, x, y, message)


def assert_positive(
    x: Any, message: str | None = None, summarize: Any = None, name: str | None = None
) -> None:
    """Raise an error unless all values are above 0."""
    _check("x > y", np.greater, x, 0, message)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: Any = None, name: str | None = None
) -> None:
    """Raise an error if a value is below 0."""
    _check("x >= y", np.greater_equal, x, 0, message)


def assert_near(
    x: Any,
    y: Any,
    rtol: float | None = None,
    atol: float | None = None,
    message: str | None = None,
    name: Any = None,
) -> None:
    """Raise an error unless all values are nearly equal."""
    near = 10 * float(np.finfo(np.float32).eps)
    relative, absolute = near if rtol is None else rtol, near if atol is None else atol
    _check("x near y", lambda a, b: np.abs(a - b) <= absolute + relative * np.abs(b), x, y, message)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Return the tensor, after validating that all its values are finite.

    Raises
    ------
    ArgumentError
        If a value is infinite or NaN.
    """
    if not np.isfinite(np.asarray(tensor)).all():
        raise ArgumentError(
            f"{message}: all values must be finite. Received: a tensor with infinite values or NaN."
        )
    return tensor
