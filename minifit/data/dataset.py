"""`Dataset`: a pipeline of elements like `tf.data.Dataset`, for `fit`, `evaluate`, `predict` and loops.

A method returns a new data set with one more stage; the stages do the work. Nothing is computed before an iteration
needs it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from minifit import checks, nest
from minifit.checks import integer, positive
from minifit.data import grouping, orders, stages
from minifit.data.elements import (
    Piped,
    TensorSpec,
    as_numpy,
    dtype_of,
    element_of,
    form_of,
    shown,
)
from minifit.data.stages import INFINITE, UNKNOWN, Stage, checked_function
from minifit.errors import ArgumentError, ArgumentTypeError, DataError
from minifit.tensor import Tensor, constant

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Options", "cardinality"]

AUTOTUNE = -1
"""A value for `prefetch` and ``num_parallel_calls``, which do not change the elements."""

INFINITE_CARDINALITY = INFINITE
"""The number of elements of a pipeline that repeats without end."""
UNKNOWN_CARDINALITY = UNKNOWN
"""The number of elements of a pipeline whose elements must be counted."""


class Options:
    """Options of a pipeline. They concern the speed of TensorFlow, and none of them changes an element.

    Any attribute can be set, and any attribute of a group: ``options.threading.private_threadpool_size = 2``.

    References
    ----------
    ``tf.data.Options`` (TensorFlow 2.7).
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        group = Options()
        setattr(self, name, group)
        return group


class Dataset(Piped):
    """A sequence of elements: arrays, or several arrays in tuples and dicts.

    Parameters
    ----------
    stage : Stage
        The last stage of the pipeline. Data sets are made by the functions ``from_...`` and by the methods.

    Attributes
    ----------
    stage : Stage
        The argument.

    Notes
    -----
    An iteration yields tensors, nested like the elements; text is a NumPy array. A user's function receives an element
    as its argument, and the entries of a tuple as several arguments. Arrays are not copied: a later change in them
    shows in the elements made after it.

    A pipeline of rows (`from_tensor_slices`) that shuffles, takes, skips, repeats and batches them works with row
    numbers until a batch is made. `fit` runs most such pipelines in the same way as arrays.

    Arguments for the speed of TensorFlow's threads have no effect here: `num_parallel_calls`, `deterministic`,
    `buffer_size` of `prefetch`. The order is always that of the elements. A `name` is ignored.

    References
    ----------
    ``tf.data.Dataset`` (TensorFlow 2.7).

    Examples
    --------
    >>> dataset = Dataset.from_tensor_slices(([1.0, 2.0, 3.0], [0, 1, 1]))
    >>> dataset = dataset.map(lambda x, y: (x * 10.0, y)).batch(2)
    >>> for x, y in dataset:
    ...     print(x.numpy(), y.numpy())
    [10. 20.] [0 1]
    [30.] [1]
    """

    def __init__(self, stage: Stage) -> None:
        if not isinstance(stage, Stage):
            raise ArgumentTypeError(
                f"A Dataset is made by its static methods. Received: a {type(stage).__name__}. "
                "Call Dataset.from_tensor_slices(arrays), from_tensors or from_generator."
            )
        self.stage = stage

    # -- sources ----------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> "Dataset":
        """Return a data set of the rows of arrays.

        Parameters
        ----------
        tensors : array_like of shape (n, ...), or several in tuples and dicts

        Raises
        ------
        DataError
            When the arrays differ in length, or have no axis.
        """
        return Dataset(stages.Slices(tensors))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> "Dataset":
        """Return a data set with a single element."""
        return Dataset(stages.Tensors(tensors))

    @staticmethod
    def from_generator(
        generator: Callable[..., Any],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> "Dataset":
        """Return a data set of the items of a generator, which is called again for every iteration.

        Parameters
        ----------
        generator : callable
            Returns a generator, or another iterable.
        output_types : dtype, or several in tuples and dicts, optional
        output_shapes : shape, or several, nested like the types, optional
        args : tuple, optional
            Arguments for the callable.
        output_signature : TensorSpec, or several in tuples and dicts, optional
            Replaces types and shapes.

        Raises
        ------
        ArgumentTypeError
            Without types or a signature, or when `generator` is not callable.
        """
        if not callable(generator):
            raise ArgumentTypeError(
                f"from_generator needs a function that returns a generator. Received: a {type(generator).__name__}. "
                "Pass the function itself, or lambda: the_iterable."
            )
        signature = _signature(output_types, output_shapes, output_signature)
        arguments = () if args is None else tuple(map(np.asarray, args))
        return Dataset(stages.Generated(generator, arguments, signature))

    @staticmethod
    def range(*args: Any, output_type: Any = np.int64, name: str | None = None) -> "Dataset":
        """Return a data set of the numbers of Python's ``range(*args)``."""
        if not 1 <= len(args) <= 3:
            raise ArgumentTypeError(
                f"range takes a stop, or start, stop and step. Received: {len(args)} arguments. Pass 1 to 3."
            )
        numbers = [integer(n, value) for n, value in zip(("start", "stop", "step"), args, strict=False)]
        if numbers[2:] == [0]:
            raise ArgumentError("The step of range must not be 0. Received: step=0. Pass for example 1.")
        return Dataset(stages.Range(range(*numbers), dtype_of(output_type)))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> "Dataset":
        """Return the corresponding elements of several data sets, up to the end of the shortest.

        Parameters
        ----------
        *args : Dataset, or a single tuple or dict of them
        datasets : tuple or dict of Dataset, optional
            The same, as a keyword argument.
        """
        nested = datasets if datasets is not None else args[0] if len(args) == 1 else args
        if isinstance(nested, list) or not nest.flatten(nested):
            raise ArgumentTypeError(
                "zip needs data sets in a tuple or dict. "
                f"Received: {'a' if nest.flatten(nested) else 'an empty'} {type(nested).__name__}. "
                "Pass a tuple: Dataset.zip((a, b))."
            )
        return Dataset(stages.Zipped(nest.map_leaves(lambda d: _stage_of("zip", d), nested)))

    # -- each element -----------------------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Return the results of a function for each element.

        The function receives tensors, and returns a tensor or array, or several in a tuple or dict. It runs once for
        each element, in order.
        """
        return Dataset(stages.Mapped(self.stage, checked_function("map", map_func)))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> "Dataset":
        """Return the elements for which a function returns True."""
        return Dataset(stages.Filtered(self.stage, checked_function("filter", predicate)))

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> "Dataset":
        """Return the elements of the data sets that a function returns, one data set after another."""
        return Dataset(stages.Flattened(self.stage, checked_function("flat_map", map_func)))

    def enumerate(self, start: int = 0, name: str | None = None) -> "Dataset":
        """Return pairs of a number, counted from `start`, and an element."""
        return Dataset(stages.Numbered(self.stage, integer("start", start, example=0)))

    def apply(self, transformation_func: Callable[["Dataset"], Any]) -> "Dataset":
        """Return the data set that a function returns for this one."""
        dataset = checked_function("apply", transformation_func)(self)
        _stage_of("The function for apply", dataset)
        return dataset  # type: ignore[no-any-return]

    # -- selection and order ------------------------------------------------------------------------------

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Return the elements in random order.

        A buffer holds the next elements. One of them is drawn at random, and the next element takes its place. With a
        buffer at least as large as the data, every order is equally likely.

        Parameters
        ----------
        buffer_size : int
        seed : int, optional
            When None, it is drawn at the first iteration from the stream that `set_random_seed` seeds.
        reshuffle_each_iteration : bool, default True
            Whether each iteration has a new order.
        """
        size = positive("buffer_size", buffer_size)
        root = None if seed is None else checks.seed("seed", seed)
        again = reshuffle_each_iteration is None or bool(reshuffle_each_iteration)
        return Dataset(orders.Shuffled(self.stage, size, root, again))

    def repeat(self, count: int | None = None, name: str | None = None) -> "Dataset":
        """Return the elements `count` times; None and -1 mean without end."""
        return Dataset(orders.Repeated(self.stage, -1 if count is None else _count("count", count)))

    def take(self, count: int, name: str | None = None) -> "Dataset":
        """Return the first `count` elements; -1 means all."""
        return Dataset(orders.Taken(self.stage, _count("count", count)))

    def skip(self, count: int, name: str | None = None) -> "Dataset":
        """Return the elements after the first `count`; -1 skips all."""
        return Dataset(orders.Skipped(self.stage, _count("count", count)))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> "Dataset":
        """Return every `num_shards`-th element, beginning with number `index`."""
        shards = positive("num_shards", num_shards)
        place = positive("index", index, least=0, example=0)
        if place >= shards:
            raise ArgumentError(
                f"index must be below num_shards. Received: index={place}, num_shards={shards}. "
                "Count the shards from 0."
            )
        return Dataset(orders.Shard(self.stage, shards, place))

    def concatenate(self, dataset: "Dataset", name: str | None = None) -> "Dataset":
        """Return these elements, then those of another data set."""
        return Dataset(stages.Concatenated(self.stage, _stage_of("concatenate", dataset)))

    def cache(self, filename: Any = "", name: str | None = None) -> "Dataset":
        """Return the same elements, kept in memory from the first complete iteration on.

        Raises
        ------
        ArgumentError
            For a file name.
        """
        if not isinstance(filename, str) or filename:
            raise ArgumentError(
                f"cache keeps elements in memory, not in a file. Received: filename={filename!r}. Leave it out; "
                "minifit.utils and NumPy write arrays to files."
            )
        return Dataset(orders.Cached(self.stage))

    def prefetch(self, buffer_size: int, name: str | None = None) -> "Dataset":
        """Return the same elements; each is made only when it is needed."""
        _count("buffer_size", buffer_size)
        return Dataset(orders.Passing(self.stage))

    def with_options(self, options: Options, name: str | None = None) -> "Dataset":
        """Return the same elements: options concern only speed."""
        if not isinstance(options, Options):
            raise ArgumentTypeError(
                f"options must be Options. Received: a {type(options).__name__}. Pass minifit.data.Options()."
            )
        return Dataset(orders.Passing(self.stage, options))

    def options(self) -> Options:
        """Return the options of the latest `with_options` in the pipeline."""
        all_options = (each.options for each in self.stage.walk() if isinstance(each, orders.Passing))
        return next((options for options in all_options if options is not None), Options())

    # -- batches ------------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> "Dataset":
        """Return batches of `batch_size` elements; the last one holds the rest, unless `drop_remainder`."""
        size = positive("batch_size", batch_size, example=32)
        return Dataset(grouping.Batched(self.stage, size, bool(drop_remainder)))

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> "Dataset":
        """Return batches of elements that are padded at their ends to the same shape.

        Parameters
        ----------
        batch_size : int
        padded_shapes : shape, or several, nested like the elements, optional
            A size of None or -1 means that of the longest element in the batch; None means this for all sizes.
        padding_values : number or text, or several, nested like the elements, optional
            None means 0 or an empty text.
        drop_remainder : bool, default False
        """
        size = positive("batch_size", batch_size, example=32)
        shapes = None if padded_shapes is None else [_free(s) for s in _shapes(padded_shapes)]
        values = None if padding_values is None else nest.flatten(padding_values)
        return Dataset(grouping.PaddedBatched(self.stage, size, bool(drop_remainder), shapes, values))

    def unbatch(self, name: str | None = None) -> "Dataset":
        """Return the entries of each element along its first axis."""
        return Dataset(grouping.Unbatched(self.stage))

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> "Dataset":
        """Return windows over the elements. Each window is a data set; for a tuple or dict, one for each part.

        Parameters
        ----------
        size : int
            Elements in a window.
        shift : int, optional
            The step from one window to the next; None means `size`.
        stride : int, default 1
            The step between the elements of a window.
        drop_remainder : bool, default False
            Whether to leave out windows with fewer elements at the end.
        """
        size = positive("size", size)
        return Dataset(
            grouping.Windowed(
                self.stage,
                size,
                size if shift is None else positive("shift", shift, example=1),
                positive("stride", stride, example=1),
                bool(drop_remainder),
                lambda listed: Dataset(grouping.Listed(listed)),
            )
        )

    # -- iteration ----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator over the elements, as tensors."""
        return map(shown, self.stage.elements())

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator over the elements, as copied arrays."""
        return map(as_numpy, self.stage.elements())

    def reduce(
        self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: str | None = None
    ) -> Any:
        """Return the last state of ``state = reduce_func(state, element)`` over all elements."""
        stages.refuse_endless("reduce", self.stage.length(), "Call take(count) first.")
        checked_function("reduce", reduce_func)
        state = element_of(initial_state)
        for element in self.stage.elements():
            result = element_of(reduce_func(shown(state), shown(element)))
            if form_of(result) != form_of(state):
                raise DataError(
                    "The function for reduce must return a state that is nested like the first. "
                    f"Received: {form_of(result)} in place of {form_of(state)}. Nest it in the same way."
                )
            state = result
        return shown(state)

    def cardinality(self) -> Tensor:
        """Return the number of elements; `INFINITE_CARDINALITY` (-1) or `UNKNOWN_CARDINALITY` (-2)."""
        return constant(np.asarray(self.stage.length()))

    def __len__(self) -> int:
        length: int = self.stage.length()
        if length < 0:
            received = (
                "one that repeats without end" if length == INFINITE else "one whose elements must be counted"
            )
            raise ArgumentTypeError(
                f"len() needs a data set of known length. Received: {received}. "
                "Call cardinality(), or count in a loop."
            )
        return length

    def __bool__(self) -> bool:
        return True

    @property
    def sharding(self) -> str:
        """The name of the `AutoShardPolicy` in the options; AUTO by default."""
        group = vars(self.options()).get("experimental_distribute", Options())
        policy = vars(group).get("auto_shard_policy", "AUTO")
        return str(getattr(policy, "name", policy))

    @property
    def element_spec(self) -> Any:
        """The shape and dtype of each part of an element, nested like the element.

        For `map` and `flat_map`, reading it runs the function once: they are those of the first result.
        """
        return self.stage.spec()

    def __repr__(self) -> str:
        spec = self.stage.known_spec()
        return f"<{self.stage.title}{'' if spec is None else f' element_spec={spec}'}>"


def cardinality(dataset: Dataset) -> Tensor:
    """Return the number of elements of a data set, like its method: ``tf.data.experimental.cardinality``."""
    _stage_of("cardinality", dataset)
    return dataset.cardinality()


def _stage_of(function: str, value: Any) -> Stage:
    if not isinstance(value, Dataset):
        raise ArgumentTypeError(
            f"{function} takes or returns a Dataset. Received: a {type(value).__name__}. "
            "Make one: Dataset.from_tensor_slices(arrays)."
        )
    return value.stage  # type: ignore[no-any-return]


def _count(name: str, value: Any) -> int:
    return positive(name, value, least=-1)


def _signature(types: Any, shapes: Any, signature: Any) -> Any:
    """Return a `TensorSpec` for each part of a generator's elements."""
    if signature is not None:
        if types is not None or shapes is not None:
            raise ArgumentTypeError(
                "from_generator takes either output_signature, or output_types and output_shapes. "
                "Received: both. Leave the types and shapes out."
            )
        signature = _in_tuples(signature)
        odd = next((s for s in nest.flatten(signature) if not isinstance(s, TensorSpec)), None)
        if odd is not None:
            raise ArgumentTypeError(
                f"output_signature must be a TensorSpec, or several in tuples and dicts. Received: {odd!r} among them. "
                "Pass TensorSpec(shape, dtype)."
            )
        return signature
    if types is None:
        raise ArgumentTypeError(
            "from_generator needs the dtype of the elements. Received: neither output_signature nor output_types. "
            "Pass for example output_signature=TensorSpec(shape=(2,), dtype=np.float32)."
        )
    types = _in_tuples(types)
    leaves = nest.flatten(types)
    all_shapes = [None] * len(leaves) if shapes is None else _shapes(shapes)
    if len(all_shapes) != len(leaves):
        raise ArgumentError(
            "output_shapes must be nested like output_types. "
            f"Received: {len(all_shapes)} shapes for {len(leaves)} types. Pass a shape for each."
        )
    specs = [TensorSpec(_free(shape), dtype) for shape, dtype in zip(all_shapes, leaves, strict=True)]
    return nest.pack(types, specs)


def _in_tuples(value: Any) -> Any:
    """Return a nested value with tuples in place of lists."""
    if isinstance(value, Mapping):
        return {key: _in_tuples(value[key]) for key in value}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(_in_tuples(entry) for entry in value)
    return value


def _shapes(value: Any) -> list[Any]:
    """Return nested shapes as a flat list; a list or tuple of sizes alone is a shape."""
    if isinstance(value, Mapping):
        return [shape for key in sorted(value) for shape in _shapes(value[key])]
    if isinstance(value, list | tuple) and any(isinstance(e, list | tuple | Mapping) for e in value):
        return [shape for entry in value for shape in _shapes(entry)]
    return [value]


def _free(shape: Any) -> Any:
    """Return a shape with None for free sizes."""
    return None if shape is None else tuple(None if n in (None, -1) else integer("size", n) for n in shape)
