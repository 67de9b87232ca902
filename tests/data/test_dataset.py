"""`Dataset`: its methods and what they refuse. The pipelines at the end were run on tf.data, too."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifit import ops
from minifit.arrays import Array
from minifit.data import Dataset, cardinality
from minifit.data.dataset import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Options
from minifit.data.elements import TensorSpec
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.layers import Discretization, Normalization, StringLookup
from minifit.tensor import Tensor


def plain(value: Any) -> Any:
    """Elements as lists and numbers."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def listed(dataset: Dataset) -> list[Any]:
    return [plain(e) for e in dataset.as_numpy_iterator()]


def test_a_loop_gets_tensors_nested_as_the_elements() -> None:
    dataset = Dataset.from_tensor_slices(({"a": [1.0, 2.0]}, [3, 4])).batch(2)
    ((named, y),) = dataset
    assert isinstance(named["a"], Tensor)
    assert named["a"].numpy().tolist() == [1, 2]
    assert y.dtype == np.int32


def test_a_data_set_is_begun_again_by_every_loop() -> None:
    dataset = Dataset.range(3)
    assert [int(e) for e in dataset] == [int(e) for e in dataset] == [0, 1, 2]
    assert int(next(iter(dataset))) == 0


def test_methods_leave_the_data_set_as_it_is() -> None:
    dataset = Dataset.range(3)
    dataset.batch(2)
    assert len(dataset) == 3


def test_elements_for_numpy_belong_to_the_user() -> None:
    array = np.zeros((2, 2))
    for element in Dataset.from_tensor_slices(array).as_numpy_iterator():
        element += 1
    assert not array.any()


def test_functions_of_the_library_take_part() -> None:
    dataset = Dataset.range(3, output_type="float32").map(lambda x: ops.square(x) + 1.0)
    assert listed(dataset) == [1, 2, 5]


def test_cardinality() -> None:
    dataset = Dataset.range(5)
    assert int(dataset.cardinality()) == len(dataset) == 5
    assert dataset.repeat().cardinality() == INFINITE_CARDINALITY == -1
    assert dataset.filter(lambda x: x > 1).cardinality() == UNKNOWN_CARDINALITY == -2
    assert dataset.cardinality().dtype == np.int64
    assert cardinality(dataset) == 5


UNKNOWN, NONE, ENDLESS = Dataset.range(5).filter(lambda x: x > 1), Dataset.range(0), Dataset.range(5).repeat()


@pytest.mark.parametrize(
    ("dataset", "length"),
    [
        (UNKNOWN.take(0), 0),
        (UNKNOWN.take(2), UNKNOWN_CARDINALITY),
        (UNKNOWN.skip(-1), 0),
        (UNKNOWN.repeat(0), 0),
        (UNKNOWN.repeat(2), UNKNOWN_CARDINALITY),
        (UNKNOWN.repeat(), INFINITE_CARDINALITY),
        (UNKNOWN.concatenate(ENDLESS), INFINITE_CARDINALITY),
        (UNKNOWN.concatenate(NONE), UNKNOWN_CARDINALITY),
        (NONE.filter(lambda x: x > 1), 0),
        (NONE.repeat(), 0),
        (ENDLESS.filter(lambda x: x > 1), INFINITE_CARDINALITY),
        (Dataset.zip((ENDLESS, Dataset.range(3))), 3),
        (Dataset.zip((ENDLESS, ENDLESS)), INFINITE_CARDINALITY),
        (Dataset.zip((UNKNOWN, Dataset.range(3))), UNKNOWN_CARDINALITY),
        (Dataset.range(7).shard(3, 0), 3),
        (Dataset.range(2).shard(3, 2), 0),
    ],
)
def test_lengths(dataset: Dataset, length: int) -> None:
    assert dataset.cardinality() == length


@pytest.mark.parametrize("dataset", [Dataset.range(5).repeat(), Dataset.range(5).filter(lambda x: x > 1)])
def test_a_length_that_is_not_known(dataset: Dataset) -> None:
    assert dataset
    with pytest.raises(ArgumentTypeError, match="needs a data set of known length"):
        len(dataset)


def test_how_it_shows() -> None:
    dataset = Dataset.from_tensor_slices(np.ones((4, 2))).batch(2)
    assert (
        repr(dataset) == "<BatchDataset element_spec=TensorSpec(shape=(None, 2), dtype=float64, name=None)>"
    )
    assert repr(dataset.map(lambda x: x)) == "<MapDataset>"  # no function is run to show something


def test_the_kind_of_elements() -> None:
    dataset = Dataset.from_tensor_slices((np.ones((4, 2)), np.ones(4, int))).batch(3)
    spec = TensorSpec((None, 2), float), TensorSpec((None,), int)
    assert dataset.element_spec == spec
    assert dataset.map(lambda x, y: (x, y)).element_spec == spec
    assert dataset.unbatch().element_spec == (TensorSpec((2,), float), TensorSpec((), int))


def test_a_generator() -> None:
    def generator() -> Any:
        yield from (([i, i], i % 2) for i in range(3))

    signature = TensorSpec((2,)), TensorSpec((), np.int64)
    for dataset in (
        Dataset.from_generator(generator, output_signature=signature),
        Dataset.from_generator(generator, (np.float32, np.int64), ([2], [])),
        Dataset.from_generator(generator, ("float32", "int64")),
    ):
        assert listed(dataset) == [([0, 0], 0), ([1, 1], 1), ([2, 2], 0)]
        assert len(list(dataset.batch(2))) == 2
    assert Dataset.from_generator(generator, output_signature=signature).element_spec == signature


def test_a_generator_with_arguments() -> None:
    dataset = Dataset.from_generator(lambda n: iter(range(n)), "int64", args=(3,))
    assert listed(dataset) == [0, 1, 2]


def test_reduced() -> None:
    total, count = Dataset.range(5).reduce((0, 0), lambda s, x: (s[0] + x, s[1] + 1))
    assert (int(total), int(count)) == (10, 5)
    with pytest.raises(DataError, match="nested like the first"):
        Dataset.range(5).reduce((0, 0), lambda s, x: x)


def test_options_change_nothing() -> None:
    options: Any = Options()
    options.threading.private_threadpool_size = 2
    options.deterministic = False
    dataset = Dataset.range(3).with_options(options)
    assert dataset.options() is options
    assert dataset.options().threading.private_threadpool_size == 2
    assert listed(dataset.prefetch(AUTOTUNE)) == [0, 1, 2]


def test_options_stay_with_later_stages() -> None:
    first, last = Options(), Options()
    dataset = Dataset.range(3).with_options(first).map(lambda x: x).batch(2)
    assert dataset.options() is first
    assert dataset.with_options(last).prefetch(1).options() is last
    assert Dataset.range(3).options() is not first


R = Dataset.range(3)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Dataset(np.ones(3)), "A Dataset is made by its static methods"),  # type: ignore[arg-type]
        (lambda: R.map(3), "map needs a function. Received: a int"),  # type: ignore[arg-type]
        (lambda: R.batch(0), "batch_size must be a positive integer"),
        (lambda: R.batch(2.5), "batch_size must be a positive integer"),  # type: ignore[arg-type]
        (lambda: R.shuffle(0), "buffer_size must be a positive integer"),
        (lambda: R.shuffle(3, seed=-1), "seed must be"),
        (lambda: R.repeat(-2), "count must be an integer of at least -1"),
        (lambda: R.take("3"), "count must be an integer"),  # type: ignore[arg-type]
        (lambda: R.shard(2, 2), "index must be below num_shards"),
        (lambda: R.cache("folder/file"), "cache keeps elements in memory"),
        (lambda: R.concatenate([1]), "concatenate takes or returns a Dataset. Received: a list"),  # type: ignore[arg-type]
        (lambda: Dataset.zip([R, R]), "zip needs data sets in a tuple or dict"),
        (lambda: Dataset.zip(()), "an empty tuple"),
        (lambda: Dataset.zip((R, 3)), "zip takes or returns a Dataset. Received: a int"),
        (Dataset.range, "Received: 0 arguments"),
        (lambda: Dataset.range(0, 3, 0), "step of range must not be 0"),
        (lambda: Dataset.from_generator(iter([1]), np.int64), "a function that returns a generator"),  # type: ignore[arg-type]
        (lambda: Dataset.from_generator(lambda: [1]), "neither output_signature nor output_types"),
        (lambda: Dataset.from_generator(lambda: [1], output_signature=np.int64), "must be a TensorSpec"),
        (lambda: Dataset.from_generator(lambda: [1], "int64", output_signature=TensorSpec(())), "both"),
        (
            lambda: Dataset.from_generator(lambda: [1], ("int64", "int64"), ((), (), ())),
            "3 shapes for 2 types",
        ),
        (lambda: R.apply(lambda d: 3), "The function for apply takes or returns a Dataset"),
        (lambda: R.with_options({}), "options must be Options"),  # type: ignore[arg-type]
        (lambda: R.window(0), "size must be a positive integer"),
    ],
)
def test_what_is_refused(call: Callable[[], Any], text: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=text):
        call()


# -- layers ---------------------------------------------------------------------------------------------------

X = np.arange(12.0).reshape(6, 2)


def test_layers_adapt_to_a_data_set() -> None:
    dataset = Dataset.from_tensor_slices(X).batch(4)
    layer, same = Normalization(), Normalization()
    layer.adapt(dataset)
    same.adapt(X)
    assert np.allclose(layer(X).numpy(), same(X).numpy())
    bins = Discretization(num_bins=3)
    bins.adapt(dataset)
    words = StringLookup()
    words.adapt(Dataset.from_tensor_slices(["a", "b", "a"]).batch(2))
    assert words.get_vocabulary() == ["[UNK]", "a", "b"]


def test_what_layers_do_not_adapt_to() -> None:
    dataset = Dataset.from_tensor_slices(X).batch(4)
    with pytest.raises(ArgumentError, match="adapt needs finite data"):
        Normalization().adapt(dataset.repeat())
    Normalization().adapt(dataset.repeat(), steps=2)
    with pytest.raises(DataError, match=r"one array of inputs\. Received: a tuple of 2"):
        Normalization().adapt(Dataset.zip((dataset, dataset)))


# -- pipelines that tf.data runs alike ------------------------------------------------------------------------


def _texts() -> Dataset:
    return Dataset.range(1, 5).map(lambda n: np.arange(int(n)))


PIPELINES: list[tuple[Callable[[], Dataset], list[Any]]] = [
    (lambda: Dataset.range(5).batch(2), [[0, 1], [2, 3], [4]]),
    (lambda: Dataset.range(5, 0, -2), [5, 3, 1]),
    (lambda: Dataset.from_tensors(([1, 2], 3)), [([1, 2], 3)]),
    (lambda: Dataset.range(4).batch(2).enumerate(5), [(5, [0, 1]), (6, [2, 3])]),
    (
        lambda: Dataset.range(7).window(3, shift=2).flat_map(lambda w: w.batch(3)),
        [[0, 1, 2], [2, 3, 4], [4, 5, 6], [6]],
    ),
    (lambda: Dataset.range(3).repeat(2).batch(4, drop_remainder=True), [[0, 1, 2, 0]]),
    (lambda: Dataset.range(6).batch(4).unbatch().skip(1).take(2), [1, 2]),
    (lambda: Dataset.zip((Dataset.range(3), Dataset.range(5, 9))), [(0, 5), (1, 6), (2, 7)]),
    (lambda: Dataset.zip({"a": Dataset.range(2)}), [{"a": 0}, {"a": 1}]),
    (lambda: Dataset.range(2).concatenate(Dataset.range(7, 9)), [0, 1, 7, 8]),
    (lambda: Dataset.range(6).filter(lambda x: x % 2 == 0).cache().repeat(2), [0, 2, 4, 0, 2, 4]),
    (lambda: Dataset.range(7).shard(3, 1), [1, 4]),
    (lambda: _texts().padded_batch(3), [[[0, 0, 0], [0, 1, 0], [0, 1, 2]], [[0, 1, 2, 3]]]),
    (
        lambda: _texts().padded_batch(2, padded_shapes=[5], padding_values=np.int64(-1), drop_remainder=True),
        [[[0, -1, -1, -1, -1], [0, 1, -1, -1, -1]], [[0, 1, 2, -1, -1], [0, 1, 2, 3, -1]]],
    ),
    (lambda: Dataset.range(5).shuffle(1, seed=3), [0, 1, 2, 3, 4]),
    (lambda: Dataset.range(3).apply(lambda d: d.map(lambda x: x + 1)), [1, 2, 3]),
    (
        lambda: Dataset.from_tensor_slices({"a": [1, 2], "b": ([3, 4],)}),
        [{"a": 1, "b": (3,)}, {"a": 2, "b": (4,)}],
    ),
]


@pytest.mark.parametrize(("make", "expected"), PIPELINES)
def test_pipelines(make: Callable[[], Dataset], expected: list[Any]) -> None:
    dataset = make()
    assert listed(dataset) == listed(dataset) == expected
    length = int(dataset.cardinality())
    assert length in (len(expected), UNKNOWN_CARDINALITY)


def test_arrays_are_not_copied() -> None:
    array: Array = np.zeros(2)
    dataset = Dataset.from_tensor_slices(array)
    array[0] = 5
    assert listed(dataset) == [5, 0]
