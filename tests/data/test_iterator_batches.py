"""Batches from generators and iterables: a generator goes on, an iterable begins anew, and nothing is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from minifit import Sequential
from minifit.arrays import Array
from minifit.callbacks import LambdaCallback
from minifit.data import Batch, IteratorBatches
from minifit.data.batch import target_dtype
from minifit.errors import DataError, MinifitWarning
from minifit.layers import Dense
from minifit.tensor import Context
from tests.data import drawing

X = np.arange(12, dtype=np.float32).reshape(6, 2)
Y = np.arange(6) % 3


def generator(n: int = 3) -> Iterator[tuple[Array, Array]]:
    """Batches whose inputs are their numbers."""
    for i in range(n):
        yield np.full((2, 1), i, np.float32), np.zeros(2, np.float32)


class Iterable:
    """Begins anew each time it is asked, without a length."""

    def __init__(self, n: int = 3) -> None:
        self.n = n
        self.begun = 0

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        self.begun += 1
        return generator(self.n)


class WithLength(Iterable):
    """The same with a length."""

    def __len__(self) -> int:
        return self.n


class Sequenced:
    """Batches by index alone, as of ``keras.utils.Sequence``, with a way to iterate."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, i: int) -> tuple[Array, Array]:
        if i >= 3:
            raise IndexError
        return np.full((2, 1), i, np.float32), np.zeros(2, np.float32)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        return (self[i] for i in range(len(self)))


def drawn(batches: IteratorBatches, most: int = 100) -> list[int]:
    """The numbers of the next batches."""
    found: list[int] = []
    while len(found) < most and (batch := batches.next(Context())) is not None:
        found.append(int(batch.inputs[0][0, 0]))
    return found


def epochs(batches: IteratorBatches, n: int) -> list[list[int]]:
    """The numbers of the batches that the next epochs see."""
    found = []
    for _ in range(n):
        batches.begin_epoch()
        found.append(drawn(batches, 100 if batches.steps is None else batches.steps))
    return found


# -- epochs --------------------------------------------------------------------------------------------------

# By source and steps: the steps that are known, and what three epochs see.
EPOCHS: list[tuple[Callable[[], Any], int | None, int | None, list[list[int]]]] = [
    (generator, None, None, [[0, 1, 2], [], []]),
    (generator, 1, 1, [[0], [1], [2]]),
    (generator, 2, 2, [[0, 1], [2], []]),
    (generator, 3, 3, [[0, 1, 2], [], []]),
    (generator, 5, 5, [[0, 1, 2], [], []]),
    (lambda: iter(list(generator())), 2, 2, [[0, 1], [2], []]),
    (lambda: generator(9), 2, 2, [[0, 1], [2, 3], [4, 5]]),
    (Iterable, None, None, [[0, 1, 2], [0, 1, 2], [0, 1, 2]]),
    (WithLength, None, 3, [[0, 1, 2], [0, 1, 2], [0, 1, 2]]),
    (Sequenced, None, 3, [[0, 1, 2], [0, 1, 2], [0, 1, 2]]),
    (Iterable, 2, 2, [[0, 1], [2], []]),
    (lambda: WithLength(6), 2, 2, [[0, 1], [2, 3], [4, 5]]),
]


@pytest.mark.parametrize(("source", "steps", "known", "expected"), EPOCHS)
def test_epochs(
    source: Callable[[], Any], steps: int | None, known: int | None, expected: list[list[int]]
) -> None:
    batches = IteratorBatches(source(), steps)
    assert batches.steps == known
    assert epochs(batches, 3) == expected


@pytest.mark.parametrize("made", [Iterable, WithLength])
def test_an_iterable_is_begun_no_more_often_than_needed(made: type[Iterable]) -> None:
    source = made()
    batches = IteratorBatches(source)
    assert source.begun == 1
    epochs(batches, 3)
    assert source.begun == 3


def test_an_iterable_whose_length_changes() -> None:
    source = WithLength()
    batches = IteratorBatches(source)
    assert epochs(batches, 1) == [[0, 1, 2]]
    source.n = 2
    assert epochs(batches, 1) == [[0, 1]]
    assert batches.steps == 2


@pytest.mark.parametrize("source", [generator, Iterable, WithLength])
def test_it_stays_at_its_end(source: Callable[[], Any]) -> None:
    batches = IteratorBatches(source())
    assert drawn(batches) == [0, 1, 2]
    assert [batches.next(Context()) for _ in range(3)] == [None, None, None]


# -- rewinding -----------------------------------------------------------------------------------------------


def test_a_generator_is_not_begun_anew() -> None:
    batches = IteratorBatches(generator(5))
    assert drawn(batches, 2) == [0, 1]
    batches.rewind()
    assert drawn(batches, 2) == [2, 3]


@pytest.mark.parametrize("made", [Iterable, WithLength, Sequenced])
@pytest.mark.parametrize("steps", [None, 2])
def test_an_iterable_is_begun_anew(made: Callable[[], Any], steps: int | None) -> None:
    batches = IteratorBatches(made(), steps)
    for most in (2, 1, 3):
        batches.rewind()
        assert drawn(batches, most) == list(range(most))
    for _ in range(2):  # nothing has been drawn since
        batches.rewind()
    assert drawn(batches, 1) == [0]


# -- the first batch -----------------------------------------------------------------------------------------


def test_the_first_batch_is_fetched_at_once_and_not_lost() -> None:
    fetched = []

    def noting() -> Iterator[tuple[Array, Array]]:
        for i, batch in enumerate(generator()):
            fetched.append(i)
            yield batch

    batches = IteratorBatches(noting())
    assert fetched == [0]
    for _ in range(2):
        assert batches.peek().inputs[0].tolist() == [[0], [0]]
    assert fetched == [0]
    assert drawn(batches, 1) == [0]
    assert fetched == [0]  # none ahead of time
    assert drawn(batches) == [1, 2]


@pytest.mark.parametrize("source", [lambda: iter([]), lambda: generator(0), lambda: Iterable(0)])
def test_no_batch_at_all(source: Callable[[], Any]) -> None:
    with pytest.raises(
        DataError, match=r"at least one batch\. Received: an empty \w+\. A generator can be used only once"
    ):
        IteratorBatches(source())


def test_an_error_of_the_generator_is_passed_on() -> None:
    def broken(at: int) -> Iterator[tuple[Array, Array]]:
        for i, batch in enumerate(generator()):
            if i == at:
                raise KeyError("mine")
            yield batch

    with pytest.raises(KeyError, match="mine"):
        IteratorBatches(broken(0))
    batches = IteratorBatches(broken(2))
    assert drawn(batches, 2) == [0, 1]
    with pytest.raises(KeyError, match="mine"):
        drawn(batches)


# -- what a batch may be -------------------------------------------------------------------------------------

W = np.array([1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (X, (X, None, None)),
        ((X,), (X, None, None)),
        ([X], (X, None, None)),
        ((X, Y), (X, Y, None)),
        ([X, Y], (X, Y, None)),
        ((X, None), (X, None, None)),
        ((X, Y, W), (X, Y, W)),
        ((X, Y, None), (X, Y, None)),
        ((X, None, W), (X, None, W)),
        ((X.tolist(), Y.tolist()), (X, Y, None)),
    ],
    ids=range(10),
)
def test_what_is_yielded(item: Any, parts: tuple[Any, ...]) -> None:
    [batch] = drawing.drawn(IteratorBatches(iter([item])), drawing.context())
    for found, expected in zip(batch, parts, strict=True):
        if expected is None:
            assert found is None
        else:
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i2", "i4", "i8", "u8", "f2", "f4", "f8", ">f4", ">i8"])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_every_dtype(dtype: str, order: str) -> None:
    def array(*shape: int) -> Array:
        made = (np.arange(np.prod(shape)) * 7 % 100).reshape(shape).astype(dtype)
        return np.asfortranarray(made) if order == "F" else made[::2] if order == "strided" else made

    x, y, weight = array(6, 3), array(6), array(6, 1)
    [batch] = drawing.drawn(IteratorBatches(iter([(x, y, weight)])), drawing.context())
    assert batch.y is not None
    assert batch.weight is not None
    assert batch.x.dtype == batch.weight.dtype == np.float32
    assert batch.y.dtype == target_dtype(np.dtype(dtype))
    for found, expected in zip(batch, (x, y, weight), strict=True):
        assert found is not None
        assert found.flags.c_contiguous
        np.testing.assert_array_equal(found, expected.astype(found.dtype))


def test_what_fits_already_is_not_copied() -> None:
    item = (X, np.arange(6), np.ones(6, np.float32))
    batch = IteratorBatches(iter([item])).next(Context())
    assert batch is not None
    assert all(found is given for (found,), given in zip(batch, item, strict=True))


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize(
    ("item", "says"),
    [
        ((X, Y, W, X), r"A batch is x, .*Received: 4 parts in batch \d\. Yield one of these"),
        ((), r"A batch is x, .*Received: 0 parts in batch \d"),
        (None, r"A batch needs inputs. Received: None in batch \d\. Yield"),
        ((None, Y), r"A batch needs inputs. Received: None in batch \d"),
        ((X, Y[:3]), r"same number of samples. Received: x has 6, y has 3"),
        ((X, Y, W[:2]), r"same number of samples. Received: x has 6, y has 6, sample_weight has 2"),
        ((X, ["a"] * 6), r"y of batch \d must hold real numbers"),
        ((X[:0], Y[:0]), r"x of batch \d must hold at least one sample"),
        ((X, Y, 3), r"sample_weight of batch \d must have one row"),
        ({1: X}, r"x of batch \d can be a dict from names to arrays\. Received: a dict with the key 1\."),
        ("ab", r"x of batch \d must be one array of numbers\. Received: the text 'ab'"),
    ],
    ids=range(11),
)
def test_what_may_not_be_yielded(item: Any, says: str, at: int) -> None:
    def broken() -> Iterator[Any]:
        for i in range(3):
            yield item if i == at else (X, Y)

    with pytest.raises(DataError, match=says):
        drawn(IteratorBatches(broken()))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_batches_at_fault_are_counted_from_0_as_hooks_count_them(at: int) -> None:
    def broken() -> Iterator[Any]:
        for i in range(3):
            yield (X, ["a"] * 6) if i == at else (X, Y)

    with pytest.raises(DataError, match=f"y of batch {at} must"):
        drawn(IteratorBatches(broken()))


def test_batches_may_have_any_size() -> None:
    items = [(X[:1], Y[:1]), (X[:5], Y[:5]), (X[:3], Y[:3])]
    batches = IteratorBatches(iter(items))
    found = [batches.next(Context()) for _ in items]
    assert [len(b.inputs[0]) for b in found if b is not None] == [1, 5, 3]


# -- in a fit ------------------------------------------------------------------------------------------------


def model() -> Sequential:
    made = Sequential([Dense(1, kernel_initializer="zeros", trainable=False, input_shape=(1,))])
    made.compile("sgd", lambda t, p: p * 0.0 + 1.0)
    return made


@pytest.mark.parametrize(
    ("source", "steps", "expected"),
    [  # epochs in the history, and how many batches the warning speaks of
        (generator, None, (2, "3 batches were expected, there are 0")),
        (generator, 5, (1, "5 batches were expected, there are 3")),
        (generator, 2, (2, "2 batches were expected, there are 1")),
        (generator, 3, (2, "3 batches were expected, there are 0")),
        (Iterable, None, (3, None)),
        (WithLength, None, (3, None)),
        (lambda: generator(6), 2, (3, None)),
        (lambda: generator(9), 3, (3, None)),
    ],
)
def test_in_a_fit(source: Callable[[], Any], steps: int | None, expected: tuple[int, str | None]) -> None:
    n, says = expected

    def fit() -> Any:
        return model().fit(source(), steps_per_epoch=steps, epochs=3, verbose=0)

    if says is None:
        history = fit()
    else:
        with pytest.warns(MinifitWarning, match=says):
            history = fit()
    assert history.epoch == list(range(n))


def test_an_unknown_number_of_steps_stays_unknown_to_callbacks() -> None:
    seen = []
    told = LambdaCallback()
    told.on_epoch_end = lambda epoch, logs=None: seen.append(told.params["steps"])  # type: ignore[method-assign]
    model().fit(Iterable(), epochs=2, callbacks=[told], verbose=0)
    assert seen == [None, None]  # as in Keras


# -- the state -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        (lambda: generator(6), None),
        (lambda: generator(6), 2),
        (Iterable, None),
        (WithLength, None),
        (lambda: Iterable(6), 2),
    ],
)
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_going_on_from_a_captured_state(source: Callable[[], Any], steps: int | None, at: int) -> None:
    batches = IteratorBatches(source(), steps)
    batches.begin_epoch()
    drawn(batches, at)
    state = batches.get_state()
    expected = drawn(batches)
    resumed = IteratorBatches(source(), steps)
    resumed.set_state(state)
    assert drawn(resumed) == expected
    assert resumed.drawn == batches.drawn


@pytest.mark.parametrize("made", [Iterable, WithLength])
def test_going_on_in_a_later_epoch(made: Callable[[], Any]) -> None:
    batches = IteratorBatches(made())
    epochs(batches, 2)
    batches.begin_epoch()
    drawn(batches, 1)
    state = batches.get_state()
    resumed = IteratorBatches(made())
    resumed.set_state(state)
    assert drawn(resumed) == drawn(batches) == [1, 2]
    assert epochs(resumed, 2) == [[0, 1, 2], [0, 1, 2]]


class Shuffled(Iterable):
    """Yields its batches in another order each time, by a random generator of its own."""

    def __init__(self, n: int = 5) -> None:
        super().__init__(n)
        self.rng = np.random.default_rng(3)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        self.begun += 1
        for i in self.rng.permutation(self.n):
            yield np.full((2, 1), i, np.float32), np.zeros(2, np.float32)


@pytest.mark.parametrize("at", [0, 1, 5])
def test_an_iterable_is_begun_as_often_as_it_had_been(at: int) -> None:
    batches = IteratorBatches(Shuffled())
    orders = epochs(batches, 3)
    assert len({tuple(order) for order in orders}) == 3
    batches.begin_epoch()
    drawn(batches, at)
    state = batches.get_state()
    resumed = IteratorBatches(Shuffled())
    resumed.set_state(state)
    assert drawn(resumed) == drawn(batches)
    assert epochs(resumed, 3) == epochs(batches, 3)


def test_a_generator_goes_on_where_a_validation_left_it() -> None:
    batches = IteratorBatches(generator(9), 2)
    for _ in range(3):
        batches.rewind()
        drawn(batches, 2)
    resumed = IteratorBatches(generator(9), 2)
    resumed.set_state(batches.get_state())
    assert drawn(resumed, 2) == drawn(batches, 2) == [6, 7]


def test_a_generator_shorter_than_the_state() -> None:
    resumed = IteratorBatches(generator(2))
    resumed.set_state({"steps": None, "ended": False, "begun": 1, "drawn": 5, "number": 5})
    assert drawn(resumed) == []


def test_a_batch_is_no_tuple_of_arrays_alone() -> None:
    assert Batch((X,))._fields == ("inputs", "targets", "weights")
    assert Batch((X,)) == ((X,), (), ())
