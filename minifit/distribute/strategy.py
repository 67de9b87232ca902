"""`Strategy`: training with one worker or several.

The workers of a strategy train the models that are made in its `scope`. Each worker runs the same program. `fit`,
`evaluate` and `predict` need nothing else; a custom loop calls each step with `run`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from minifit import nest
from minifit.distribute.agreeing import agree_on_random_numbers, arrays_of_all, sums_of_all
from minifit.distribute.inputs import DatasetsFromFunction, DistributedDataset, InputContext
from minifit.distribute.options import ReduceOp
from minifit.errors import ArgumentError
from minifit.kernels import reference
from minifit.tensor import Context, Tensor, constant, current, to_array
from minifit.workers import ALONE, Share, Workers, working


class Strategy:
    """Training with one worker: the default strategy, and the base class of all strategies.

    Parameters
    ----------
    workers : Workers
        The workers that train together.

    Attributes
    ----------
    num_replicas_in_sync : int
        The number of workers that train together.
    cluster_resolver : ClusterResolver or None
        The cluster, and the place of this worker in it.

    References
    ----------
    ``tf.distribute.Strategy`` (TensorFlow 2.7).
    """

    cluster_resolver: Any = None

    def __init__(self, workers: Workers = ALONE) -> None:
        self.workers = workers
        # this worker's share of the latest batch
        self._share: Share | None = None

    def __copy__(self) -> "Strategy":
        return self

    def __deepcopy__(self, _: object) -> "Strategy":
        return self

    def __reduce__(self) -> Any:
        """Pickle as the default strategy: a restored object belongs to no job."""
        return _default_strategy, ()

    @property
    def is_default(self) -> bool:
        """True for the strategy outside any scope."""
        return self is _DEFAULT

    @property
    def num_replicas_in_sync(self) -> int:
        """The number of workers that train together."""
        return self.workers.size

    @property
    def extended(self) -> "Extended":
        """TensorFlow's interface for authors of strategies, as far as programs read it."""
        return Extended(self)

    # -- scopes -----------------------------------------------------------------------------------------

    @contextmanager
    def scope(self) -> Iterator["Strategy"]:
        """Use the workers of the strategy for the models, variables and metrics that are made in the block.

        All workers enter the scope, and continue with the random numbers of the chief, so that they make equal models.

        Raises
        ------
        ArgumentError
            In the scope of another strategy.
        """
        if self._entered_already():
            yield self
            return
        with self.workers.together("strategy.scope"):
            agree_on_random_numbers(self.workers)
        with self.active():
            yield self

    @contextmanager
    def active(self) -> Iterator[None]:
        """Make this the current strategy while the block runs."""
        if self._entered_already():
            yield
            return
        token = _current.set(self)
        try:
            with working(self.workers):
                yield
        finally:
            _current.reset(token)

    def _entered_already(self) -> bool:
        now = _current.get()
        if now is not None and now is not self:
            raise ArgumentError(
                "A scope must not be within the scope of another strategy. Received: a scope of "
                f"{type(self).__name__} within one of {type(now).__name__}. Leave the outer one first."
            )
        return now is self

    # -- custom loops -----------------------------------------------------------------------------------

    def run(
        self, fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Any = None, options: Any = None
    ) -> Any:
        """Call a function on every worker, with the worker's rows of the batch.

        Within the function, `apply_gradients` adds up the gradients of all workers, and metrics that were made in the
        scope add up the updates of all workers.

        Parameters
        ----------
        fn : callable
        args : tuple
            The arguments; batches come from a distributed data set.
        kwargs : dict, optional
        options : RunOptions, optional
            Accepted as in TensorFlow; they concern the XLA compiler.

        Returns
        -------
        object
            The result of the function on this worker. A worker without a row of the batch computes with a row that does
            not count; the numbers in its result are zeros.
        """
        self._need_cross_replica("run")
        arguments: Mapping[str, Any] = kwargs or {}
        if self.workers.size == 1:
            with self.active(), _in_replica(ReplicaContext(self)):
                return fn(*args, **arguments)
        share = self._share_of((args, dict(arguments)))
        context = Context(reference)
        context.workers, context.share = self.workers, share
        with (
            self.workers.together("strategy.run"),
            self.active(),
            sums_of_all(self.workers, share.rows > 0),
            _in_replica(ReplicaContext(self)),
            context,
        ):
            returned = fn(*args, **arguments)
        return returned if share.rows else nest.map_leaves(_zeros, returned)

    def _share_of(self, arguments: Any) -> Share:
        """Return the share of the batch among the arguments; without a batch, a share of one row for each worker."""
        share = self._share
        if share is not None and any(_rows(leaf) == share.held for leaf in nest.flatten(arguments)):
            return share
        return Share(self.workers.rank, 1, self.workers.size)

    def _hand_out(self, share: Share) -> None:
        self._share = share

    def reduce(self, reduce_op: Any, value: Any, axis: int | None) -> Any:
        """Combine the values of all workers into one.

        Parameters
        ----------
        reduce_op : ReduceOp or str
            "SUM" or "MEAN".
        value : tensor or number, nested
            The result of `run` on this worker.
        axis : int or None
            The axis along which the numbers of each worker are combined as well; None means no axis.

        Returns
        -------
        Tensor
            The same on all workers.
        """
        self._need_cross_replica("reduce")
        op = ReduceOp.from_name(reduce_op)
        return nest.map_leaves(lambda leaf: self._reduced(op, leaf, axis), value)

    def _reduced(self, op: ReduceOp, value: Any, axis: int | None) -> Any:
        array = to_array(value)
        if axis is not None and not -array.ndim <= axis < array.ndim:
            raise ArgumentError(
                f"axis must be an axis of the value or None. Received: axis={axis} for a value of shape {array.shape}. "
                "Pass None for a value without axes."
            )
        numbers = array if axis is None else array.sum(axis, dtype=array.dtype)
        count = 1 if axis is None else array.shape[axis]
        whole, counts = zip(*self._of_all([numbers, np.array(count)]), strict=True)
        total: Any = sum(whole[1:], start=whole[0])
        if op is ReduceOp.MEAN:
            total = (total / sum(map(int, counts))).astype(array.dtype)
        return constant(np.asarray(total))

    def gather(self, value: Any, axis: int) -> Tensor:
        """Concatenate the values of all workers along an axis."""
        self._need_cross_replica("gather")
        return constant(np.concatenate([each[0] for each in self._of_all([to_array(value)])], axis))

    def _of_all(self, arrays: list[Any]) -> list[list[Any]]:
        if self.workers.size == 1:
            return [arrays]
        with self.workers.together("strategy.reduce"):
            return arrays_of_all(self.workers, arrays)

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """Return a tuple of the values in this process, which has one replica."""
        return (value,)

    # -- data -------------------------------------------------------------------------------------------

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> DistributedDataset:
        """Return a data set that yields this worker's rows of every batch.

        Parameters
        ----------
        dataset : Dataset, or another iterable of batches
            The same on all workers; its batches are the global batches.
        options : InputOptions, optional
            Accepted as in TensorFlow; they concern the transfer of batches to devices.
        """
        return DistributedDataset(self.workers, dataset, self._hand_out)

    def distribute_datasets_from_function(
        self, dataset_fn: Callable[[InputContext], Any], options: Any = None
    ) -> DatasetsFromFunction:
        """Return the data that a function makes for each worker separately.

        Parameters
        ----------
        dataset_fn : callable
            Takes an `InputContext`, and returns an iterable of batches in the size of one worker's share.
        options : InputOptions, optional
            Accepted as in TensorFlow; they concern the transfer of batches to devices.
        """
        return DatasetsFromFunction(self.workers, dataset_fn(self._input_context()), self._hand_out)

    experimental_distribute_datasets_from_function = distribute_datasets_from_function

    def experimental_distribute_values_from_function(self, value_fn: Callable[[Any], Any]) -> Any:
        """Return ``value_fn(context)``, where `context` is the place of this worker among all workers."""
        return value_fn(ValueContext(self.workers.rank, self.workers.size))

    def _input_context(self) -> InputContext:
        return InputContext(self.workers.size, self.workers.rank, self.workers.size)

    def _need_cross_replica(self, method: str) -> None:
        if _replica.get() is not None:
            raise ArgumentError(
                f"{method} must be called outside the functions that run calls. Received: a call within one. "
                "Use get_replica_context().all_reduce there."
            )


class ValueContext:
    """The place of a worker among all workers, for a function that makes values.

    Attributes
    ----------
    replica_id_in_sync_group, num_replicas_in_sync : int
    """

    def __init__(self, replica_id_in_sync_group: int = 0, num_replicas_in_sync: int = 1) -> None:
        self.replica_id_in_sync_group = replica_id_in_sync_group
        self.num_replicas_in_sync = num_replicas_in_sync


class ReplicaContext(ValueContext):
    """The view of all workers for a function that `Strategy.run` calls.

    Parameters
    ----------
    strategy : Strategy

    References
    ----------
    ``tf.distribute.ReplicaContext`` (TensorFlow 2.7).
    """

    def __init__(self, strategy: Strategy) -> None:
        super().__init__(strategy.workers.rank, strategy.workers.size)
        self.strategy = strategy

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """Return the sum or mean of the values of all workers, on every worker; gradients flow back through it."""
        mean = ReduceOp.from_name(reduce_op) is ReduceOp.MEAN
        return nest.map_leaves(lambda leaf: self._all_reduced(mean, leaf), value)

    def _all_reduced(self, mean: bool, value: Any) -> Tensor:
        tensor = value if isinstance(value, Tensor) else Tensor(value)
        return current().result(
            self._sum(tensor.value, mean), lambda gradient: [self._sum(gradient, mean)], tensor
        )

    def _sum(self, array: Any, mean: bool) -> Any:
        everyone = [each[0] for each in arrays_of_all(self.strategy.workers, [array])]
        total = sum(everyone[1:], start=everyone[0])
        return (total / len(everyone)).astype(array.dtype) if mean else total

    def all_gather(self, value: Any, axis: int, options: Any = None) -> Any:
        """Concatenate the values of all workers along an axis, on every worker; the result is a constant."""
        return nest.map_leaves(
            lambda leaf: constant(
                np.concatenate(
                    [each[0] for each in arrays_of_all(self.strategy.workers, [to_array(leaf)])], axis
                )
            ),
            value,
        )

    def merge_call(self, merge_fn: Callable[..., Any], args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        """Call a function with the strategy and these arguments, as if outside `run`, and return its result."""
        with _in_replica(None):
            return merge_fn(self.strategy, *args, **(kwargs or {}))


class Extended:
    """The part of TensorFlow's `StrategyExtended` that programs read.

    Attributes
    ----------
    should_checkpoint, should_save_summary : bool
        True for the chief.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.should_checkpoint = self.should_save_summary = strategy.workers.chief


_current: ContextVar[Strategy | None] = ContextVar("minifit_strategy", default=None)
_replica: ContextVar[ReplicaContext | None] = ContextVar("minifit_replica", default=None)
_DEFAULT = Strategy()


def _default_strategy() -> Strategy:
    return _DEFAULT


@contextmanager
def _in_replica(replica: ReplicaContext | None) -> Iterator[None]:
    token = _replica.set(replica)
    try:
        yield
    finally:
        _replica.reset(token)


def get_strategy() -> Strategy:
    """Return the current strategy; outside any scope, the default strategy of one worker."""
    return _current.get() or _DEFAULT


def has_strategy() -> bool:
    """Return whether the caller is in the scope of a strategy."""
    return _current.get() is not None


def get_replica_context() -> ReplicaContext | None:
    """Return the replica context, in a function that `Strategy.run` calls and outside any scope; else None."""
    replica = _replica.get()
    return ReplicaContext(_DEFAULT) if replica is None and not has_strategy() else replica


def in_cross_replica_context() -> bool:
    """Return whether the caller is in a scope, and not in a function that `Strategy.run` calls."""
    return get_replica_context() is None


def _rows(leaf: Any) -> int | None:
    shape = np.shape(leaf)
    return shape[0] if shape else None


def _zeros(leaf: Any) -> Any:
    """Return zeros for numbers; other values are unchanged."""
    if isinstance(leaf, Tensor):
        return constant(np.zeros_like(leaf.value))
    if isinstance(leaf, np.ndarray | np.generic):
        return np.zeros_like(leaf)
    return type(leaf)(0) if isinstance(leaf, int | float) and not isinstance(leaf, bool) else leaf
