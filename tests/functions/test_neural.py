"""These functions give the results that TensorFlow recorded."""

import numpy as np
import pytest

from minifit.errors import ArgumentError
from minifit.functions import neural
from tests.functions.playing import each, play


@each("neural")
def test_it_is_as_in_tensorflow(expression: str) -> None:
    play("neural", expression)


def test_dropout() -> None:
    found = neural.dropout(np.ones((200, 10), np.float32), rate=0.25, seed=1).numpy()
    np.testing.assert_allclose(np.unique(found), [0, 4 / 3], rtol=1e-6)


def test_rows_no_longer_than_a_norm() -> None:
    found = neural.embedding_lookup([[3.0, 4.0], [0.3, 0.4]], [0, 1], max_norm=1.0).numpy()
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


def test_what_is_not_done() -> None:
    with pytest.raises(ArgumentError, match="data_format='NCHW'"):
        neural.bias_add(np.ones((1, 2, 2, 2), np.float32), [1.0, 2.0], data_format="NCHW")


def test_weights_in_a_confusion_matrix() -> None:
    found = neural.confusion_matrix([0, 1, 1], [1, 1, 1], weights=[0.5, 2.5, 1.0], dtype="float32").numpy()
    assert (found.dtype, found.tolist()) == (np.float32, [[0.0, 0.5], [0.0, 3.5]])
