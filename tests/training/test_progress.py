"""The place in a training."""

import pytest

from minifit.training.progress import Progress


def test_the_next_epoch_begins_with_its_first_batch() -> None:
    progress = Progress(epoch=2, batch=5)
    assert progress.end_epoch() == 2
    assert (progress.epoch, progress.batch) == (3, 0)


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("batch", [0, 3])
def test_a_stop_counts_at_once_only_for_a_run_that_is_resumed(resumed: bool, stop: bool, batch: int) -> None:
    progress = Progress(batch=batch, stop_training=stop, resumed=resumed)
    assert progress.had_stopped is (resumed and stop)
    assert progress.over is (resumed and stop and batch == 0)


def test_each_has_logs_of_its_own() -> None:
    assert Progress().logs is not Progress().logs
