"""These functions give the results that TensorFlow recorded."""

import numpy as np
import pytest

from minifit.errors import ArgumentError, ShapeError
from minifit.functions import neural
from minifit.tensor import Context
from minifit.workers import Share, Workers
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


def test_the_average_loss_of_a_whole_batch() -> None:
    losses = [[1.0, 2.0], [3.0, 4.0]]
    assert neural.compute_average_loss(losses).numpy() == 5.0
    assert neural.compute_average_loss(losses, global_batch_size=4).numpy() == 2.5
    assert neural.compute_average_loss(losses, sample_weight=[1.0, 0.0], global_batch_size=2).numpy() == 1.5
    with Context() as here:
        here.share = Share(2, 2, 10)
        assert neural.compute_average_loss(losses).numpy() == 1.0
    with pytest.raises(ShapeError, match="one loss per row"):
        neural.compute_average_loss(3.0)


def test_losses_of_weights_count_once_for_all_workers() -> None:
    assert neural.scale_regularization_loss([1.0, [2.0, 3.0]]).numpy() == 6.0
    assert neural.scale_regularization_loss(3.0).numpy() == 3.0
    with Context() as here:
        here.workers = Workers()
        here.workers.size = 3
        assert neural.scale_regularization_loss([1.0, 2.0]).numpy() == 1.0
