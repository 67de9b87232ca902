"""Messages that workers add up after each batch."""

import numpy as np
import pytest

from minifit.parameters import Parameter, ParameterBuffer
from minifit.training.message import Message
from minifit.workers import Workers
from tests.distribute.threads import ThreadWorkers, run_threads


def weights(*sizes: int) -> list[Parameter]:
    """Weights of one model."""
    made = [Parameter(f"w{size}", np.ones(size, np.float32)) for size in sizes]
    ParameterBuffer().adopt(made)
    return made


def test_gradients_and_sums_go_in_one_message() -> None:
    def work(workers: ThreadWorkers) -> tuple[list[float], list[float], int]:
        some = weights(3)
        message = Message(workers, some, 2)
        view = some[0].grad_view
        assert view is not None and view.base is message.numbers.base
        view[:] = workers.rank + 1
        message.sums[:] = 10.0 * workers.rank
        message.send()
        return view.tolist(), message.sums.tolist(), workers.messages

    assert run_threads(3, work) == [([6, 6, 6], [30, 30], 1)] * 3


def test_each_buffer_is_a_message() -> None:
    def work(workers: ThreadWorkers) -> tuple[list[list[float]], int]:
        both = [*weights(2), *weights(3)]
        message = Message(workers, both, 1)
        for w in both:
            assert w.grad_view is not None
            w.grad_view[:] = 1
        message.send()
        return [w.grad_view.tolist() for w in both if w.grad_view is not None], workers.messages

    assert run_threads(2, work) == [([[2, 2], [2, 2, 2]], 2)] * 2


def test_a_pause_is_made_where_one_worker_wants_it() -> None:
    def work(workers: ThreadWorkers) -> list[bool]:
        message, paused = Message(workers, [], 0), []
        for batch in range(3):
            message.pause = workers.rank == 1 and batch == 1
            paused.append(message.send())
        return paused

    assert run_threads(2, work) == [[False, True, False]] * 2


def test_it_holds_as_long_as_the_memory_and_the_sums_stay() -> None:
    some = weights(3)
    message = Message(Workers(), some, 2)
    assert message.holds(2) and not message.holds(3)
    buffer = some[0].buffer
    assert buffer is not None
    buffer.make_room(100)
    assert not message.holds(2)


@pytest.mark.parametrize("room", [1, 50])
def test_weights_keep_their_numbers_when_room_is_made(room: int) -> None:
    some = weights(3, 20)
    some[1].value[:] = np.arange(20)
    buffer = some[0].buffer
    assert buffer is not None
    buffer.make_room(room)
    assert some[1].value.tolist() == list(range(20)) and some[0].value.tolist() == [1, 1, 1]
    assert buffer.message.size == buffer.learned + room and buffer.grads.size == buffer.learned
